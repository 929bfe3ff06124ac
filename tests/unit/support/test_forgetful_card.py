"""The card that writes down what is done to it, asked as QEMU asks; and what is left of it."""

import random
import shutil
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.emulated.cut_card import RecordingCard
from tests.emulated.cut_record import HEAD, MEMORY_BYTES, SECTOR_BYTES, ForgetfulCard, Record

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
def before(flash: Path, tmp_path: Path) -> Path:
    """The card as it was before anything was done to it."""
    return Path(shutil.copy(flash, tmp_path / "before.img"))


@pytest.fixture
def card(before: Path, flash: Path, tmp_path: Path) -> Iterator[RecordingCard]:
    assert before.exists()
    made = RecordingCard(flash, tmp_path / "c", tmp_path / "record")
    yield made
    made.close()


@pytest.fixture
def guest(card: RecordingCard, tmp_path: Path) -> Iterator[Guest]:
    card.serve()
    made = Guest(tmp_path / "c")
    yield made
    made.die()


def at(flash: Path, offset: int, length: int) -> bytes:
    with flash.open("rb") as card:
        card.seek(offset)
        return card.read(length)


def test_the_guest_learns_the_size_and_that_it_can_flush(guest: Guest) -> None:
    assert (guest.size, guest.flags, guest.kinds) == (SIZE, 5, [3, 1])


def test_what_was_written_is_read_again(guest: Guest, flash: Path) -> None:
    guest.write(512, b"a" * 1024)
    guest.write(512, bytes(512))
    guest.write(4096, bytes(512))
    assert guest.read(0, 2048) == bytes(1024) + b"a" * 512 + bytes(512)
    assert at(flash, 1024, 512) == b"a" * 512


@pytest.fixture
def replayed(
    card: RecordingCard, guest: Guest, before: Path, tmp_path: Path
) -> Iterator[Callable[..., ForgetfulCard]]:
    """Ends the recording, and gives a card that goes through it."""
    made = ExitStack()

    def replay(*, is_liar: bool = False) -> ForgetfulCard:
        guest.die()
        card.close()
        record = made.enter_context(closing(Record(tmp_path / "record")))
        again = made.enter_context(closing(ForgetfulCard(record, before, is_liar=is_liar)))
        again.go_to(len(record.entries))
        return again

    with made:
        yield replay


def chance() -> random.Random:
    return random.Random(1)  # noqa: S311 - repeatable


def test_what_was_flushed_survives_and_what_was_not_is_lost(
    guest: Guest, before: Path, replayed: Callable[..., ForgetfulCard]
) -> None:
    guest.write(0, b"a" * 512)
    guest.flush()
    guest.write(0, b"b" * 512)
    guest.write(1024, b"c" * 512)
    card = replayed()
    with card.after_power_cut(chance(), 0.0) as loss:
        assert (loss.waiting, loss.lost, loss.lost_bytes) == (2, 2, 1024)
        assert at(before, 0, 1536) == b"a" * 512 + bytes(1024)
    with card.after_power_cut(chance(), 1.0) as loss:
        assert loss.lost == 0
        assert at(before, 0, 1536) == b"b" * 512 + bytes(512) + b"c" * 512
    assert at(before, 0, 1536) == b"a" * 512 + bytes(1024)


def test_what_was_not_flushed_survives_in_part_and_in_any_order(
    guest: Guest, before: Path, replayed: Callable[..., ForgetfulCard]
) -> None:
    for sector in range(4):
        guest.write(sector * SECTOR_BYTES, b"x" * SECTOR_BYTES)
    card = replayed()
    seen = set()
    for seed in range(60):
        with card.after_power_cut(random.Random(seed)):  # noqa: S311 - repeatable
            here = at(before, 0, 4 * SECTOR_BYTES)
        assert all(len(set(here[each * 512 : each * 512 + 512])) == 1 for each in range(4))
        seen.add(tuple(here[each * 512] == ord("x") for each in range(4)))
        assert at(before, 0, 4 * SECTOR_BYTES) == bytes(4 * SECTOR_BYTES)
    assert {(True,) * 4, (False,) * 4} < seen
    assert any(later and not earlier for earlier, *_, later in seen)


