"""The entries of one watch-list on a booth: flat buffers, in order, searched by halving.

29 bytes an entry, so that 100,000 of them take 2.9 MB, and no object an entry: those would take
twenty times that. What is looked for and when is left to ``hit_list.py``.
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.wipe import wipe
from edge_lpr.tokens.suite1 import TokenPair
from edge_lpr.wire.sighting import ENTRY_ID_BYTES

KEPT_BYTES: Final = 8
"""As much is kept of a token: 10^6 passages beside 100,000 entries give one accidental match
in 10^8 such days (2 * 10^6 * 10^5 / 2^64)."""

ROW_BYTES: Final = 2 * KEPT_BYTES + ENTRY_ID_BYTES + 1
"""A row: start of the exact token, start of the folded one, entry id, 1 for a variant."""

_PLACE_BYTES: Final = 4
BYTES_A_ROW: Final = ROW_BYTES + _PLACE_BYTES
"""With its place in the order of folded tokens."""

_PIECE_BYTES: Final = 65_536
"""As much is overwritten at once."""

_BUCKET_BYTES: Final = 2
_BUCKETS: Final = 256**_BUCKET_BYTES
"""Tokens are spread evenly, so that their first bytes put them nearly in order."""


@dataclass(frozen=True, slots=True)
class Match:
    """What of a list a passage matches."""

    entry: bytes
    """Entry id, 8 bytes: random for every site and epoch."""
    possible: bool
    """Matched by the folded token or by a variant alone: somebody must look at the vehicle."""


class FlatList:
    """A list that can be searched. Its ``repr`` shows nothing."""

    __slots__ = ("_by_fold", "_rows")

    def __init__(self, rows: bytearray) -> None:
        """Take over rows, in the very memory that they came in.

        Args:
            rows: ``ROW_BYTES`` each, ascending by their exact tokens. Owned by this object from
                now on.
        """
        self._rows = rows
        self._by_fold = self._order_by_fold()

    def __len__(self) -> int:
        """Return how many rows there are, variants included."""
        return len(self._rows) // ROW_BYTES

    def find(self, tokens: TokenPair) -> Match | None:
        """Return what a passage matches: exactly if it can be, then a variant, then the fold.

        Takes some ten microseconds on a server core. Of several entries that match equally well
        one is returned.

        Args:
            tokens: The passage's.

        Returns:
            The match, ``None`` if there is none.
        """
        row = self._row_by_exact(tokens.exact[:KEPT_BYTES])
        if row is not None and not self._is_variant(row):
            return self._match(row, possible=False)
        if row is None:
            row = self._row_by_fold(tokens.fold[:KEPT_BYTES])
        return None if row is None else self._match(row, possible=True)

    def wipe(self) -> None:
        """Overwrite everything; nothing is found afterwards."""
        wipe_large(self._rows)
        self._rows, self._by_fold = bytearray(), array("I")

    def _row_by_exact(self, token: bytes) -> int | None:
        """Return a row with this exact token, a listed plate rather than a variant."""
        row = bisect_left(range(len(self)), token, key=self._exact)
        found: int | None = None
        while row < len(self) and self._exact(row) == token:
            found, row = row, row + 1
            if not self._is_variant(found):
                break
        return found

    def _row_by_fold(self, token: bytes) -> int | None:
        """Return a row with this folded token, a listed plate rather than a variant."""
        place = bisect_left(self._by_fold, token, key=self._fold)
        found: int | None = None
        while place < len(self) and self._fold(self._by_fold[place]) == token:
            found, place = self._by_fold[place], place + 1
            if not self._is_variant(found):
                break
        return found

    def _match(self, row: int, *, possible: bool) -> Match:
        """Return the match of a row."""
        start = ROW_BYTES * row + 2 * KEPT_BYTES
        return Match(bytes(self._rows[start : start + ENTRY_ID_BYTES]), possible)

    def _exact(self, row: int) -> bytes:
        """Return what is kept of a row's exact token."""
        return bytes(self._rows[ROW_BYTES * row : ROW_BYTES * row + KEPT_BYTES])

    def _fold(self, row: int) -> bytes:
        """Return what is kept of a row's folded token."""
        return bytes(self._rows[ROW_BYTES * row + KEPT_BYTES : ROW_BYTES * row + 2 * KEPT_BYTES])

    def _is_variant(self, row: int) -> bool:
        """Return whether a row is a variant."""
        return self._rows[ROW_BYTES * (row + 1) - 1] != 0

    def _order_by_fold(self) -> "array[int]":
        """Return the rows in the order of their folded tokens.

        By buckets, because ``sorted`` would make a hundred bytes of objects a row.
        """
        ends = array("I", bytes(_PLACE_BYTES * (_BUCKETS + 1)))
        for row in range(len(self)):
            ends[self._bucket(row) + 1] += 1
        for bucket in range(_BUCKETS):
            ends[bucket + 1] += ends[bucket]
        rows = array("I", bytes(_PLACE_BYTES * len(self)))
        for row in range(len(self)):
            # What begins as the start of a bucket is its end when the bucket is full.
            bucket = self._bucket(row)
            rows[ends[bucket]] = row
            ends[bucket] += 1
        start = 0
        for end in ends:
            if end - start > 1:
                rows[start:end] = array("I", sorted(rows[start:end], key=self._fold))
            start = end
        return rows

    def _bucket(self, row: int) -> int:
        """Return the bucket of a row: the first bytes of its folded token."""
        start = ROW_BYTES * row + KEPT_BYTES
        return int.from_bytes(self._rows[start : start + _BUCKET_BYTES], "big")


def wipe_large(buffer: bytearray) -> None:
    """Overwrite a large buffer piece by piece, because ``wipe`` makes as many zeros at once.

    Args:
        buffer: Memory to overwrite.
    """
    with memoryview(buffer) as view:
        for start in range(0, len(view), _PIECE_BYTES):
            with view[start : start + _PIECE_BYTES] as piece:
                wipe(piece)
