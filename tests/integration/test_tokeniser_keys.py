"""Deliveries of keys, the transport key that follows each, and the file that remembers both."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, TimeQuality, epoch_of
from edge_lpr.core.errors import (
    KeyFileError,
    NoValidKeyError,
    SealedToOtherKeyError,
    VerificationError,
)
from edge_lpr.core.log import Log
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.tokeniser import key_keeper
from edge_lpr.tokeniser.clock_floor import FlooredClock
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.key_intake import LOOK_INTERVAL_NS, KeyIntake, Outcome
from edge_lpr.tokeniser.key_keeper import KeyKeeper, fresh_state
from edge_lpr.tokens.key_ring import (
    KeyPurpose,
    KeyRing,
    KeyState,
    read_key_state,
    write_key_state,
)
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.tokens.suite1 import TokenKeys
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys
from edge_lpr.wire.topics import DeviceAddress
from tests.support.booth import epoch_keys, lay_out_booth
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.deliveries import DeliveringAuthority, settings_with_authority

TODAY = epoch_of(NOON_OF_THE_VECTORS)
AUTHORITY_KEY = SigningKey.generate()
CERTIFICATE = b"header.payload.signature"


@dataclass
class Desk:
    """A booth's keeper and intake, without a process around them."""

    settings: BoothSettings
    clock: SetClock
    authority: DeliveringAuthority
    sealing_key: SealingKey | None = None
    funnel: Funnel = field(default_factory=Funnel)

    def __post_init__(self) -> None:
        self.start()

    @property
    def path(self) -> Path:
        return self.settings.tokeniser.key_ring_file

    @property
    def incoming(self) -> Path:
        return self.settings.tokeniser.incoming_folder

    def start(self, *, has_authority: bool = True) -> None:
        """Start, or start again, with what the file says."""
        state = read_key_state(self.path, self.sealing_key)
        self.floored = FlooredClock(self.clock, state.issued_at_s)
        self.keeper = KeyKeeper(
            self.settings,
            state,
            authority=AUTHORITY_KEY.public_key if has_authority else None,
            sealing_key=self.sealing_key,
            clock=self.floored,
        )
        self.intake = KeyIntake(
            self.keeper,
            self.incoming,
            funnel=self.funnel,
            log=Log("test"),
            clock=self.floored,
        )

    def delivered(self, *epochs: int) -> bytes:
        """Return a sound delivery to the newest key."""
        return self.sealed(self.authority.delivery(*epochs))

    def sealed(self, delivery: object) -> bytes:
        key = self.keeper.announcement(CERTIFICATE).key
        return self.authority.sealed(key, delivery)  # type: ignore[arg-type]

    def look_around(self) -> None:
        self.clock.now_monotonic_ns += LOOK_INTERVAL_NS
        self.intake.look_around()

    def counts(self) -> tuple[int, int]:
        counters = self.funnel.counters()
        return counters["deliveries"], counters["deliveries_refused"]


@pytest.fixture(params=["plain", "sealed"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return desk_of(
        tmp_path, sealing_key=SealingKey(b"z" * 32) if request.param == "sealed" else None
    )


def desk_of(
    folder: Path,
    *epochs: int,
    source_kind: str = "folder",
    purpose: KeyPurpose = KeyPurpose.TEST,
    sealing_key: SealingKey | None = None,
) -> Desk:
    booth = lay_out_booth(
        folder, source_kind=source_kind, more_tokeniser_settings=settings_with_authority(folder)
    )
    keys = {epoch: TokenKeys(*epoch_keys(epoch)) for epoch in epochs}
    write_key_state(
        booth.key_ring_file,
        KeyState(
            ring=KeyRing(purpose, keys),
            transport_key=fresh_state(KeyRing(purpose, {}), SetClock()).transport_key,
            transport_number=1,
        ),
        sealing_key,
    )
    authority = DeliveringAuthority(AUTHORITY_KEY, NOON_OF_THE_VECTORS)
    return Desk(load_settings(booth.settings_file), SetClock(), authority, sealing_key)


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
        patch.setattr(key_keeper, "write_key_state", _no_space)
        with pytest.raises(KeyFileError):
            desk.keeper.save_if_changed()
    desk.keeper.save_if_changed()
    assert read_key_state(desk.path).ring.epochs() == (TODAY,)


def _no_space(path: Path, *_: object) -> None:
    raise KeyFileError(f"{path}: cannot be written (No space left on device)")


def test_full_disk_makes_a_delivery_wait_and_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery, before = desk.delivered(TODAY), desk.keeper.announcement(CERTIFICATE)
    with monkeypatch.context() as patch:
        patch.setattr(key_keeper, "write_key_state", _no_space)
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
