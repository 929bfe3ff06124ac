"""What is seen of the machine itself, below a root folder; nothing is changed."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from edge_lpr.core.check_words import Verdict
from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.diagnostics.time_server import TimeAnswer, last_answer

WARM_C: Final = 75
HOT_C: Final = 80
"""From 80 degrees on a Raspberry Pi slows itself down (its documentation), a Jetson from 97 on."""

DISK_FULL: Final = 0.95
DISK_FILLING: Final = 0.85
"""Shares of the state partition that are used, as ``df`` counts them."""

LEAST_FREE_BYTES: Final = 32 * 1024 * 1024
"""The outbox, the key ring and the audit log each need room to be rewritten."""

AMPLE_FREE_BYTES: Final = 1024 * 1024 * 1024
"""More than everything that a booth keeps: so much is enough, however large the disk is."""

SILENT_S: Final = 10_800
"""A time server is asked at least every 34 minutes (timesyncd.conf(5)); so long it has said nothing
then at five times."""

LITTLE_MEMORY: Final = 0.08
"""Share of the memory that is left."""

WORN_TENTHS: Final = 8
"""Tenths of its life that an eMMC says it has used (JEDEC 84-B51, PRE_EOL and LIFE_TIME)."""

_THERMAL: Final = Path("sys/class/thermal")
_THROTTLED: Final = Path("sys/devices/platform/soc/soc:firmware/get_throttled")
_MEMORY: Final = Path("proc/meminfo")
_LIFE_TIMES: Final = "sys/block/mmcblk*/device/life_time"
_STATE: Final = Path("var/lib/edge-lpr")
_MANIFEST: Final = "manifest.json"
_MAXIMUM_BYTES: Final = 64 * 1024
_MAXIMUM_MODEL_BYTES: Final = 64 * 1024 * 1024
_MOST_SENSORS: Final = 32
_PLAUSIBLE_C: Final = range(-40, 151)

_NOW: Final = 0xF
_EVER: Final = 0xF0000
"""Bits of the Raspberry Pi's firmware: weak supply, capped, throttled, soft limit; now and ever."""

