"""The transport key that follows each delivery, and the file that remembers it."""

from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, TimeQuality
from edge_lpr.core.errors import (
    KeyFileError,
    NoValidKeyError,
    SealedToOtherKeyError,
    VerificationError,
)
from edge_lpr.tokeniser import key_keeper
from edge_lpr.tokens.key_ring import KeyPurpose, read_key_state
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire.topics import DeviceAddress
from tests.support.booth import epoch_keys
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.key_desks import CERTIFICATE, TODAY, Desk, desk_of, no_space


@pytest.fixture(params=["plain", "sealed"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return desk_of(
        tmp_path, sealing_key=SealingKey(b"z" * 32) if request.param == "sealed" else None
    )


def test_delivered_keys_are_held_and_remembered(desk: Desk) -> None:
    taken = desk.keeper.take(desk.delivered(TODAY, TODAY + 1))
    assert taken.epochs == desk.keeper.ring.epochs() == (TODAY, TODAY + 1)
    state = read_key_state(desk.path, desk.sealing_key)
    assert state.ring.epochs() == (TODAY, TODAY + 1)
    assert bytes(state.ring.keys_for(TODAY).site_key) == epoch_keys(TODAY)[1]
    assert (state.delivery_number, state.issued_at_s) == (1, NOON_OF_THE_VECTORS)


def test_every_delivery_is_followed_by_a_new_transport_key(desk: Desk) -> None:
    before = desk.keeper.announcement(CERTIFICATE)
    old_key, news = desk.keeper._state.transport_key, desk.keeper.news
    desk.keeper.take(desk.delivered(TODAY))
    after = desk.keeper.announcement(CERTIFICATE)
    assert after.key != before.key
    assert after.number > before.number
    assert (after.delivery, after.epochs) == (1, (TODAY,))
    assert desk.keeper.news != news
    assert old_key == bytes(32)
    assert old_key != desk.keeper._state.transport_key


def test_what_the_broker_recorded_cannot_be_opened_by_who_takes_the_booth(desk: Desk) -> None:
    recorded, old_key = desk.delivered(TODAY), bytes(desk.keeper._state.transport_key)
    desk.keeper.take(recorded)
    desk.start()
    with pytest.raises(SealedToOtherKeyError):
        desk.keeper.take(recorded)
    assert old_key not in desk.path.read_bytes()


def test_key_that_was_announced_is_known_after_a_restart(desk: Desk) -> None:
    desk.keeper.take(desk.delivered(TODAY))
    before = desk.keeper.announcement(CERTIFICATE)
    desk.start()
    assert desk.keeper.announcement(CERTIFICATE) == before
    assert desk.keeper.take(desk.delivered(TODAY + 1)).epochs == (TODAY, TODAY + 1)


def test_wiped_keys_leave_the_disk_too(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, TODAY - 1, TODAY)
    past = epoch_keys(TODAY - 1)
    news = desk.keeper.news
    desk.keeper.save_if_changed()
    assert desk.keeper.news == news
    with desk.path.open("rb") as old_file:
        desk.keeper.ring.wipe_before(TODAY)
        desk.keeper.save_if_changed()
        on_disk = old_file.read() + desk.path.read_bytes()
    assert not any(key in on_disk for key in past)
    assert desk.keeper.news != news
    assert read_key_state(desk.path).ring.epochs() == (TODAY,)


def test_disk_that_is_full_when_keys_are_past_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(tmp_path, TODAY - 1, TODAY)
    desk.keeper.ring.wipe_before(TODAY)
    with monkeypatch.context() as patch:
        patch.setattr(key_keeper, "write_key_state", no_space)
        with pytest.raises(KeyFileError):
            desk.keeper.save_if_changed()
    desk.keeper.save_if_changed()
    assert read_key_state(desk.path).ring.epochs() == (TODAY,)


def test_clock_behind_the_last_delivery_is_noticed_after_a_restart(desk: Desk) -> None:
    desk.keeper.take(desk.delivered(TODAY))
    desk.clock.now_unix_s -= 365 * EPOCH_LENGTH_S
    desk.start()
    assert desk.floored.quality() is TimeQuality.NONE


def test_clock_a_year_ahead_takes_no_delivery(desk: Desk) -> None:
    delivery = desk.delivered(TODAY)
    desk.clock.now_unix_s += 365 * EPOCH_LENGTH_S
    with pytest.raises(VerificationError, match="clock is ahead"):
        desk.keeper.take(delivery)
    assert desk.keeper.ring.epochs() == ()


def test_old_delivery_does_not_move_the_clocks_floor(desk: Desk) -> None:
    desk.keeper.take(desk.delivered(TODAY))
    old = desk.authority.delivery(TODAY, number=1, issued_at=NOON_OF_THE_VECTORS + 10**6)
    with pytest.raises(VerificationError, match="was taken"):
        desk.keeper.take(desk.sealed(old))
    assert desk.floored.quality() is TimeQuality.NTP


def test_delivery_of_another_device_is_refused(desk: Desk) -> None:
    foreign = desk.authority.delivery(TODAY, address=DeviceAddress("agency", "north", "booth-2"))
    with pytest.raises(VerificationError, match="another device"):
        desk.keeper.take(desk.sealed(foreign))


def test_nothing_is_taken_without_an_authority(desk: Desk) -> None:
    delivery = desk.delivered(TODAY)
    desk.start(has_authority=False)
    assert not desk.keeper.takes_deliveries
    with pytest.raises(VerificationError, match=r"tokeniser\.authority_file names no authority"):
        desk.keeper.take(delivery)


def test_live_keys_are_never_taken_for_replayed_frames(desk: Desk) -> None:
    live = desk.authority.delivery(TODAY, purpose=KeyPurpose.LIVE)
    with pytest.raises(VerificationError, match="for live input"):
        desk.keeper.take(desk.sealed(live))


def test_first_keys_decide_what_a_camera_is_for_until_the_birth_has_said_it(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, source_kind="camera", purpose=KeyPurpose.LIVE)
    desk.keeper.take(desk.sealed(desk.authority.delivery(TODAY, purpose=KeyPurpose.TEST)))
    assert desk.keeper.ring.purpose is KeyPurpose.TEST
    assert not desk.keeper.must_restart


def test_keys_of_another_purpose_after_the_birth_make_no_token_before_the_next(
    tmp_path: Path,
) -> None:
    desk = desk_of(tmp_path, source_kind="camera", purpose=KeyPurpose.LIVE)
    desk.keeper.bind_purpose()
    desk.keeper.take(desk.sealed(desk.authority.delivery(TODAY, purpose=KeyPurpose.TEST)))
    assert desk.keeper.must_restart
    with pytest.raises(NoValidKeyError):
        desk.keeper.ring.keys_for(TODAY)
    desk.start()
    assert desk.keeper.ring.purpose is KeyPurpose.TEST
    assert desk.keeper.ring.epochs() == (TODAY,)


def test_booth_without_a_key_for_today_calls_once_an_hour_under_a_new_number(desk: Desk) -> None:
    numbers = []
    for minutes in (0, 1, 58, 1):
        desk.clock.advance_s(60 * minutes)
        desk.keeper.call_for_keys()
        numbers.append(desk.keeper.announcement(CERTIFICATE).number)
    first = NOON_OF_THE_VECTORS
    assert numbers == [first, first, first, first + 3600]
    assert read_key_state(desk.path, desk.sealing_key).transport_number == first + 3600
    desk.keeper.take(desk.delivered(TODAY))
    number = desk.keeper.announcement(CERTIFICATE).number
    desk.clock.advance_s(3600)
    desk.keeper.call_for_keys()
    assert desk.keeper.announcement(CERTIFICATE).number == number


def test_booth_that_lost_its_memory_without_a_clock_is_heard_once_it_has_one(
    tmp_path: Path,
) -> None:
    desk = desk_of(tmp_path)
    desk.clock.now_quality = TimeQuality.NONE
    desk.keeper.call_for_keys()
    assert desk.keeper.announcement(CERTIFICATE).number == 1
    desk.clock.now_quality = TimeQuality.NTP
    news = desk.keeper.news
    desk.keeper.call_for_keys()
    assert desk.keeper.announcement(CERTIFICATE).number == NOON_OF_THE_VECTORS
    assert desk.keeper.news != news


def test_booth_without_an_authority_calls_nobody(desk: Desk) -> None:
    desk.start(has_authority=False)
    desk.keeper.call_for_keys()
    assert read_key_state(desk.path, desk.sealing_key).transport_number == 1
