"""The files of the log: lines that are only ever added, and what stays of those that had to go.

A segment holds a power of two of lines, so a full one is a complete subtree. Its hash goes to the
file ``subtrees`` and stays there for ever; the segment itself may leave when there are too many,
and the root still covers it. Whoever uses this holds the folder's lock. ::

    entries-000000000001    lines 1 to 4096, as in entry.py
    entries-000000004097    lines 4097 and so on
    subtrees                hash of each full segment, hexadecimal, a line each
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.audit.merkle import HASH_BYTES, Frontier, leaf_hash, root_of
from edge_lpr.core.folder_sync import sync_folder

SUBTREES_NAME: Final = "subtrees"
"""File of the hashes that stay."""

_NAME: Final = re.compile(r"entries-([0-9]{12})")
_OWNER_ONLY: Final = 0o600
_NOT_KNOWN: Final = bytes(HASH_BYTES)
"""Stands for the hash of a segment that somebody took away: the log goes on, and its root says
that something is wrong."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the log is cut, and how much of it is kept."""

    level: int = 12
    """A segment has two to the power of this many lines: 4,096, two weeks of a quiet booth."""
    maximum_segments: int = 32
    """131,072 lines: over a year at one every five minutes; some 60 MB."""
    maximum_bytes: int = 100_663_296
    """96 MiB, whatever the lines are: then the oldest segment goes earlier."""


class Segments:
    """Reads and adds lines."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        """Work in a folder.

        Args:
            folder: Root's alone.
            shape: The same for every process, and for ever.
        """
        self._folder = folder
        self._level = shape.level
        self._shape = shape

    def firsts(self) -> list[int]:
        """Return the number of the first line of each segment that is there, ascending."""
        names = (_NAME.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted(int(name[1]) for name in names if name is not None)

    def lines_of(self, first: int) -> list[bytes]:
        """Return the whole lines of a segment, without their ends."""
        return self._path(first).read_bytes().split(b"\n")[:-1]

    def newest(self) -> tuple[int, int]:
        """Return first number and count of lines of the newest segment, which may have none."""
        firsts = self.firsts()
        if firsts:
            return firsts[-1], self._path(firsts[-1]).read_bytes().count(b"\n")
        return (len(self.subtrees()) << self._level) + 1, 0

    def subtrees(self) -> list[bytes]:
        """Return the hashes of all full segments that a later one follows, the oldest first."""
        try:
            content = (self._folder / SUBTREES_NAME).read_bytes()
        except FileNotFoundError:
            return []
        return [_hash_in(line) for line in content.split(b"\n")[:-1]]

    def heal(self) -> int:
        """Cut off half a line that a power cut has left; return how many bytes it had.

        What has no end was never announced as written: nothing was done because of it.
        """
        firsts = self.firsts()
        return _cut(self._path(firsts[-1])) if firsts else 0

    def add(self, line: bytes) -> None:
        """Put a line, without its end, behind the newest one, and wait until it is on the disk.

        Raises:
            OSError: The disk does not take it; then nothing of it is there.
        """
        first, count = self.newest()
        if count >= 1 << self._level:
            self._finish(first)
            first += 1 << self._level
        _add_line(self._path(first), line)
        sync_folder(self._folder)
        self._make_room()

    def head(self) -> tuple[int, bytes]:
        """Return size and root of the tree over all lines that there ever were."""
        first, _ = self.newest()
        frontier = Frontier()
        for subtree in self._subtrees_before(first):
            frontier.add(subtree, self._level)
        for line in self.lines_of(first) if self._path(first).exists() else []:
            frontier.add(leaf_hash(line))
        return frontier.size, frontier.root()

    def _subtrees_before(self, first: int) -> list[bytes]:
        """Return a hash for each segment before one, also where somebody took them away."""
        wanted = (first - 1) >> self._level
        known = self.subtrees()[:wanted]
        return known + [self.full_hash(index) for index in range(len(known), wanted)]

    def full_hash(self, index: int) -> bytes:
        """Return the hash of a segment by its file, if that is there and full.

        Args:
            index: Which one, from 0; zeros for one that is not there.
        """
        first = (index << self._level) + 1
        lines = self.lines_of(first) if self._path(first).exists() else []
        is_full = len(lines) == 1 << self._level
        return root_of(map(leaf_hash, lines)) if is_full else _NOT_KNOWN

    def _finish(self, first: int) -> None:
        """Write down the hash of a segment that is full, unless that was done before a power cut.

        Raises:
            OSError: The disk does not take it.
        """
        index = (first - 1) >> self._level
        path = self._folder / SUBTREES_NAME
        if path.exists():
            _cut(path)
        wanted = [*self._subtrees_before(first), self.full_hash(index)]
        for each in wanted[len(self.subtrees()) :]:
            _add_line(path, each.hex().encode("ascii"))
        sync_folder(self._folder)

    def _make_room(self) -> None:
        """Let the oldest segments go, if there are too many; their hashes are on the disk."""
        firsts = self.firsts()
        sizes = [self._path(first).stat().st_size for first in firsts]
        while len(firsts) > 1 and (
            len(firsts) > self._shape.maximum_segments or sum(sizes) > self._shape.maximum_bytes
        ):
            self._path(firsts.pop(0)).unlink()
            sizes.pop(0)

    def _path(self, first: int) -> Path:
        """Return where a segment is."""
        return self._folder / f"entries-{first:012d}"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from adding lines meanwhile.

    Raises:
        OSError: There is no such folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _hash_in(untrusted_line: bytes) -> bytes:
    """Return the hash that a line of ``subtrees`` says, or the one that stands for none."""
    try:
        octets = bytes.fromhex(untrusted_line.decode("ascii"))
    except ValueError:
        return _NOT_KNOWN
    return octets if len(octets) == HASH_BYTES else _NOT_KNOWN


def _add_line(path: Path, line: bytes) -> None:
    """Add a line to a file, wait until it is on the disk, and leave nothing of it if it fails."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, _OWNER_ONLY)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, line + b"\n")
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, octets: bytes) -> None:
    """Write octets in one step and wait until they are on the disk."""
    if os.write(descriptor, octets) != len(octets):
        raise OSError(0, "the disk is full")
    os.fsync(descriptor)


def _cut(path: Path) -> int:
    """Cut off what stands behind the last end of a line; return how many bytes that was."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        size = os.fstat(descriptor).st_size
        whole = os.pread(descriptor, size, 0).rfind(b"\n") + 1
        if whole < size:
            os.ftruncate(descriptor, whole)
            os.fsync(descriptor)
        return size - whole
    finally:
        os.close(descriptor)