_DEVICE_ROLES: Final = ("detector", "corners", "reader")


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine."""

    root: Path
    """``/`` on a booth; another folder in a trial."""
    clock: Clock
    state_folder: Path | None = None
    """Where the outbox lies, whose disk is looked at; the booth's own if ``None``."""
    models_folder: Path | None = None
    """Where the models lie; those of the package if ``None``."""
    last_answer: Callable[[], TimeAnswer | None] = last_answer
    """Tells what the time server said."""

    def findings(self) -> Iterator[Finding]:
        """Look at everything."""
        yield self._disk()
        yield self._time()
        yield from self._temperature()
        yield from self._throttling()
        yield from self._memory()
        yield from self._wear()
        yield self._models()

    def _disk(self) -> Finding:
        """Look at the room that is left for the state."""
        folder = self.state_folder or self.root / _STATE
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        usage = shutil.disk_usage(folder)
        # Not of the total: what the file system keeps for root is neither used nor free.
        share = usage.used / max(1, usage.used + usage.free)
        verdict: Verdict = "good"
        if usage.free < (AMPLE_FREE_BYTES if share > DISK_FILLING else LEAST_FREE_BYTES):
            verdict = "warning"
        if share > DISK_FULL and usage.free < LEAST_FREE_BYTES:
            verdict = "bad"
        free_mb = usage.free // 1_000_000
        evidence = f"{share:.0%} used, {free_mb} MB free"
        numbers = {"free_mb": free_mb, "used_permille": round(1000 * share)}
        return _finding("board", "disk_space", verdict, evidence, "LPR-B03", numbers)

    def _time(self) -> Finding:
        """Look at the clock."""
        quality = self.clock.quality()
        verdict: Verdict = "bad" if quality is TimeQuality.NONE else "good"
        said = {
            TimeQuality.NONE: "it was reset and nothing has set it",
            TimeQuality.SAVED: "goes on from the last shutdown; no time server since",
            TimeQuality.RTC: "kept by a battery; no time server since",
            TimeQuality.NTP: "kept by a time server",
        }
        answer = self.last_answer() if quality is TimeQuality.NTP else None
        if answer is None:
            return _finding("board", "clock", verdict, said[quality], "LPR-B07")
        age_s = max(0, self.clock.unix_s() - answer.at_unix_s)
        if age_s > SILENT_S:
            verdict = "warning"
        side = "ahead" if answer.ahead_us >= 0 else "behind"
        evidence = (
            f"{said[quality]}: {abs(answer.ahead_us) / 1000:.1f} ms {side} "
            f"{age_s // 60} min ago ({SILENT_S // 60} at most)"
        )
        numbers = {"ahead_us": answer.ahead_us, "answer_age_s": age_s}
        return _finding("board", "clock", verdict, evidence, "LPR-B07", numbers)

    def _temperature(self) -> Iterator[Finding]:
        """Look at the hottest sensor; say nothing where there is none."""
        found = []
        for sensor in sorted((self.root / _THERMAL).glob("thermal_zone*/temp"))[:_MOST_SENSORS]:
            degrees = _number(_text(sensor))
            if degrees is not None and degrees // 1000 in _PLAUSIBLE_C:
                found.append(degrees // 1000)
        if not found:
            return
        hottest = max(found)
        verdict: Verdict = "good"
        if hottest >= WARM_C:
            verdict = "bad" if hottest >= HOT_C else "warning"
        evidence = f"{hottest} degrees Celsius (80 at most)"
        numbers = {"hottest_c": hottest}
        yield _finding("board", "temperature", verdict, evidence, "LPR-B01", numbers)

    def _throttling(self) -> Iterator[Finding]:
        """Look at what the Raspberry Pi's firmware says."""
        text = _text(self.root / _THROTTLED).strip().removeprefix("0x")
        try:
            bits = int(text, 16)
        except ValueError:
            return
        verdict: Verdict = "good"
        if bits & (_NOW | _EVER):
            verdict = "bad" if bits & _NOW else "warning"
        said = [word for bit, word in ((1, "supply too weak"), (4, "throttled")) if bits & bit]
        if bits & _EVER:
            said.append("was so since the start")
        evidence = ", ".join(said) or "never since the start"
        yield _finding("board", "throttling", verdict, evidence, "LPR-B02", {"bits": bits})

    def _memory(self) -> Iterator[Finding]:
        """Look at the memory that is left."""
        lines = (line.split() for line in _text(self.root / _MEMORY).splitlines())
        kilobytes = {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1}
        total, left = kilobytes.get("MemTotal", 0), kilobytes.get("MemAvailable", 0)
        if not total:
            return
        verdict: Verdict = "bad" if left < LITTLE_MEMORY * total else "good"
        evidence = f"{left // 1024} of {total // 1024} MB left"
        numbers = {"left_mb": left // 1024, "total_mb": total // 1024}
        yield _finding("board", "memory", verdict, evidence, "LPR-B05", numbers)

    def _wear(self) -> Iterator[Finding]:
        """Look at how much of its life a soldered card has used; others do not say."""
        for file in sorted(self.root.glob(_LIFE_TIMES)):
            used = [int(word, 16) for word in _text(file).split() if word.startswith("0x")]
            if used:
                worst = max(used)
                verdict: Verdict = "warning" if worst > WORN_TENTHS else "good"
                evidence = f"{10 * worst} % of its life used"
                numbers = {"used_percent": 10 * worst}
                yield _finding("board", "disk_wear", verdict, evidence, "LPR-B04", numbers)

    def _models(self) -> Finding:
        """Compare the models with their manifest."""
        folder = self.models_folder or Path(str(resources.files("edge_lpr.models")))
        wrong = _wrong_model(folder)
        verdict: Verdict = "bad" if wrong else "good"
        return _finding("models", "models_digests", verdict, wrong or "as shipped", "LPR-M03")


def _wrong_model(folder: Path) -> str:
    """Return what is wrong with the device's models, or nothing."""
    try:
        files = json.loads((folder / _MANIFEST).read_bytes()[:_MAXIMUM_BYTES])["files"]
        wanted = {
            name: entry["sha256"]
            for name, entry in files.items()
            if entry["role"] in _DEVICE_ROLES and Path(name).name == name
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{folder / _MANIFEST} cannot be read"
    if len(wanted) != len(_DEVICE_ROLES):
        return f"{folder / _MANIFEST} does not name the three models"
    for name, digest in sorted(wanted.items()):
        try:
            with (folder / name).open("rb") as file:
                content = file.read(_MAXIMUM_MODEL_BYTES + 1)
        except OSError as error:
            return f"{name} cannot be read ({error.strerror})"
        if hashlib.sha256(content).hexdigest() != digest:
            return f"{name} is another file than the manifest's"
    return ""


def _finding(
    area: str,
    name: str,
    verdict: Verdict,
    evidence: str,
    code: str,
    numbers: dict[str, int] | None = None,
) -> Finding:
    """Return a finding, with its code where something is wrong."""
    wrong = verdict in ("bad", "warning")
    return Finding(area, name, verdict, evidence, code if wrong else "", numbers or {})


def _text(file: Path) -> str:
    """Return a small file's text, or nothing."""
    try:
        with file.open("rb") as opened:
            return opened.read(_MAXIMUM_BYTES).decode("ascii", "replace")
    except OSError:
        # A sensor that sleeps gives an error of its own.
        return ""


def _number(text: str) -> int | None:
    """Return a number, if a text is one."""
    try:
        return int(text)
    except ValueError:
        return None
