"""Looks for thousands of known plates at once, in every form in which bytes could hold them.

``LeakSearch`` has a pattern for each plate and form: exact, and too slow for two thousand plates on
a disk. Here all plates of one width of element are found in one pass: by tables of which pairs of
characters they begin with, and only what is left is compared whole.

A plate is looked for as it is, folded as the token's stretching sees it, and both from behind; as
text in upper and lower case, of 8, 16 and 32 bits, with anything between its characters that stands
there on a plate; and as class indices, ours and the network's, of 8 to 64 bits.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import PLATE_ALPHABET
from tests.support.memory_search import folded

SEPARATORS: Final = b"\x00 -._/"
"""What may stand between the characters of a plate."""

_CHUNK_BYTES: Final = 1 << 22
_WIDTHS: Final = (
    (1, "little"),
    (2, "little"),
    (2, "big"),
    (4, "little"),
    (4, "big"),
    (8, "little"),
)
_TEXT_WIDTHS: Final = (1, 2, 4)
_SHORTEST: Final = 5
"""Characters; shorter plates turn up in random bytes."""
_SHORTEST_AS_INDICES: Final = 7
"""Tables of small numbers are everywhere in programs, and six of them in a row by chance too."""


class PlateSearch:
    """A search for plates. Its ``repr`` shows none."""

    def __init__(self, plates: Iterable[str]) -> None:
        """Prepare the search.

        Args:
            plates: Plates as A-Z and 0-9; those with fewer than five characters are left out.
        """
        self._names: dict[bytes, tuple[str, str]] = {}
        for plate in plates:
            if len(plate) < _SHORTEST:
                continue
            for name, codes in _forms(plate.encode()):
                self._names.setdefault(codes, (name, plate))
        self._lengths = sorted({len(codes) for codes in self._names}, reverse=True)
        self._pairs = np.zeros((_SHORTEST - 1, 1 << 16), np.bool_)
        for codes in self._names:
            for place, table in enumerate(self._pairs):
                table[codes[place] << 8 | codes[place + 1]] = True

    def search(self, content: bytes) -> list[tuple[str, int]]:
        """Return the forms in which any plate is in there, and where first, in bytes.

        Where separators were left out the offset is that in what is left of a chunk.
        """
        found: dict[str, int] = {}
        for form, _, offset in self._all(content):
            found.setdefault(form, offset)
        return sorted(found.items())

    def plates_in(self, content: bytes) -> set[str]:
        """Return which plates are in there, in whatever form."""
        return {plate for _, plate, _ in self._all(content)}

    def _all(self, content: bytes) -> Iterator[tuple[str, str, int]]:
        """Yield form, plate and place of all that is found."""
        overlap = max(self._lengths, default=0) * 16
        for start in range(0, len(content), _CHUNK_BYTES):
            chunk = content[start : start + _CHUNK_BYTES + overlap]
            if chunk.count(0) == len(chunk):
                continue
            for form, plate, offset in self._search_chunk(chunk):
                yield form, plate, start + offset

    def _search_chunk(self, chunk: bytes) -> Iterator[tuple[str, str, int]]:
        for width, order in _WIDTHS:
            lowest = 0 if order == "little" else width - 1
            for phase in range(width):
                # Of each element the byte that counts; the others must be 0.
                elements = np.frombuffer(chunk, np.uint8)[phase:]
                elements = elements[: len(elements) // width * width].reshape(-1, width)
                lows = np.ascontiguousarray(elements[:, lowest])
                if width > 1 and not lows.any():
                    continue
                for place, name, plate in self._matches(lows):
                    rest = elements[place : place + _SHORTEST].sum(axis=0)
                    rest[lowest] = 0
                    if rest.any() or ("text" in name and width not in _TEXT_WIDTHS):
                        continue
                    bits = "" if width == 1 else f", {8 * width} bits, {order}"
                    yield name + bits, plate, phase + place * width
        squeezed = chunk.translate(None, SEPARATORS).upper()
        for place, name, plate in self._matches(np.frombuffer(squeezed, np.uint8)):
            if "text" in name:
                yield f"{name}, whatever stands between", plate, place

    def _matches(self, octets: NDArray[np.uint8]) -> Iterator[tuple[int, str, str]]:
        """Yield place, form and text of every plate in an array of one byte a character."""
        if len(octets) < _SHORTEST:
            return
        pairs = octets[:-1].astype(np.uint16) << 8 | octets[1:]
        starts = np.flatnonzero(self._pairs[0][pairs[: 2 - _SHORTEST]])
        for place, table in enumerate(self._pairs[1:], 1):
            starts = starts[table[pairs[starts + place]]]
        content = octets.tobytes()
        for place in map(int, starts):
            for length in self._lengths:
                found = self._names.get(content[place : place + length])
                if found is not None:
                    yield place, *found
                    break


def _forms(plate: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every form of a plate with one byte a character."""
    fold = folded(plate.decode("ascii")).encode("ascii")
    for variant, text in (
        ("", plate),
        (", folded", fold),
        (", reversed", plate[::-1]),
        (", folded and reversed", fold[::-1]),
    ):
        yield f"text{variant}", text
        yield f"text in lower case{variant}", text.lower()
        if len(text) >= _SHORTEST_AS_INDICES:
            indices = [PLATE_ALPHABET.index(character) for character in text]
            yield f"class indices{variant}", bytes(indices)
            yield f"class indices + 1{variant}", bytes(index + 1 for index in indices)
