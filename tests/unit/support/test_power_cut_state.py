"""The decryption of a card's state, against the library's own XTS."""

import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import XTS

from tests.emulated.cut_state import IV_BYTES, Luks, Partition, PlainState

CHANCE = random.Random(1)  # noqa: S311 - repeatable
KEY = CHANCE.randbytes(64)


def encrypted(number: int, sector: bytes) -> bytes:
    tweak = (number * len(sector) // IV_BYTES).to_bytes(16, "little")
    return Cipher(AES(KEY), XTS(tweak)).encryptor().update(sector)


@pytest.mark.parametrize("size", [512, 4096])
def test_sectors_are_decrypted_as_by_the_library(size: int) -> None:
    plain = [CHANCE.randbytes(size) for _ in range(20)]
    cipher = b"".join(encrypted(number, each) for number, each in enumerate(plain, 1_000_000))
    assert Luks(KEY, 0, size).decrypt(1_000_000, cipher) == b"".join(plain)


def test_what_was_never_written_stays_empty() -> None:
    sectors = bytes(512) + encrypted(1, b"x" * 512)
    assert Luks(KEY, 0, 512).decrypt(0, sectors) == bytes(512) + b"x" * 512


def test_a_state_follows_its_card(tmp_path: Path) -> None:
    place = Partition(8192, 40 * 512)
    luks = Luks(KEY, 1024, 512)
    begin = place.start + luks.start
    card = tmp_path / "card.img"
    content = bytearray(place.start + place.size + 8192)
    state = PlainState(luks, place, tmp_path / "plain.img")
    expected = bytearray(38 * 512)
    for number in (0, 1, 5, 37):
        sector = CHANCE.randbytes(512)
        at = begin + number * 512
        content[at : at + 512] = encrypted(number, sector)
        expected[number * 512 : number * 512 + 512] = sector
    card.write_bytes(content)
    touched = [(0, 8192), (begin - 100, 1000), (begin + 5 * 512 + 7, 1), (begin + 37 * 512, 9000)]
    with card.open("rb") as file:
        state.follow(file, touched)
    state.copy_to(tmp_path / "copy.img")
    assert (tmp_path / "copy.img").read_bytes() == expected
