"""The test card's token, against a second implementation, and how far readings are from it."""

import hashlib
import hmac

import pytest
from argon2.low_level import Type, hash_secret_raw

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.reserved_plate import RESERVED_PLATE
from edge_lpr.handoff.card_message import NOTHING_LIKE_IT
from edge_lpr.tokens import card_vector
from edge_lpr.tokens.card_vector import FAR, is_test_vector, wrong_characters

DST = b"alpr-token/v1"


def test_reserved_plate_has_nine_letters_and_no_digit() -> None:
    assert len(RESERVED_PLATE) == 9
    assert RESERVED_PLATE.isalpha()
    assert set(RESERVED_PLATE) <= set(PLATE_ALPHABET)


def test_vector_is_that_of_a_second_implementation() -> None:
    """By the description of token suite 1 (docs/contract/index.md), with libraries alone."""
    folded = RESERVED_PLATE.replace(b"S", b"5")
    name, epoch = b"\x09test-card", (1).to_bytes(8, "big")
    secret = hmac.digest(bytes([3]) * 32, DST + b"\x01\x09" + folded, "sha256")
    salt = hashlib.sha256(DST + b"\x02" + name + epoch).digest()[:16]
    stretched = hash_secret_raw(secret, salt, 3, 65_536, 4, 32, Type.ID)
    site = bytes([4]) * 32
    exact = hmac.digest(
        site, DST + b"\x03" + name + epoch + stretched + b"\x09" + RESERVED_PLATE, "sha256"
    )
    fold = hmac.digest(site, DST + b"\x04" + name + epoch + stretched, "sha256")
    assert (exact[:16].hex(), fold[:16].hex()) == (card_vector._EXACT, card_vector._FOLD)


def test_card_has_the_right_token_and_its_fold_twin_has_not() -> None:
    assert is_test_vector(bytearray(RESERVED_PLATE))
    assert not is_test_vector(b"TE5TPLATE")


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (b"TESTPLATE", 0),
        (b"YESTPLATE", 1),
        (b"TE5TPLATE", 1),
        (b"TESTPLAT", 1),
        (b"TESTPLATEE", 1),
        (b"T8SYPLAT6", 3),
        (b"TETPLAE", 2),
        (b"TSTPLT", 3),
        (b"TEST", FAR),
        (b"B123ABC", FAR),
        (b"AA", FAR),
        (b"ABCDEFGHIJKL", FAR),
    ],
)
def test_wrong_characters_are_counted_up_to_three(read: bytes, wrong: int) -> None:
    assert wrong_characters(memoryview(read)) == wrong


def test_messages_have_room_for_every_distance() -> None:
    assert FAR == NOTHING_LIKE_IT
