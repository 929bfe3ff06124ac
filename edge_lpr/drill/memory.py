"""The memory of a running process, as root reads it."""

import os
import re
from pathlib import Path
from typing import Final

_REGION: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (r\S*) \S+ \S+ (\d+)\s*(.*)")
_SKIPPED: Final = ("[vvar", "[vsyscall]")
_LARGEST_BYTES: Final = 256 << 20


def read_memory(process_id: int) -> bytes | None:
    """Return everything that a process has written to its memory.

    Args:
        process_id: The process.

    Returns:
        Its private writable regions, one after the other; ``None`` if the kernel does not let us,
        as it lets nobody but root for a process that is not dumpable.
    """
    folder = Path("/proc") / str(process_id)
    try:
        regions = (folder / "maps").read_text(encoding="ascii", errors="replace").splitlines()
        with (folder / "mem").open("rb", buffering=0) as memory:
            return b"".join(
                _read(memory.fileno(), *span) for line in regions if (span := _span(line))
            )
    except PermissionError:
        return None


def _span(line: str) -> tuple[int, int] | None:
    """Return start and length of a region worth reading."""
    match = _REGION.match(line)
    if match is None or "w" not in match[3] or match[5].startswith(_SKIPPED):
        return None
    start, end = int(match[1], 16), int(match[2], 16)
    return (start, end - start) if end - start <= _LARGEST_BYTES else None


def _read(descriptor: int, start: int, length: int) -> bytes:
    """Return one region, as far as it is there."""
    try:
        return os.pread(descriptor, length, start)
    except OSError:
        return b""
