"""Reads from the kernel how much memory processes have, and how many files are open."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROCESSES: Final = Path("/proc")

_KIBIBYTES_A_MEBIBYTE: Final = 1024


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """Memory of one process at one moment, in MB of 1024 * 1024 bytes."""

    resident_mb: float
    """Pages in memory, those shared with other processes included (RSS)."""
    proportional_mb: float
    """Likewise, but of each shared page only this process's share (PSS). That of another user's
    process, or of one that nobody may look into, is not told: then all of its resident memory."""
    peak_mb: float
    """Most that was ever resident."""


def memory_of(process_id: int) -> ProcessMemory | None:
    """Read the memory of a process of our own user.

    Args:
        process_id: Which one.

    Returns:
        Its memory; None if it has ended.
    """
    folder = _PROCESSES / str(process_id)
    try:
        status = _sizes_mb(folder / "status")
        rollup = _shares_mb(folder / "smaps_rollup", status)
    except OSError:
        return None
    # A process that has ended, but was not waited for, has these files, and nothing in them.
    if "Rss" not in rollup or "VmHWM" not in status:
        return None
    return ProcessMemory(rollup["Rss"], rollup["Pss"], status["VmHWM"])


def _shares_mb(file: Path, status: dict[str, float]) -> dict[str, float]:
    """Return what the kernel says page by page; to strangers only the sum in the status."""
    try:
        return _sizes_mb(file)
    except PermissionError:
        return {"Rss": status["VmRSS"], "Pss": status["VmRSS"]} if "VmRSS" in status else {}


def open_descriptors() -> int:
    """Return how many file descriptors this process has open."""
    # One of them is open for this listing alone.
    return len(list((_PROCESSES / "self" / "fd").iterdir())) - 1


def _sizes_mb(file: Path) -> dict[str, float]:
    """Return all lines of the form ``Name: 123 kB``."""
    sizes = {}
    for line in file.read_text(encoding="ascii", errors="replace").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if len(words) == 2 and words[1] == "kB":  # noqa: PLR2004 - number and unit
            sizes[name] = int(words[0]) / _KIBIBYTES_A_MEBIBYTE
    return sizes
