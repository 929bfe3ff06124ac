# ruff: noqa: RUF001 -- characters that look like others are what this is about.

import pytest

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.errors import PlateRefusedError
from edge_lpr.tokens.canonical import (
    canonical_from_indices,
    canonicalise,
    fold_into,
    require_canonical,
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("ABC 1234", b"ABC1234", id="space"),
        pytest.param("ab-123-cd", b"AB123CD", id="lower case"),
        pytest.param("Ö-AB 12", b"OAB12", id="umlaut"),
        pytest.param("O\N{COMBINING DIAERESIS}1", b"O1", id="umlaut already decomposed"),
        pytest.param("A\N{COMBINING ENCLOSING CIRCLE}1", b"A1", id="enclosing mark"),
        pytest.param("АВЕКМНОРСТУХ", b"ABEKMHOPCTYX", id="Cyrillic"),
        pytest.param("аі1234вс", b"AI1234BC", id="lower-case Cyrillic with Ukrainian I"),
        pytest.param("Ї1", b"I1", id="Ukrainian Yi is a marked I"),
        pytest.param("ａｂｃ１２３", b"ABC123", id="full width"),
        pytest.param("١٢٣ ۴۵۶", b"123456", id="Arabic and Persian digits"),
        pytest.param("A²", b"A2", id="superscript"),
        pytest.param("A\N{NO-BREAK SPACE}1", b"A1", id="no-break space decomposes to a space"),
        pytest.param(" A-B.C·1•2_3/4‐5‑6–7—8\t", b"ABC12345678", id="every separator"),
        pytest.param("ß1", b"SS1", id="sharp s"),
        pytest.param("A1", b"A1", id="shortest"),
        pytest.param("ABCDEFGHIJKL", b"ABCDEFGHIJKL", id="longest"),
    ],
)
def test_plate_has_one_canonical_form(text: str, canonical: bytes) -> None:
    assert canonicalise(text) == canonical


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("AB*123", id="star"),
        pytest.param("AB,123", id="comma"),
        pytest.param("AB\n123", id="newline"),
        pytest.param("AB\x00123", id="NUL"),
        pytest.param("Й123", id="Cyrillic letter that no plate has, marked"),
        pytest.param("Ж123", id="Cyrillic letter that no plate has"),
        pytest.param("Σ123", id="Greek"),
        pytest.param("京A12345", id="Chinese"),
        pytest.param("A½", id="fraction"),
        pytest.param("A−1", id="minus sign is no separator"),
        pytest.param("\ud8001", id="lone surrogate"),
        pytest.param("", id="empty"),
        pytest.param("A", id="one character"),
        pytest.param(" - A - ", id="one character between separators"),
        pytest.param("ABCDEFGHIJKLM", id="thirteen characters"),
    ],
)
def test_what_is_no_plate_is_refused(text: str) -> None:
    with pytest.raises(PlateRefusedError):
        canonicalise(text)


def test_refusal_does_not_quote_the_plate() -> None:
    with pytest.raises(PlateRefusedError) as refusal:
        canonicalise("SECRET*1")
    assert "SECRET" not in repr(refusal.value)


def test_device_and_server_find_the_same_canonical_form() -> None:
    canonical = bytearray(12)
    class_indices = bytes(PLATE_ALPHABET.index(octet) for octet in b"ZX09Q")
    length = canonical_from_indices(class_indices, canonical)
    assert canonical[:length] == canonicalise("zx-09 q")


@pytest.mark.parametrize("length", [2, 12], ids=["shortest", "longest"])
def test_device_takes_every_length_that_a_plate_can_have(length: int) -> None:
    canonical = bytearray(12)
    assert canonical_from_indices(b"\x0a" * length, canonical) == length
    assert canonical == b"A" * length + bytes(12 - length)


def test_rest_of_a_reused_buffer_is_zero() -> None:
    canonical = bytearray(b"OLDPLATE1234")
    assert canonical_from_indices(memoryview(b"\x0a\x00"), canonical) == 2
    assert canonical == b"A0" + bytes(10)


@pytest.mark.parametrize(
    "class_indices",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x01", id="one character"),
        pytest.param(bytes(13), id="thirteen characters"),
        pytest.param(b"\x01\x02\x24", id="index outside the alphabet"),
        pytest.param(b"\x01\x02\xff", id="padding"),
    ],
)
def test_refused_reading_leaves_nothing_in_the_buffer(class_indices: bytes) -> None:
    canonical = bytearray(b"OLDPLATE1234")
    with pytest.raises(PlateRefusedError):
        canonical_from_indices(class_indices, canonical)
    assert canonical == bytes(12)


def test_folding_joins_what_readers_confuse_and_nothing_else() -> None:
    folded = bytearray(36)
    fold_into(PLATE_ALPHABET, folded)
    assert folded == b"0123456789A8C0EF6H1JKLMN0P0R5TUVWXY2"


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"A", id="too short"),
        pytest.param(b"ABCDEFGHIJKLM", id="too long"),
        pytest.param(b"abc123", id="lower case"),
        pytest.param(b"ABC123\0", id="with the padding of its buffer"),
    ],
)
def test_tokens_are_made_of_canonical_plates_only(octets: bytes) -> None:
    with pytest.raises(PlateRefusedError):
        require_canonical(octets)
