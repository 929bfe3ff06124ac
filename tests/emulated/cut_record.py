"""What was done to a card, in its order, and what a power cut at any place of it may leave.

The rules are those of a cheap card (``ForgetfulCard``):

- What was written before the last flush that was answered is there.
- Of what was written since, each write is there or not, in any order; some are cut off between two
  sectors of 512 bytes.
- At most 16 MB are held back; then the oldest goes to the flash.

It does not lie about a flush, tears no sector, and loses nothing that was flushed long ago; some
cards do. (It can lie, ``is_liar``, to show that a judge would find it.)
"""

import json
import random
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO, Final

SECTOR_BYTES: Final = 512
"""What the card writes whole or not at all."""

MEMORY_BYTES: Final = 16 << 20
"""What the card holds back at most; then the oldest goes to the flash."""

HEAD: Final = struct.Struct(">cQI")
"""Before each entry: its kind, where it was written, how long it is."""


class Kind(Enum):
    """What an entry tells."""

    WRITE = b"w"
    ZEROS = b"z"
    """A write of zeros alone, which are left out of the record: a disk that is cleared is long."""
    FLUSH = b"f"
    MARK = b"m"
    """What somebody outside came to know, as JSON."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record, without what was written."""

    kind: Kind
    offset: int
    """On the card, in bytes."""
    length: int
    place: int
    """Of its content, in the file of the record."""

    @property
    def is_write(self) -> bool:
        """Whether the card is another one afterwards."""
        return self.kind in (Kind.WRITE, Kind.ZEROS)


class Record:
    """The file, entry by entry."""

    def __init__(self, file: Path) -> None:
        """Read where everything is; an entry that is cut off is left out.

        Args:
            file: Of ``RecordingCard``.
        """
        self._file = file.open("rb")
        self.entries: list[Entry] = []
        size, place = file.stat().st_size, 0
        while place + HEAD.size <= size:
            self._file.seek(place)
            letter, offset, length = HEAD.unpack(self._file.read(HEAD.size))
            kind = Kind(letter)
            begin = place + HEAD.size
            place = begin + (0 if kind is Kind.ZEROS else length)
            if place <= size:
                self.entries.append(Entry(kind, offset, length, begin))

    def content(self, entry: Entry) -> bytes:
        """Return what was written."""
        if entry.kind is Kind.ZEROS:
            return bytes(entry.length)
        self._file.seek(entry.place)
        return self._file.read(entry.length)

    def marks(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield where each mark stands among the entries, and what it says."""
        for number, entry in enumerate(self.entries):
            if entry.kind is Kind.MARK:
                yield number, json.loads(self.content(entry))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Loss:
    """What a power cut did to a card."""

    waiting: int
    """Writes that were not flushed."""
    lost: int
    """Those of them that are gone, in whole or in part."""
    lost_bytes: int
    """What they held, if nothing else had been written over it."""


class ForgetfulCard:
    """A card on its way through a record; it goes forwards only."""

    def __init__(self, record: Record, flash: Path, *, is_liar: bool = False) -> None:
        """Begin before the first entry.

        Args:
            record: What is done.
            flash: The card as it was before; changed in place.
            is_liar: It answers a flush and does nothing.
        """
        self._record = record
        self._flash: BinaryIO = flash.open("r+b", buffering=0)
        self._waiting: deque[Entry] = deque()
        self._waiting_bytes = 0
        self._is_liar = is_liar
        self.touched: list[tuple[int, int]] = []
        """Where the flash has changed, and how long, in bytes; it only grows."""
        self.place = 0
        """How many entries were done."""

    def go_to(self, place: int) -> None:
        """Do what is recorded up to an entry, that one left out."""
        for entry in self._record.entries[self.place : place]:
            if entry.is_write:
                self._waiting.append(entry)
                self._waiting_bytes += entry.length
                while self._waiting_bytes > MEMORY_BYTES:
                    self._settle_oldest()
            elif entry.kind is Kind.FLUSH and not self._is_liar:
                while self._waiting:
                    self._settle_oldest()
        self.place = max(self.place, place)

    @contextmanager
    def after_power_cut(self, chance: random.Random, share: float | None = None) -> Iterator[Loss]:
        """Hold the flash as it may be when the power comes back; afterwards it goes on as before.

        Args:
            chance: Draws which writes survive.
            share: How many of them, from 0 to 1; ``None`` draws that, too.

        Yields:
            What was lost.
        """
        if share is None:
            share = chance.choice((0.0, chance.random(), chance.random(), 1.0))
        undo: list[tuple[int, bytes]] = []
        lost = lost_bytes = 0
        for entry in self._waiting:
            kept = entry.length if chance.random() < share else 0
            if kept == 0 and chance.random() < share / 4:
                # The flash was at it when the power went.
                kept = chance.randrange(0, entry.length // SECTOR_BYTES + 1) * SECTOR_BYTES
            if kept:
                self._flash.seek(entry.offset)
                undo.append((entry.offset, self._flash.read(kept)))
                self._put(entry.offset, self._record.content(entry)[:kept])
            lost += kept < entry.length
            lost_bytes += entry.length - kept
        try:
            yield Loss(len(self._waiting), lost, lost_bytes)
        finally:
            for offset, before in reversed(undo):
                self._put(offset, before)

    def touched_since(self, number: int, start: int, size: int) -> bool:
        """Return whether a part of the flash has changed.

        Args:
            number: How many entries ``touched`` had, when somebody looked at it.
            start: Of the part, in bytes.
            size: Of it, in bytes.
        """
        return any(
            offset < start + size and offset + length > start
            for offset, length in self.touched[number:]
        )

    def close(self) -> None:
        """Close the flash as it is."""
        self._flash.close()

    def _settle_oldest(self) -> None:
        entry = self._waiting.popleft()
        self._waiting_bytes -= entry.length
        self._put(entry.offset, self._record.content(entry))

    def _put(self, offset: int, data: bytes) -> None:
        self._flash.seek(offset)
        if data == bytes(len(data)) == self._flash.read(len(data)):
            # A disk that is cleared before it is used stays full of holes.
            return
        self.touched.append((offset, len(data)))
        self._flash.seek(offset)
        written = self._flash.write(data)
        assert written == len(data), "the disk of this machine is full"
