"""What a disk may hold after the power went, worked out from a record of what was written.

The rules are those that POSIX leaves a file system, and nothing kinder:

- What was synced is there. A sync covers one file's content and length, nothing else.
- Of what was written since, every sector of 512 bytes is there or not, each for itself and in any
  order; a write may be torn between two sectors, not within one.
- A file that was made, removed or renamed is known under its old or its new name until the folder
  was synced. These changes reach the disk in their order (the metadata of ext4, XFS and btrfs
  does), but as many of them as chance has it.

The record is made by ``shims/record_writes.c``.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Final

SECTOR_BYTES: Final = 512

_HEAD: Final = struct.Struct("=cIQI")


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the record."""

    kind: bytes
    """One letter, see ``record_writes.c``."""
    file: int
    """Number of the file; 0 for changes of the folder."""
    offset: int
    """Where it was written, or the new length, or whether the file was there before."""
    content: bytes
    """What was written, or names."""


def read_record(record: bytes) -> Iterator[Change]:
    """Yield the changes of a record, a cut last one left out."""
    place = 0
    while place + _HEAD.size <= len(record):
        kind, file, offset, length = _HEAD.unpack_from(record, place)
        place += _HEAD.size
        content = record[place : place + length]
        place += length
        if len(content) == length:
            yield Change(kind, file, offset, content)


class Fate(Enum):
    """What becomes of everything that was not synced."""

    GONE = auto()
    """All of it is lost."""
    THERE = auto()
    """Nothing is lost, as if the process had been killed and the machine went on."""
    TORN = auto()
    """Each sector by chance."""


@dataclass(slots=True)
class _File:
    """A file: its content on the disk, and what was done since."""

    durable: bytes = b""
    pending: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        self.durable = self.content(None)
        self.pending.clear()

    def content(self, chance: random.Random | None, share: float = 1.0) -> bytes:
        """Return its content when so large a share of the sectors has reached the disk."""
        content = bytearray(self.durable)
        for change in self.pending:
            if change.kind == b"t":
                if chance is None or chance.random() < share:
                    del content[change.offset :]
                    content.extend(bytes(change.offset - len(content)))
                continue
            for start, octets in _sectors(change):
                if chance is None or chance.random() < share:
                    content.extend(bytes(max(0, start - len(content))))
                    content[start : start + len(octets)] = octets
        return bytes(content)


class DiskImage:
    """A folder, change by change."""

    def __init__(self, folder: Path) -> None:
        """Begin with what lies in a folder, all of it synced."""
        self._durable_names = {path.name: _File(path.read_bytes()) for path in folder.iterdir()}
        self._names = dict(self._durable_names)
        self._files: dict[int, _File] = {}
        self._pending: list[Change] = []

    def apply(self, change: Change) -> None:
        """Do what was done."""
        if change.kind == b"s":
            self._files[change.file].sync()
        elif change.kind == b"f":
            for each in self._pending:
                self._rename(self._durable_names, each)
            self._pending.clear()
        elif change.kind in (b"w", b"t"):
            self._files[change.file].pending.append(change)
        elif change.kind == b"c" and change.offset:
            self._files[change.file] = self._names[change.content.decode()]
        else:
            if change.kind == b"c":
                self._files[change.file] = _File()
            self._rename(self._names, change)
            self._pending.append(change)

    def after_power_cut(self, chance: random.Random, fate: Fate) -> dict[str, bytes]:
        """Return what the folder may hold when the power comes back: content by name."""
        names = dict(self._durable_names)
        most = len(self._pending)
        kept = {Fate.GONE: 0, Fate.THERE: most}.get(fate, chance.randint(0, most))
        for change in self._pending[:kept]:
            self._rename(names, change)
        # Mostly one cut differs from the next by how much the disk had got round to.
        share = {Fate.GONE: 0.0, Fate.THERE: 1.0}.get(fate, chance.random())
        return {name: file.content(chance, share) for name, file in sorted(names.items())}

    def _rename(self, names: dict[str, _File], change: Change) -> None:
        """Make, remove or rename a file in a table of names."""
        name, _, new_name = change.content.decode().partition("\0")
        if change.kind == b"c":
            names[name] = self._files[change.file]
        elif change.kind == b"u":
            names.pop(name, None)
        else:
            names[new_name] = names.pop(name)


def _sectors(change: Change) -> Iterator[tuple[int, bytes]]:
    """Yield the parts of a write that share a sector."""
    start = change.offset
    end = start + len(change.content)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield start, change.content[start - change.offset : stop - change.offset]
        start = stop
