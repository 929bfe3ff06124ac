"""How the three processes are: by the service manager, and by what the kernel shows of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.check_words import PROCESSES, ProcessName, Verdict
from edge_lpr.core.clock import Clock
from edge_lpr.core.status_words import read_status
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.diagnostics.programs import said_by

EXPOSURE_LIMITS: Final[Mapping[ProcessName, float]] = {
    "vision": 0.5,
    "tokeniser": 0.5,
    "publisher": 1.0,
}
"""``systemd-analyze security``; an IP camera costs vision the other half (docs/hardening.md)."""

IP_CAMERA_EXPOSURE: Final = 1.0

FEW_RESTARTS: Final = 3
"""Starts anew that may pass."""

STEADY_S: Final = 600
"""What has run for so long has got over whatever made it start anew."""

_PROPERTIES: Final = (
    "Id,LoadState,ActiveState,SubState,Result,NRestarts,MainPID,ExecMainStatus,PrivateNetwork,"
    "ActiveEnterTimestampMonotonic,StatusText"
)
_NS_PER_US: Final = 1000
_NS_PER_S: Final = 1_000_000_000
_MAXIMUM_CHARACTERS: Final = 65_536
_IO_STAT: Final = "sys/fs/cgroup/system.slice/edge-lpr-vision.service/io.stat"
_WRITTEN: Final = re.compile(r"^write_bytes: (\d+)$", re.MULTILINE)
_GROUP_WRITTEN: Final = re.compile(r"\bwbytes=(\d+)")
_EXPOSURE: Final = re.compile(r"Overall exposure level for \S+: (\d+\.\d)")


@dataclass(frozen=True, slots=True)
class Unit:
    """What the service manager says of one process."""

    properties: Mapping[str, str]
    """Empty where there is no service manager, or no such unit."""

    @property
    def is_known(self) -> bool:
        """Whether there is such a unit."""
        return self.properties.get("LoadState") == "loaded"

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self.properties.get("ActiveState") == "active"

    @property
    def crashes(self) -> bool:
        """Whether its process ends and is started again, or is given up for a while."""
        return self.properties.get("SubState") == "auto-restart" or (
            self.properties.get("ActiveState") == "failed"
        )

    @property
    def starts(self) -> bool:
        """Whether it has been started and is not yet at work."""
        return self.properties.get("ActiveState") == "activating" and not self.crashes

    @property
    def gave_up_at_its_camera(self) -> bool:
        """Whether it is not up, and the last that it said is that it opens the camera."""
        has_tried = self.crashes or self.number("NRestarts") > 0
        said = read_status(self.properties.get("StatusText", ""))
        return not self.is_up and has_tried and "camera_opening" in said

    def is_steady(self, clock: Clock) -> bool:
        """Return whether it has run for a while; systemd's clock is the kernel's monotonic one.

        Args:
            clock: The machine's.
        """
        since_us = self.number("ActiveEnterTimestampMonotonic")
        return clock.monotonic_ns() - since_us * _NS_PER_US > STEADY_S * _NS_PER_S

    def number(self, name: str) -> int:
        """Return a property that is a number; 0 where it is none."""
        text = self.properties.get(name, "")
        return int(text) if text.isdecimal() else 0


def ask_units() -> Mapping[ProcessName, Unit]:
    """Ask the service manager for the three processes; they know nothing without one."""
    units: dict[ProcessName, Unit] = {process: Unit({}) for process in PROCESSES}
    names = [f"edge-lpr-{process}.service" for process in PROCESSES]
    text = said_by("systemctl", "show", f"--property={_PROPERTIES}", *names)
    for block in text.split("\n\n"):
        pairs = (line.partition("=") for line in block.splitlines())
        values = {name: value for name, is_there, value in pairs if is_there}
        for process in PROCESSES:
            if values.get("Id") == f"edge-lpr-{process}.service":
                units[process] = Unit(values)
    return units


def process_lines(units: Mapping[ProcessName, Unit]) -> Iterator[str]:
    """Say in a line each how the service manager calls the processes.

    Args:
        units: As ``ask_units`` returned them.
    """
    for process, unit in units.items():
        state = unit.properties.get("ActiveState", "not known")
        part = unit.properties.get("SubState", "no such unit")
        yield f"{process:10} {state} ({part}), started anew {unit.number('NRestarts')} times"


def process_findings(units: Mapping[ProcessName, Unit], clock: Clock) -> Iterator[Finding]:
    """Say how each process is, as far as the service manager knows.

    Args:
        units: As ``ask_units`` returned them.
        clock: The machine's.
    """
    for process, unit in units.items():
        if not unit.is_known:
            continue
        restarts, status = unit.number("NRestarts"), unit.number("ExecMainStatus")
        numbers = {"restarts": restarts, "exit_status": status}
        # One that ends while it starts is mostly met while it does.
        if unit.crashes or (unit.starts and restarts > FEW_RESTARTS):
            # systemd forgets the result when it starts the process again.
            code = "LPR-B06" if unit.properties.get("Result") == "watchdog" else "LPR-U01"
            evidence = f"ended with status {status}, started anew {restarts} times"
            yield Finding("processes", process, "bad", evidence, code, numbers)
        elif unit.starts:
            evidence = f"is being started; started anew {restarts} times"
            yield Finding("processes", process, "warning", evidence, "LPR-U04", numbers)
        elif not unit.is_up:
            evidence = unit.properties.get("ActiveState", "")
            yield Finding("processes", process, "bad", evidence, "LPR-U02", numbers)
        elif restarts > FEW_RESTARTS and not unit.is_steady(clock):
            evidence = f"runs for less than ten minutes; started anew {restarts} times"
            yield Finding("processes", process, "warning", evidence, "LPR-U01", numbers)
        else:
            evidence = f"runs; started anew {restarts} times"
            yield Finding("processes", process, "good", evidence, "", numbers)


def sandbox_findings(
    units: Mapping[ProcessName, Unit], root: Path, *, has_ip_camera: bool
) -> Iterator[Finding]:
    """Say whether the walls stand, as far as the service manager and the kernel show them.

    Args:
        units: As ``ask_units`` returned them.
        root: ``/``, or another folder in a trial.
        has_ip_camera: Whether vision must have a way to one address.
    """
    vision = units["vision"]
    process_id = vision.number("MainPID")
    if vision.is_up and process_id:
        own = root / "proc" / str(process_id)
        is_private = vision.properties.get("PrivateNetwork") == "yes"
        yield _network(own, is_private=is_private, has_ip_camera=has_ip_camera)
        yield from _written(own / "io", root / _IO_STAT)


def exposure_findings(
    units: Mapping[ProcessName, Unit], *, has_ip_camera: bool
) -> Iterator[Finding]:
    """Have systemd judge the units.

    Args:
        units: As ``ask_units`` returned them.
        has_ip_camera: Whether vision must have a way to one address.
    """
    for process, unit in units.items():
        if unit.is_known:
            yield from _exposure(process, has_ip_camera=has_ip_camera)


def _network(process: Path, *, is_private: bool, has_ip_camera: bool) -> Finding:
    """Look at the interfaces that vision has; who may not is told what its unit says."""
    lines = _read(process / "net" / "dev").splitlines()
    names = {line.partition(":")[0].strip() for line in lines if ":" in line}
    others = sorted(names - {"lo"})
    if not names:
        evidence = "none, by its unit" if is_private else "cannot be looked at from here"
        told: Verdict = "good" if is_private else "not_known"
        return Finding("sandbox", "vision_network", told, evidence)
    if not others:
        return Finding("sandbox", "vision_network", "good", "none but its own loopback")
    verdict: Verdict = "good" if has_ip_camera else "bad"
    code = "" if has_ip_camera else "LPR-S01"
    why = ", for its IP camera" if has_ip_camera else ""
    return Finding(
        "sandbox", "vision_network", verdict, f"sees {len(others)} interfaces{why}", code
    )


def _written(process_io: Path, group_io: Path) -> Iterator[Finding]:
    """Look at what vision has written to disks: its process, or else its control group."""
    found = _WRITTEN.findall(_read(process_io)) or _GROUP_WRITTEN.findall(_read(group_io))
    if not found and not group_io.exists():
        return
    written = sum(map(int, found))
    verdict: Verdict = "bad" if written else "good"
    numbers = {"written_bytes": written}
    evidence = f"{written} bytes written to disks"
    code = "LPR-S02" if written else ""
    yield Finding("sandbox", "vision_written", verdict, evidence, code, numbers)


def _exposure(process: ProcessName, *, has_ip_camera: bool) -> Iterator[Finding]:
    """Have systemd judge a unit."""
    unit = f"edge-lpr-{process}.service"
    found = _EXPOSURE.search(said_by("systemd-analyze", "security", "--no-pager", unit))
    if found is None:
        return
    limit = EXPOSURE_LIMITS[process]
    if process == "vision" and has_ip_camera:
        limit = IP_CAMERA_EXPOSURE
    exposure = float(found[1])
    verdict: Verdict = "good" if exposure <= limit else "warning"
    code = "" if verdict == "good" else "LPR-S03"
    evidence = f"exposure {exposure} ({limit} at most)"
    numbers = {"exposure_tenths": round(10 * exposure)}
    yield Finding("sandbox", f"{process}_exposure", verdict, evidence, code, numbers)


def _read(file: Path) -> str:
    """Return a small file's text, or nothing."""
    try:
        with file.open("rb") as opened:
            return opened.read(_MAXIMUM_CHARACTERS).decode("ascii", "replace")
    except OSError:
        return ""
