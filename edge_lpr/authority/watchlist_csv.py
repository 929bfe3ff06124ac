"""An agency's watch-list as a CSV file: read whole, and refused whole when a row makes no sense.

::

    plate,entry,variants
    ABC 1234,case-4711,
    XYZ 987,case-4712,XVZ987 KYZ987

The third column may be left out. What is wrong is named by its line; plates are never quoted,
because messages reach the log.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InputRefusedError, PlateRefusedError
from edge_lpr.tokens.canonical import canonicalise
from edge_lpr.tokens.variants import MAXIMUM_VARIANTS

MAXIMUM_PLATES: Final = 500_000
"""Longest list: 36 core-hours a day of the list, so a longer one is a mistake."""

MAXIMUM_ENTRY_CHARACTERS: Final = 64
"""Longest name of an entry, as servers read it."""

_MAXIMUM_LINE_BYTES: Final = 4096
_MAXIMUM_PLATE_CHARACTERS: Final = 64
"""Before it is canonical: with separators and combining marks."""

_MAXIMUM_NAMED: Final = 20
"""Rows that are named; a file of another kind has thousands."""

_SHORTEST_QUOTED: Final = 4
"""A shorter plate is part of many a case number by accident."""

_COLUMNS: Final = ("plate", "entry", "variants")
_HEADERS: Final = (_COLUMNS, _COLUMNS[:2])


@dataclass(frozen=True, slots=True, repr=False)
class ListedPlate:
    """One plate that is looked for. No ``repr``: it holds plates."""

    entry: str
    """The agency's own name for it, unique in the list."""
    canonical: bytes
    """The plate."""
    variants: tuple[bytes, ...] = ()
    """Plates that it may be misread as; without itself, each once."""

    @property
    def plates(self) -> tuple[bytes, ...]:
        """The plate and its variants."""
        return (self.canonical, *self.variants)


def read_list(path: Path) -> list[ListedPlate]:
    """Read a watch-list.

    Args:
        path: The CSV file, UTF-8, with a header.

    Returns:
        Its plates, in their order; at least one.

    Raises:
        InputRefusedError: It cannot be read, has no plate, or has rows that make no sense: up to
            20 of them are named by their lines, the rest counted.
    """
    reading = _Reading()
    try:
        with path.open("rb") as file:
            reading.read(iter(lambda: file.readline(_MAXIMUM_LINE_BYTES + 1), b""))
    except OSError as error:
        raise InputRefusedError(f"{path}: cannot be read ({error.strerror})") from error
    if reading.faults:
        raise InputRefusedError(_refusal(path, reading.faults))
    if not reading.plates:
        raise InputRefusedError(f"{path}: has no plate; nothing was compiled")
    return reading.plates


class _Reading:
    """What has been read of a file."""

    def __init__(self) -> None:
        self.plates: list[ListedPlate] = []
        self.faults: list[tuple[int, str]] = []
        self._columns: tuple[str, ...] | None = None
        self._lines_of_entries: dict[str, int] = {}
        self._lines_of_plates: dict[bytes, int] = {}

    def read(self, untrusted_lines: Iterable[bytes]) -> None:
        """Read every line; stops where nothing can be made of the rest."""
        for number, untrusted_line in enumerate(untrusted_lines, start=1):
            try:
                self._read_line(number, untrusted_line)
            except InputRefusedError as fault:
                self.faults.append((number, str(fault)))
            if self._columns is None or len(untrusted_line) > _MAXIMUM_LINE_BYTES:
                return

    def _read_line(self, number: int, untrusted_line: bytes) -> None:
        """Take a line: the header, nothing, or a plate."""
        fields = _fields(untrusted_line, is_first=number == 1)
        if number == 1:
            self._columns = _columns(fields)
        elif any(fields) and self._columns is not None:
            if len(fields) != len(self._columns):
                raise InputRefusedError(
                    f"it has {len(fields)} columns, not {len(self._columns)}: {_header_words()}"
                )
            self._take(number, dict(zip(self._columns, fields, strict=True)))

    def _take(self, number: int, row: dict[str, str]) -> None:
        """Take a row's plate."""
        if len(self.plates) >= MAXIMUM_PLATES:
            raise InputRefusedError(f"the list has more than {MAXIMUM_PLATES} plates")
        canonical = _canonical(row["plate"], "plate")
        entry = checked_entry(row["entry"], canonical)
        self._require_new(number, canonical, entry)
        variants = [_canonical(each, "variant") for each in row.get("variants", "").split()]
        self.plates.append(ListedPlate(entry, canonical, checked_variants(canonical, variants)))

    def _require_new(self, number: int, canonical: bytes, entry: str) -> None:
        """Refuse an entry or a plate that an earlier line has."""
        before = self._lines_of_entries.setdefault(entry, number)
        if before != number:
            raise InputRefusedError(f"its entry is that of line {before} too; each needs its own")
        before = self._lines_of_plates.setdefault(canonical, number)
        if before != number:
            raise InputRefusedError(
                f"its plate is that of line {before} too; each belongs there once"
            )