def test_one_long_write_is_cut_off_between_two_sectors(
    guest: Guest, before: Path, replayed: Callable[..., ForgetfulCard]
) -> None:
    guest.write(0, b"y" * 8 * SECTOR_BYTES)
    card = replayed()
    lengths = set()
    for seed in range(60):
        with card.after_power_cut(random.Random(seed), 0.5):  # noqa: S311 - repeatable
            lengths.add(len(at(before, 0, 8 * SECTOR_BYTES).rstrip(b"\0")))
    assert all(each % SECTOR_BYTES == 0 for each in lengths)
    assert lengths - {0, 8 * SECTOR_BYTES}


def test_the_card_holds_back_only_so_much(
    guest: Guest, before: Path, replayed: Callable[..., ForgetfulCard]
) -> None:
    block = b"x" * (1 << 20)
    for number in range(2 * MEMORY_BYTES // len(block)):
        guest.write(number * len(block), block)
    with replayed().after_power_cut(chance(), 0.0):
        assert at(before, 0, 2 * MEMORY_BYTES) == b"x" * MEMORY_BYTES + bytes(MEMORY_BYTES)


def test_a_liar_loses_what_was_flushed(
    guest: Guest, before: Path, replayed: Callable[..., ForgetfulCard]
) -> None:
    guest.write(0, b"a" * 512)
    guest.flush()
    with replayed(is_liar=True).after_power_cut(chance(), 0.0) as loss:
        assert loss.waiting == 1
        assert at(before, 0, 512) == bytes(512)


def test_marks_stand_between_the_writes_that_they_came_after(
    card: RecordingCard, guest: Guest, tmp_path: Path, replayed: Callable[..., ForgetfulCard]
) -> None:
    guest.write(0, b"a" * 512)
    card.mark(scene="one")
    guest.write(512, bytes(4096))
    card.mark(scene="two")
    replayed()
    record = Record(tmp_path / "record")
    assert list(record.marks()) == [(1, {"scene": "one"}), (3, {"scene": "two"})]
    assert [entry.is_write for entry in record.entries] == [True, False, True, False]
    assert record.content(record.entries[2]) == bytes(4096)
    # What is cleared takes no room.
    assert (tmp_path / "record").stat().st_size < 512 + 4 * HEAD.size + 100
    record.close()


def test_an_entry_that_was_cut_off_is_left_out(
    guest: Guest, tmp_path: Path, replayed: Callable[..., ForgetfulCard]
) -> None:
    guest.write(0, b"a" * 512)
    guest.write(512, b"b" * 512)
    replayed()
    file = tmp_path / "record"
    file.write_bytes(file.read_bytes()[:-1])
    record = Record(file)
    assert [entry.offset for entry in record.entries] == [0]
    record.close()


def test_a_part_that_has_changed_is_known(
    guest: Guest, replayed: Callable[..., ForgetfulCard]
) -> None:
    guest.write(1024, b"a" * 512)
    card = replayed()
    with card.after_power_cut(chance(), 1.0):
        assert card.touched_since(0, 1024, 1)
        assert not card.touched_since(0, 0, 1024)
        assert not card.touched_since(len(card.touched), 1024, 512)
    assert card.touched_since(1, 1535, 10)


def test_what_lies_behind_the_end_is_refused(guest: Guest) -> None:
    with pytest.raises(OSError, match="the card says no"):
        guest.read(SIZE - 512, 1024)
    with pytest.raises(OSError, match="the card says no"):
        guest.ask(4, 0, 512)
    assert guest.read(SIZE - 512, 512) == bytes(512)
