"""Where deliveries of keys come from, and what is said and done about each."""

from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, TimeQuality
from edge_lpr.tokeniser import key_keeper
from edge_lpr.tokeniser.key_intake import Outcome
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys
from tests.support.booth import epoch_keys
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.deliveries import DeliveringAuthority
from tests.support.key_desks import CERTIFICATE, TODAY, Desk, desk_of, no_space


@pytest.fixture(params=["plain", "sealed"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return desk_of(
        tmp_path, sealing_key=SealingKey(b"z" * 32) if request.param == "sealed" else None
    )


def test_full_disk_makes_a_delivery_wait_and_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery, before = desk.delivered(TODAY), desk.keeper.announcement(CERTIFICATE)
    with monkeypatch.context() as patch:
        patch.setattr(key_keeper, "write_key_state", no_space)
        assert desk.intake.take(delivery) is Outcome.LATER
    assert desk.keeper.announcement(CERTIFICATE) == before
    desk.look_around()
    assert desk.keeper.ring.epochs() == (TODAY,)
    assert desk.counts() == (1, 0)


def test_clock_a_year_behind_makes_no_token_and_says_why(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.clock.now_unix_s -= 365 * EPOCH_LENGTH_S
    assert desk.floored.quality() is TimeQuality.NTP
    assert desk.intake.take(desk.delivered(TODAY)) is Outcome.LATER
    assert desk.floored.quality() is TimeQuality.NONE
    assert caplog.messages == ["keys_wait"]
    desk.clock.now_unix_s = NOON_OF_THE_VECTORS
    desk.look_around()
    assert desk.floored.quality() is TimeQuality.NTP
    assert desk.counts() == (1, 0)


def test_garbage_does_not_take_the_place_of_a_delivery_that_waits(desk: Desk) -> None:
    desk.clock.now_unix_s -= 365 * EPOCH_LENGTH_S
    assert desk.intake.take(desk.delivered(TODAY)) is Outcome.LATER
    assert desk.intake.take(b"a.b.c") is Outcome.REFUSED
    desk.clock.now_unix_s = NOON_OF_THE_VECTORS
    desk.look_around()
    assert desk.keeper.ring.epochs() == (TODAY,)
    assert desk.counts() == (1, 1)
    desk.look_around()
    assert desk.counts() == (1, 1)


def test_delivery_that_waited_for_nothing_is_refused_once(desk: Desk) -> None:
    desk.clock.now_unix_s -= 365 * EPOCH_LENGTH_S
    assert desk.intake.take(desk.delivered(TODAY)) is Outcome.LATER
    desk.clock.now_unix_s = NOON_OF_THE_VECTORS + 365 * EPOCH_LENGTH_S
    for _ in range(2):
        desk.look_around()
        assert desk.counts() == (0, 1)


def test_delivery_of_another_authority_is_refused(desk: Desk) -> None:
    other = DeliveringAuthority(SigningKey.generate(), NOON_OF_THE_VECTORS)
    key = desk.keeper.announcement(CERTIFICATE).key
    assert desk.intake.take(other.sealed(key, other.delivery(TODAY))) is Outcome.REFUSED
    assert desk.keeper.ring.epochs() == ()
    assert desk.counts() == (0, 1)


@pytest.mark.parametrize("untrusted", [b"", b"x", b"a.b.c", bytes(4096), b"e" * 100_000])
def test_what_is_no_delivery_is_refused(tmp_path: Path, untrusted: bytes) -> None:
    desk = desk_of(tmp_path)
    assert desk.intake.take(untrusted) is Outcome.REFUSED


def test_delivery_to_an_older_key_has_the_newest_announced_once_a_minute(desk: Desk) -> None:
    recorded = desk.delivered(TODAY)
    desk.keeper.take(recorded)
    news = desk.keeper.news
    for _ in range(3):
        assert desk.intake.take(recorded) is Outcome.REFUSED
    assert desk.keeper.news == news + 1
    desk.clock.advance_s(60)
    desk.intake.take(recorded)
    assert desk.keeper.news == news + 2


def test_other_key_for_today_is_told_and_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = desk_of(tmp_path, TODAY)
    others = tuple(EpochKeys(epoch, b"n" * 32, b"n" * 32) for epoch in (TODAY, TODAY + 1))
    with caplog.at_level("WARNING"):
        outcome = desk.intake.take(desk.sealed(desk.authority.delivery(keys=others)))
    assert outcome is Outcome.TAKEN
    assert caplog.messages == ["keys_differ"]
    assert bytes(desk.keeper.ring.keys_for(TODAY).site_key) == epoch_keys(TODAY)[1]
    assert desk.keeper.ring.keys_for(TODAY + 1).site_key == b"n" * 32


def test_file_is_taken_and_removed(desk: Desk) -> None:
    desk.look_around()
    desk.incoming.mkdir()
    (desk.incoming / "booth-1.lprkeys").write_bytes(desk.delivered(TODAY) + b"\n")
    (desk.incoming / "notes.txt").write_bytes(b"left alone")
    desk.look_around()
    assert desk.keeper.ring.epochs() == (TODAY,)
    assert [path.name for path in desk.incoming.iterdir()] == ["notes.txt"]


def test_file_is_looked_for_every_few_seconds_only(desk: Desk) -> None:
    desk.look_around()
    desk.incoming.mkdir()
    (desk.incoming / "booth-1.lprkeys").write_bytes(desk.delivered(TODAY))
    desk.intake.look_around()
    assert desk.keeper.ring.epochs() == ()


@pytest.mark.parametrize("kind", ["forged", "endless", "link", "folder"])
def test_file_that_is_refused_is_put_aside(tmp_path: Path, kind: str) -> None:
    desk = desk_of(tmp_path)
    desk.incoming.mkdir()
    path = desk.incoming / "booth-1.lprkeys"
    if kind == "link":
        path.symlink_to(desk.path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"forged" * (1 if kind == "forged" else 10_000))
    desk.look_around()
    assert [path.name for path in desk.incoming.iterdir()] == ["booth-1.lprkeys.refused"]
    assert desk.keeper.ring.epochs() == ()


def test_file_waits_for_the_clock(desk: Desk) -> None:
    desk.incoming.mkdir()
    (desk.incoming / "booth-1.lprkeys").write_bytes(desk.delivered(TODAY))
    desk.clock.now_quality = TimeQuality.NONE
    desk.look_around()
    assert [path.name for path in desk.incoming.iterdir()] == ["booth-1.lprkeys"]
    desk.clock.now_quality = TimeQuality.NTP
    desk.look_around()
    assert [*desk.incoming.iterdir()] == []
    assert desk.counts() == (1, 0)


def test_folder_that_lets_nothing_be_removed_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    desk.incoming.mkdir()
    (desk.incoming / "booth-1.lprkeys").write_bytes(desk.delivered(TODAY))
    monkeypatch.setattr(Path, "unlink", refuse)
    desk.look_around()
    assert desk.keeper.ring.epochs() == (TODAY,)
    assert "keys_refused" in caplog.messages
