"""The canonical form of a plate and its folded form (token suite 1).

Servers and the laboratory start from text (``canonicalise``); the device starts from class
indices and works in buffers that its caller owns and wipes (``canonical_from_indices``,
``fold_into``). Both ways give the same bytes for the same plate.
"""

import unicodedata
from typing import Final, TypeAlias

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, MIN_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.errors import PlateRefusedError
from edge_lpr.core.wipe import wipe

Octets: TypeAlias = bytes | bytearray | memoryview
"""Bytes to read, whoever owns them; a ``memoryview`` is contiguous and of bytes."""

_SEPARATORS: Final = frozenset(" -.·•_/\t\u2010\u2011\u2013\u2014")
"""Characters that stand between the groups of a plate and carry nothing."""

_CYRILLIC: Final = dict(
    zip(
        "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406",
        "ABEKMHOPCTYXI",
        strict=True,
    )
)
"""Cyrillic plate letters to the Latin ones they look like.

Written as code points, because on screen both columns are the same.
"""

_FOLD_PAIRS: Final = {
    "O": "0",
    "D": "0",
    "Q": "0",
    "I": "1",
    "Z": "2",
    "S": "5",
    "B": "8",
    "G": "6",
}
"""Letters that readers confuse with digits, to the digit."""

_FOLD_TABLE: Final = bytes(ord(_FOLD_PAIRS.get(chr(octet), chr(octet))) for octet in range(128))
"""Folded value of every ASCII byte."""


def canonicalise(text: str) -> bytes:
    """Bring plate text into its canonical form.

    For servers and the laboratory. Never call it on a device: ``text`` and every intermediate
    string would stay in memory.

    Args:
        text: Plate as somebody wrote it, in any script and with any separators; the caller
            bounds its length.

    Returns:
        2 to 12 ASCII characters of ``PLATE_ALPHABET``.

    Raises:
        PlateRefusedError: A character is none of a plate, or the length is outside 2..12.

    Source:
        Token suite 1, ``canon`` (docs/decisions/0002).
    """
    upper = unicodedata.normalize("NFKD", text).upper()
    canonical = "".join(map(_canonical_character, upper))
    if not MIN_PLATE_LENGTH <= len(canonical) <= MAX_PLATE_LENGTH:
        raise _wrong_length(len(canonical))
    return canonical.encode("ascii")


def _canonical_character(character: str) -> str:
    """Return the canonical form of one decomposed upper-case character, often itself."""
    if character in _SEPARATORS or unicodedata.category(character).startswith("M"):
        return ""
    if character in _CYRILLIC:
        return _CYRILLIC[character]
    canonical = str(unicodedata.decimal(character, character))
    if not canonical.isascii() or ord(canonical) not in PLATE_ALPHABET:
        raise PlateRefusedError(
            "the text holds a character that no plate has; "
            "only letters A-Z, plate letters of Cyrillic, digits and separators are allowed"
        )
    return canonical


def canonical_from_indices(class_indices: Octets, canonical: bytearray) -> int:
    """Write the canonical form of a reading into the caller's buffer.

    No other copy is made. The rest of the buffer is zero afterwards, and all of it if the
    reading is refused.

    Args:
        class_indices: One index into ``PLATE_ALPHABET`` a character, without padding. Not
            modified.
        canonical: At least 12 bytes, owned and later wiped by the caller.

    Returns:
        Number of characters, 2..12.

    Raises:
        PlateRefusedError: An index is outside 0..35, or the length is outside 2..12.
    """
    wipe(canonical)
    length = len(class_indices)
    if not MIN_PLATE_LENGTH <= length <= MAX_PLATE_LENGTH:
        raise _wrong_length(length)
    for position, class_index in enumerate(class_indices):
        if class_index >= len(PLATE_ALPHABET):
            wipe(canonical)
            raise PlateRefusedError("a class index is outside the alphabet of 36 characters")
        canonical[position] = PLATE_ALPHABET[class_index]
    return length


def fold_into(canonical: Octets, folded: bytearray) -> None:
    """Write the folded form of a canonical plate into the caller's buffer.

    Folding makes characters that readers confuse equal: O, D, Q and 0; I and 1; Z and 2; S and
    5; B and 8; G and 6.

    Args:
        canonical: ASCII characters of ``PLATE_ALPHABET``. Not modified.
        folded: At least as long as ``canonical``; what is beyond its length stays as it is.
            Owned and later wiped by the caller.
    """
    for position, character in enumerate(canonical):
        folded[position] = _FOLD_TABLE[character]


def require_canonical(canonical: Octets) -> None:
    """Check that bytes are a canonical plate, because any others would never match.

    Args:
        canonical: Bytes to check. Not modified.

    Raises:
        PlateRefusedError: A byte is not in ``PLATE_ALPHABET``, or the length is outside 2..12.
    """
    if not MIN_PLATE_LENGTH <= len(canonical) <= MAX_PLATE_LENGTH:
        raise _wrong_length(len(canonical))
    if any(character not in PLATE_ALPHABET for character in canonical):
        raise PlateRefusedError("the plate is not in canonical form; canonicalise it first")


def _wrong_length(length: int) -> PlateRefusedError:
    """Return the refusal for a length; the number alone says nothing about the plate."""
    return PlateRefusedError(
        f"a plate has {MIN_PLATE_LENGTH} to {MAX_PLATE_LENGTH} characters, this has {length}"
    )
