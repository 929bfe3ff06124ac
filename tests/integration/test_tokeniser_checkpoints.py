"""The tokeniser signs a log that grows, and no other; across restarts too."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import AuditError, KeyFileError
from edge_lpr.tokeniser.checkpoint_desk import KEPT_NAME, LOOK_EVERY_S, CheckpointDesk
from edge_lpr.wire.checkpoint import Checkpoint, parse_checkpoint
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import SetClock

KEY = SigningKey.generate()
ADDRESS = DeviceAddress("agency", "north-crossing", "booth-1")
ROOT, OTHER_ROOT = bytes(32), bytes([1] * 32)


class Booth:
    """The audit's file, and a tokeniser that reads it."""

    def __init__(self, folder: Path) -> None:
        self.head_file = folder / "head"
        self.kept_file = folder / KEPT_NAME
        self.clock = SetClock()
        self.start()

    def start(self, key: SigningKey = KEY, address: DeviceAddress = ADDRESS) -> None:
        self.desk = CheckpointDesk(self.head_file, self.kept_file, address, key, self.clock)

    def say(self, size: int, root: bytes = ROOT) -> None:
        new = self.head_file.with_name("head.new")
        new.write_text(f"{size} {root.hex()}\n")
        new.chmod(0o644)
        new.replace(self.head_file)

    def look(self) -> Checkpoint | None:
        self.clock.advance_s(LOOK_EVERY_S)
        self.desk.look_around()
        newest = self.desk.newest
        return None if newest is None else parse_checkpoint(newest).verified(KEY.public_key)


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    return Booth(tmp_path)


def test_nothing_is_signed_before_the_audit_speaks(booth: Booth) -> None:
    assert booth.look() is None


def test_log_that_grows_is_signed_and_kept(booth: Booth) -> None:
    booth.say(1)
    assert booth.look() == Checkpoint(ADDRESS, 1, ROOT)
    booth.say(7, OTHER_ROOT)
    assert booth.look() == Checkpoint(ADDRESS, 7, OTHER_ROOT)
    assert booth.kept_file.read_bytes() == booth.desk.newest
    assert booth.kept_file.stat().st_mode & 0o077 == 0


def test_same_log_is_signed_once(booth: Booth) -> None:
    booth.say(3)
    booth.look()
    first = booth.desk.newest
    booth.say(3)
    booth.look()
    assert booth.desk.newest is first


def test_file_is_looked_at_seldom(booth: Booth) -> None:
    booth.say(3)
    booth.look()
    booth.say(4)
    booth.desk.look_around()
    newest = booth.desk.newest
    assert newest is not None
    assert parse_checkpoint(newest).untrusted.size == 3


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize(
    ("size", "root", "fault"),
    [
        pytest.param(4, ROOT, "cut or put back", id="smaller"),
        pytest.param(5, OTHER_ROOT, "another log", id="another root"),
    ],
)
def test_another_log_is_refused_until_it_has_grown_beyond(
    booth: Booth, size: int, root: bytes, fault: str, *, restarts: bool
) -> None:
    booth.say(5)
    booth.look()
    if restarts:
        booth.start()
    booth.say(size, root)
    for _ in range(2):
        with pytest.raises(AuditError, match=fault):
            booth.look()
    assert booth.kept_file.read_bytes() == booth.desk.newest
    booth.say(6, OTHER_ROOT)
    # It is signed, and whoever has kept the one of size 5 can show that it does not follow.
    assert booth.look() == Checkpoint(ADDRESS, 6, OTHER_ROOT)


def test_last_checkpoint_is_there_at_once_after_a_restart(booth: Booth) -> None:
    booth.say(5)
    booth.look()
    booth.start()
    booth.head_file.unlink()
    assert booth.look() == Checkpoint(ADDRESS, 5, ROOT)


def test_kept_checkpoint_of_another_key_is_said_and_replaced(booth: Booth) -> None:
    booth.say(5)
    booth.start(SigningKey.generate())
    booth.clock.advance_s(LOOK_EVERY_S)
    booth.desk.look_around()
    booth.start()
    with pytest.raises(KeyFileError, match="next one takes its place"):
        booth.look()
    assert booth.look() == Checkpoint(ADDRESS, 5, ROOT)


def test_booth_that_was_moved_begins_anew(booth: Booth) -> None:
    booth.say(5)
    booth.look()
    elsewhere = DeviceAddress("agency", "south-crossing", "booth-1")
    booth.start(address=elsewhere)
    booth.say(4)
    assert booth.look() == Checkpoint(elsewhere, 4, ROOT)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"0 " + b"0" * 64 + b"\n", id="empty log"),
        pytest.param(b"1 " + b"0" * 63 + b"\n", id="short root"),
        pytest.param(b"1 " + b"0" * 64 + b"\n" + b"x" * 500, id="more"),
    ],
)
def test_anything_else_in_the_file_is_refused(booth: Booth, content: bytes) -> None:
    booth.head_file.write_bytes(content)
    booth.head_file.chmod(0o644)
    with pytest.raises(AuditError, match="size and root"):
        booth.look()


def test_file_that_others_can_write_counts_not(booth: Booth) -> None:
    booth.say(1)
    booth.head_file.chmod(0o664)
    with pytest.raises(AuditError, match="others than root"):
        booth.look()


def test_link_is_not_followed(booth: Booth, tmp_path: Path) -> None:
    booth.say(1)
    booth.head_file.rename(tmp_path / "elsewhere")
    booth.head_file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError, match="cannot be read"):
        booth.look()


def test_what_cannot_be_kept_is_not_given_out(booth: Booth) -> None:
    booth.say(1)
    booth.kept_file.mkdir()
    # Reading it as the kept one fails first, writing it fails after.
    for _ in range(2):
        with pytest.raises(KeyFileError):
            booth.look()
    assert booth.desk.newest is None
    booth.kept_file.rmdir()
    assert booth.look() == Checkpoint(ADDRESS, 1, ROOT)