def checked_entry(entry: str, canonical: bytes) -> str:
    """Return the name of an entry if it may go to servers.

    Args:
        entry: As the agency wrote it.
        canonical: Its plate, which must not stand in it.

    Raises:
        InputRefusedError: It may not.
    """
    if not 0 < len(entry) <= MAXIMUM_ENTRY_CHARACTERS or not entry.isprintable():
        raise InputRefusedError(
            f"its entry must have 1 to {MAXIMUM_ENTRY_CHARACTERS} printable characters"
        )
    plain = "".join(character for character in entry.upper() if character.isalnum())
    plate = canonical.decode("ascii")
    if plain == plate or (len(plate) >= _SHORTEST_QUOTED and plate in plain):
        raise InputRefusedError(
            "its entry holds the plate, and entries go to servers in plain text"
        )
    return entry


def checked_variants(canonical: bytes, variants: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return variants without the plate itself, each once.

    Args:
        canonical: The plate.
        variants: Canonical plates.

    Raises:
        InputRefusedError: There are too many.
    """
    different = tuple(dict.fromkeys(each for each in variants if each != canonical))
    if len(different) > MAXIMUM_VARIANTS:
        raise InputRefusedError(
            f"it has {len(different)} variants; {MAXIMUM_VARIANTS} are the most"
        )
    return different


def _columns(header: list[str]) -> tuple[str, ...]:
    """Return the columns of a list by its header."""
    columns = tuple(name.lower() for name in header)
    if columns not in _HEADERS:
        raise InputRefusedError(
            f"the header must be {_header_words()}, with commas; nothing below it was looked at"
        )
    return columns


def _fields(untrusted_line: bytes, *, is_first: bool) -> list[str]:
    """Return the fields of a line, without blanks around them."""
    if len(untrusted_line) > _MAXIMUM_LINE_BYTES:
        raise InputRefusedError(
            f"it has more than {_MAXIMUM_LINE_BYTES} bytes; nothing below it was looked at"
        )
    try:
        # A spreadsheet puts a byte order mark in front.
        text = untrusted_line.decode("utf-8-sig" if is_first else "utf-8").rstrip("\r\n")
        rows = list(csv.reader([text], strict=True))
    except UnicodeDecodeError as error:
        raise InputRefusedError("it is not UTF-8") from error
    except csv.Error as error:
        raise InputRefusedError("its quotation marks make no sense") from error
    return [field.strip() for field in rows[0]] if rows else []


def _canonical(text: str, what: str) -> bytes:
    """Return a plate's canonical form."""
    if len(text) > _MAXIMUM_PLATE_CHARACTERS:
        raise InputRefusedError(f"its {what} has more than {_MAXIMUM_PLATE_CHARACTERS} characters")
    try:
        return canonicalise(text)
    except PlateRefusedError as error:
        raise InputRefusedError(f"its {what}: {error}") from error


def _header_words() -> str:
    """Return the headers there are."""
    return " or ".join(",".join(header) for header in _HEADERS)


def _refusal(path: Path, faults: list[tuple[int, str]]) -> str:
    """Return what is wrong with a file, a line each."""
    rows = "1 row makes" if len(faults) == 1 else f"{len(faults)} rows make"
    lines = [f"{path}: {rows} no sense; nothing was compiled"]
    lines += [f"  line {number}: {fault}" for number, fault in faults[:_MAXIMUM_NAMED]]
    if len(faults) > _MAXIMUM_NAMED:
        lines.append(f"  and {len(faults) - _MAXIMUM_NAMED} more")
    return "\n".join(lines)
