"""What the service manager and the kernel say about the three processes; anybody may ask.

Counters are the kernel's own: bytes to disks from the control group's ``io.stat``, bytes and
packets to the network as systemd's IPAccounting has them in the kernel. A counter that is not there
is ``None``, never 0.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge_lpr.core.status_words import Saying, read_status

_PROPERTIES: Final = (
    "Id,ActiveState,SubState,NRestarts,MainPID,StatusText,ControlGroup,PrivateNetwork,"
    "IPEgressBytes,IPEgressPackets,InvocationID"
)
_PATIENCE_S: Final = 5.0
_MAXIMUM_CHARACTERS: Final = 65_536
_WRITTEN: Final = re.compile(rb"\bwbytes=([0-9]{1,18})")
_RIGHTS: Final = re.compile(r"^(NoNewPrivs|Seccomp|CapBnd|CapEff):\s*([0-9a-f]+)$", re.MULTILINE)
_NOT_SET: Final = 2**64 - 1
"""What systemd says for a counter that it does not keep."""


@dataclass(frozen=True, slots=True)
class UnitState:
    """How one process is."""

    active: str = ""
    """``ActiveState``; empty if nobody knows."""
    restarts: int = 0
    """How often systemd has started it again."""
    invocation: str = ""
    """systemd's name for this start; empty for a unit that was never started."""
    said: Mapping[Saying, str] = field(default_factory=dict)
    """What it says about itself, as far as that is on the list."""
    has_own_network: bool = False
    """Whether its unit keeps it from every network."""
    sent_bytes: int | None = None
    """IP packets out, in bytes, since the unit started."""
    sent_packets: int | None = None
    """The same, in packets."""
    written_bytes: int | None = None
    """Written to disks since its control group was made."""
    rights: Mapping[str, str] = field(default_factory=dict)
    """From ``/proc/PID/status``: ``NoNewPrivs``, ``Seccomp``, ``CapEff``."""


def ask_systemctl(*arguments: str) -> str:
    """Return what systemctl prints, bounded; nothing if it does not answer.

    Args:
        arguments: Fixed words of our own.
    """
    program = shutil.which("systemctl")
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 (a fixed program, words of our own)
            [program, "--no-pager", *arguments],
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")[:_MAXIMUM_CHARACTERS]


def unit_states(names: Sequence[str]) -> dict[str, UnitState]:
    """Return how processes are, by name.

    Args:
        names: Such as ``vision``.
    """
    units = [f"edge-lpr-{name}.service" for name in names]
    said = ask_systemctl("show", f"--property={_PROPERTIES}", *units)
    return read_units(said, names, Path("/proc"), Path("/sys/fs/cgroup"))


def read_units(
    untrusted_text: str, names: Sequence[str], processes: Path, groups: Path
) -> dict[str, UnitState]:
    """Return how processes are, by name.

    Args:
        untrusted_text: What systemctl printed; status texts in it are the processes' own.
        names: Those that are wanted.
        processes: Where the kernel tells about processes.
        groups: Where it tells about control groups.
    """
    states = {name: UnitState() for name in names}
    for block in untrusted_text.split("\n\n"):
        lines = (line.partition("=") for line in block.splitlines())
        values = {name: value for name, is_there, value in lines if is_there}
        name = values.get("Id", "").removeprefix("edge-lpr-").removesuffix(".service")
        if name in states:
            states[name] = _state(values, processes, groups)
    return states


def written_bytes(io_stat: Path) -> int | None:
    """Return the bytes that a control group has written to all disks, ``None`` if nobody counts.

    Args:
        io_stat: The kernel's file.
    """
    try:
        content = io_stat.read_bytes()
    except OSError:
        return None
    return sum(int(number) for number in _WRITTEN.findall(content))


def _state(values: Mapping[str, str], processes: Path, groups: Path) -> UnitState:
    """Return what a unit's properties say."""
    group = values.get("ControlGroup", "")
    process = _number(values.get("MainPID", "")) or 0
    return UnitState(
        active=values.get("ActiveState", ""),
        restarts=_number(values.get("NRestarts", "")) or 0,
        invocation=values.get("InvocationID", ""),
        said=read_status(values.get("StatusText", "")),
        has_own_network=values.get("PrivateNetwork") == "yes",
        sent_bytes=_number(values.get("IPEgressBytes", "")),
        sent_packets=_number(values.get("IPEgressPackets", "")),
        written_bytes=written_bytes(groups / group.lstrip("/") / "io.stat") if group else None,
        rights=_rights(processes / str(process) / "status") if process else {},
    )


def _rights(status: Path) -> dict[str, str]:
    """Return what the kernel says that a process may do."""
    try:
        return dict(_RIGHTS.findall(status.read_text(encoding="ascii", errors="replace")))
    except OSError:
        return {}


def _number(text: str) -> int | None:
    """Return a counter, ``None`` for one that is not kept."""
    if not (text.isascii() and text.isdigit()) or int(text) >= _NOT_SET:
        return None
    return int(text)
