"""Gathers what a report says: asks the three processes, systemd, and the logs.

What comes from a process is its own word. It is taken through the fixed layouts of
``handoff/diagnosis_message.py``, and out of the logs by name and number of times alone.
"""

import hashlib
import json
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast, get_args

from edge_lpr import __version__
from edge_lpr.core.check_words import PROCESSES, ProcessName
from edge_lpr.core.errors import EdgeLprError, SettingsError
from edge_lpr.handoff.diagnosis_desk import SOCKET_FOLDER, ask
from edge_lpr.handoff.diagnosis_message import CHECKS, Question
from edge_lpr.report.content import (
    MOST_EVENTS,
    MOST_UNITS,
    Active,
    CheckSaid,
    Digests,
    Event,
    Level,
    ProcessSaid,
    Result,
    Unit,
    Versions,
    coarse,
)
from edge_lpr.report.event_words import event_word

_MODELS: Final = Path(__file__).parents[1] / "models"
_MODEL_FILES: Final = ("corners.onnx", "detector.onnx", "manifest.json", "reader.onnx")
_OS_RELEASE: Final = Path("/etc/os-release")
_SYSTEMCTL: Final = "/usr/bin/systemctl"
_JOURNALCTL: Final = "/usr/bin/journalctl"
_PATIENCE_S: Final = 30
_LINES_A_UNIT: Final = 1000
_MAXIMUM_LOG_BYTES: Final = 1 << 20
"""Of the end of a log file."""

_UNIT: Final = re.compile(r"(edge-lpr(?:-[a-z]{1,16}){0,3})(?:@[^.]*)?\.service")
_LOGGING_UNITS: Final = (*PROCESSES, "technician@*", "audit", "progress", "enrol-renew", "update")
_ALL_UNITS: Final = ("edge-lpr*.service",)
_UNSAFE: Final = re.compile(r"[^0-9A-Za-z.+~_-]")


def versions() -> Versions:
    """Return what runs here."""
    image = re.search(
        r'^IMAGE_VERSION="?([0-9][0-9A-Za-z.+~_-]{0,39})"?$', _os_release(), re.MULTILINE
    )
    return Versions(
        edge_lpr=__version__,
        python=platform.python_version()[:40],
        kernel=_UNSAFE.sub("_", platform.release())[:40],
        image=None if image is None else image[1],
    )


def digests(settings_file: Path) -> Digests:
    """Return the digests of settings and models.

    Args:
        settings_file: The booth's.

    Raises:
        SettingsError: A file cannot be read.
    """
    try:
        return Digests(
            settings=_sha256(settings_file),
            models={name: _sha256(_MODELS / name) for name in _MODEL_FILES},
        )
    except OSError as error:
        raise SettingsError(f"{error.filename}: cannot be read ({error.strerror})") from error


def processes(sockets: Path) -> dict[ProcessName, ProcessSaid]:
    """Ask the three processes how they are.

    Args:
        sockets: Folder of the sockets at which they answer. Of the service manager's, only who is
            at work is asked: a question would start the others.
    """
    names = [f"edge-lpr-{name}.service" for name in PROCESSES] if sockets == SOCKET_FOLDER else []
    resting = {unit.name for unit in units(*names) if unit.active != "active"} if names else set()
    said: dict[ProcessName, ProcessSaid] = {}
    for name in PROCESSES:
        if f"edge-lpr-{name}" in resting:
            said[name] = ProcessSaid(answered=False, checks={})
            continue
        try:
            answer = ask(sockets / f"{name}.sock", name, Question(CHECKS))
        except EdgeLprError:
            # That it does not answer, or nonsense, is what there is to report.
            said[name] = ProcessSaid(answered=False, checks={})
            continue
        checks = {
            check.name: CheckSaid(
                verdict=check.verdict,
                numbers={key: coarse(number) for key, number in check.numbers.items()},
            )
            for check in answer.checks
        }
        said[name] = ProcessSaid(answered=True, checks=checks)
    return said


def units(*patterns: str) -> list[Unit]:
    """Return how it stands with units of the booth; none where there is no systemd.

    Args:
        patterns: Which; all of its services if left out.
    """
    found = []
    options = ("show", "--property=Id,ActiveState,Result,NRestarts")
    for block in _output(_SYSTEMCTL, *options, *(patterns or _ALL_UNITS)).split("\n\n"):
        said = dict(line.partition("=")[::2] for line in block.splitlines())
        name = _UNIT.fullmatch(said.get("Id", ""))
        active, result = said.get("ActiveState"), said.get("Result")
        if name is None or active not in get_args(Active) or result not in get_args(Result):
            continue
        restarts = said.get("NRestarts", "0")
        found.append(
            Unit(
                name=name[1],
                active=cast("Active", active),
                result=cast("Result", result),
                restarts=coarse(int(restarts[:9])) if restarts.isdecimal() else 0,
            )
        )
    return found[:MOST_UNITS]


def events_of_journal() -> list[Event]:
    """Return what the units have logged lately."""
    return _counted(
        (name.removesuffix("@*"), line)
        for name in _LOGGING_UNITS
        for line in _journal(f"edge-lpr-{name}.service")
    )


def events_of_files(folder: Path) -> list[Event]:
    """Return what a demo's processes have logged lately.

    Args:
        folder: With a file ``NAME.log`` for each.
    """
    return _counted(
        (file.stem, line)
        for file in sorted(folder.glob("*.log"))
        if file.stem in PROCESSES
        for line in file.read_bytes()[-_MAXIMUM_LOG_BYTES:].decode("utf-8", "replace").splitlines()
    )


def _counted(untrusted_lines: Iterator[tuple[str, str]]) -> list[Event]:
    """Count events by unit, level and listed word; the most frequent of each unit are kept."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for unit, untrusted_line in untrusted_lines:
        try:
            said = json.loads(untrusted_line)
        except (ValueError, RecursionError):
            said = None
        fields: Mapping[str, object] = said if isinstance(said, dict) else {}
        level = fields.get("level")
        known = level if isinstance(level, str) and level in get_args(Level) else "info"
        counts[unit, known, event_word(fields.get("event"), fields.get("kind"))] += 1
    most = MOST_EVENTS // len(_LOGGING_UNITS)
    found: list[Event] = []
    for unit in sorted({unit for unit, _, _ in counts}):
        own = [(key, count) for key, count in counts.most_common() if key[0] == unit]
        found += [
            Event(unit=f"edge-lpr-{unit}", level=cast("Level", level), event=word, count=coarse(n))
            for (_, level, word), n in own[:most]
        ]
    return found


def _journal(unit: str) -> Iterator[str]:
    """Yield the newest messages of a unit, or of a pattern of units."""
    options = ("--no-pager", "--output=json", "--output-fields=MESSAGE")
    for line in _output(
        _JOURNALCTL, *options, f"--unit={unit}", f"--lines={_LINES_A_UNIT}"
    ).splitlines():
        entry = json.loads(line)
        message = entry.get("MESSAGE") if isinstance(entry, dict) else None
        # What is not UTF-8 comes as a list of numbers.
        yield message if isinstance(message, str) else ""


def _output(*command: str) -> str:
    """Return what a program of the system says; nothing where it is missing or fails."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            command, capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _os_release() -> str:
    try:
        return _OS_RELEASE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
