"""The card that loses what was not flushed, asked as QEMU asks."""

import random
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.emulated.forgetful_card import MEMORY_BYTES, SECTOR_BYTES, ForgetfulCard

SIZE = 4 * MEMORY_BYTES


class Guest:
    """What QEMU does, without QEMU."""

    def __init__(self, address: Path) -> None:
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(str(address))
        self._answers = self.link.makefile("rb")
        assert self._answers.read(18)[:16] == b"NBDMAGICIHAVEOPT"
        self.link.sendall(struct.pack(">I", 3))
        # QEMU asks for structured replies first, and lives without.
        for option, data in ((8, b""), (7, struct.pack(">IH", 0, 0))):
            self.link.sendall(b"IHAVEOPT" + struct.pack(">II", option, len(data)) + data)
            self.kinds: list[int] = []
            while not self.kinds or self.kinds[-1] == 3:
                _, _, kind, length = struct.unpack(">QIII", self._answers.read(20))
                self.kinds.append(kind)
                said = self._answers.read(length)
                if kind == 3:
                    _, self.size, self.flags = struct.unpack(">HQH", said)

    def ask(self, kind: int, offset: int = 0, length: int = 0, data: bytes = b"") -> bytes:
        head = struct.pack(">IHHQQI", 0x25609513, 0, kind, 7, offset, length)
        self.link.sendall(head + data)
        _, error, handle = struct.unpack(">IIQ", self._answers.read(16))
        assert handle == 7
        if error:
            raise OSError(error, "the card says no")
        return self._answers.read(length) if kind == 0 else b""

    def read(self, offset: int, length: int) -> bytes:
        return self.ask(0, offset, length)

    def write(self, offset: int, data: bytes) -> None:
        self.ask(1, offset, len(data), data)

    def flush(self) -> None:
        self.ask(3)

    def die(self) -> None:
        self._answers.close()
        self.link.close()


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    file = tmp_path / "card.img"
    with file.open("wb") as card:
        card.truncate(SIZE)
    return file


@pytest.fixture
def card(flash: Path, tmp_path: Path) -> Iterator[ForgetfulCard]:
    made = ForgetfulCard(flash, tmp_path / "c")
    yield made
    with suppress(ValueError):
        made.close()


@pytest.fixture
def guest(card: ForgetfulCard, tmp_path: Path) -> Iterator[Guest]:
    card.serve()
    made = Guest(tmp_path / "c")
    yield made
    made.die()


class Never(random.Random):
    """Nothing survives."""

    def choice(self, seq):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        return seq[0]


def at(flash: Path, offset: int, length: int) -> bytes:
    with flash.open("rb") as card:
        card.seek(offset)
        return card.read(length)


def test_the_guest_learns_the_size_and_that_it_can_flush(guest: Guest) -> None:
    assert (guest.size, guest.flags, guest.kinds) == (SIZE, 5, [3, 1])


def test_what_was_written_is_read_again_before_any_flush(guest: Guest, flash: Path) -> None:
    guest.write(512, b"a" * 1024)
    assert guest.read(0, 2048) == bytes(512) + b"a" * 1024 + bytes(512)
    assert at(flash, 512, 1024) == bytes(1024)


def test_what_was_flushed_survives_and_what_was_not_is_lost(
    card: ForgetfulCard, guest: Guest, flash: Path, tmp_path: Path
) -> None:
    guest.write(0, b"a" * 512)
    guest.flush()
    guest.write(0, b"b" * 512)
    guest.write(1024, b"c" * 512)
    guest.die()
    loss = card.lose(Never())
    assert (loss.waiting, loss.lost, loss.lost_bytes) == (2, 2, 1024)
    assert at(flash, 0, 1536) == b"a" * 512 + bytes(1024)
    card.serve()
    again = Guest(tmp_path / "c")
    assert again.read(0, 1536) == b"a" * 512 + bytes(1024)
    again.die()


def test_what_was_not_flushed_survives_in_part_and_in_any_order(
    card: ForgetfulCard, guest: Guest, flash: Path, tmp_path: Path
) -> None:
    seen = set()
    for seed in range(40):
        for sector in range(4):
            guest.write(sector * SECTOR_BYTES, bytes([seed + 1]) * SECTOR_BYTES)
        guest.die()
        card.lose(random.Random(seed))  # noqa: S311 - repeatable
        here = at(flash, 0, 4 * SECTOR_BYTES)
        assert all(len(set(here[each * 512 : each * 512 + 512])) == 1 for each in range(4))
        seen.add(tuple(here[each * 512] == seed + 1 for each in range(4)))
        card.serve()
        guest = Guest(tmp_path / "c")
        assert guest.read(0, 4 * SECTOR_BYTES) == here
    guest.die()
    assert {(True,) * 4, (False,) * 4} < seen
    assert any(later and not earlier for earlier, *_, later in seen)


def test_the_card_holds_back_only_so_much(card: ForgetfulCard, guest: Guest, flash: Path) -> None:
    block = b"x" * (1 << 20)
    for number in range(2 * MEMORY_BYTES // len(block)):
        guest.write(number * len(block), block)
    guest.die()
    card.lose(Never())
    assert at(flash, 0, 2 * MEMORY_BYTES) == b"x" * MEMORY_BYTES + bytes(MEMORY_BYTES)


def test_a_card_taken_out_in_peace_is_whole(
    card: ForgetfulCard, guest: Guest, flash: Path, tmp_path: Path
) -> None:
    guest.write(0, b"z" * 512)
    guest.die()
    card.close()
    assert at(flash, 0, 512) == b"z" * 512
    assert [each.name for each in tmp_path.iterdir()] == ["card.img"]


def test_what_lies_behind_the_end_is_refused(guest: Guest) -> None:
    with pytest.raises(OSError, match="the card says no"):
        guest.read(SIZE - 512, 1024)
    with pytest.raises(OSError, match="the card says no"):
        guest.ask(4, 0, 512)
    assert guest.read(SIZE - 512, 512) == bytes(512)
