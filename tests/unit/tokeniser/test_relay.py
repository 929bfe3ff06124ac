"""From a reading to the tokens of a passage: the rules."""

from typing import Literal

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, TimeQuality, epoch_of
from edge_lpr.core.errors import HandoffError, NoValidKeyError
from edge_lpr.core.settings import (
    BoothSection,
    BoothSettings,
    LaneSection,
    SourceSection,
    TokeniserSection,
    VisionSection,
)
from edge_lpr.handoff.reading_message import ReadingMessage
from edge_lpr.tokeniser.chain import Passage
from edge_lpr.tokeniser.relay import PAST_KEY_KEPT_S, Relay
from edge_lpr.tokens import suite1
from edge_lpr.tokens.canonical import canonicalise
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens
from tests.support.booth import epoch_keys
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.readings import reading_of

TODAY = epoch_of(NOON_OF_THE_VECTORS)
MIDNIGHT = TODAY * EPOCH_LENGTH_S

SETTINGS = BoothSettings(
    booth=BoothSection(tenant="agency", site="north", device="booth-1"),
    lanes=(
        LaneSection(number=1, region=((0.0, 0.0), (0.5, 0.0), (0.0, 1.0))),
        LaneSection(number=2, region=((1.0, 0.0), (0.5, 0.0), (1.0, 1.0))),
    ),
    vision=VisionSection(source=SourceSection(kind="camera", address="0")),
)


def published(
    relay: Relay, reading: ReadingMessage, received_unix_s: int = NOON_OF_THE_VECTORS
) -> Passage:
    """Return the passage of a reading that is to be published."""
    passage = relay.passage_of(reading, received_unix_s=received_unix_s)
    assert isinstance(passage, Passage), passage
    return passage


@pytest.fixture(autouse=True)
def _cheap_stretching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretch little: what stretching gives is a matter of the token vectors, not of the relay."""
    monkeypatch.setattr(suite1, "_ARGON2_MEMORY_KIB", 32)
    monkeypatch.setattr(suite1, "_ARGON2_PASSES", 1)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def key_ring() -> KeyRing:
    keys = {epoch: TokenKeys(*epoch_keys(epoch)) for epoch in (TODAY - 1, TODAY, TODAY + 1)}
    return KeyRing(KeyPurpose.LIVE, keys)


@pytest.fixture
def relay(key_ring: KeyRing, clock: SetClock) -> Relay:
    return Relay(SETTINGS, key_ring, clock)


def test_passage_says_what_vision_saw(relay: Relay) -> None:
    passage = published(relay, reading_of(lane=2))
    assert (passage.lane, passage.direction, passage.confidence_bucket) == (2, "in", 3)
    assert passage.time_quality is TimeQuality.NTP


@pytest.mark.parametrize(("agreeing", "bucket"), [(2, 2), (3, 3), (5, 3), (6, 6), (255, 6)])
def test_agreeing_readings_are_bucketed(relay: Relay, agreeing: int, bucket: int) -> None:
    passage = published(relay, reading_of(agreeing_readings=agreeing))
    assert passage.reads_bucket == bucket


def test_tokens_are_those_that_a_server_makes_of_the_same_plate(relay: Relay) -> None:
    passage = published(relay, reading_of(b"B123ABC"))
    keys = TokenKeys(*epoch_keys(TODAY))
    expected = make_tokens(canonicalise("b-123 abc"), keys, TokenScope("agency", "north", TODAY))
    assert passage.tokens == expected


@pytest.mark.parametrize(
    ("age_ms", "at_unix_s"),
    [
        pytest.param(0, NOON_OF_THE_VECTORS, id="just now"),
        pytest.param(499, NOON_OF_THE_VECTORS, id="less than half a second"),
        pytest.param(500, NOON_OF_THE_VECTORS - 1, id="half a second"),
        pytest.param(600_000, NOON_OF_THE_VECTORS - 600, id="ten minutes"),
    ],
)
def test_time_of_the_passage_is_when_the_vehicle_was_last_seen(
    relay: Relay, age_ms: int, at_unix_s: int
) -> None:
    passage = published(relay, reading_of(age_ms=age_ms))
    assert passage.at_unix_s == at_unix_s


@pytest.mark.parametrize(
    ("received_unix_s", "age_ms", "epoch"),
    [
        pytest.param(MIDNIGHT, 0, TODAY, id="at midnight"),
        pytest.param(MIDNIGHT, 1000, TODAY - 1, id="seen a second before midnight"),
        pytest.param(MIDNIGHT + 599, 600_000, TODAY - 1, id="ten minutes in flight"),
    ],
)
def test_epoch_is_that_of_the_passage_and_not_of_its_arrival(
    relay: Relay, received_unix_s: int, age_ms: int, epoch: int
) -> None:
    passage = published(relay, reading_of(age_ms=age_ms), received_unix_s)
    assert passage.epoch == epoch


def test_lane_that_the_settings_do_not_have_is_refused(relay: Relay) -> None:
    with pytest.raises(HandoffError, match=r"lane 3, but the lanes are \[1, 2\]"):
        relay.passage_of(reading_of(lane=3), received_unix_s=NOON_OF_THE_VECTORS)


def test_no_token_is_made_without_a_key_for_the_epoch(relay: Relay) -> None:
    with pytest.raises(NoValidKeyError, match=f"epoch {TODAY + 2}"):
        relay.passage_of(reading_of(), received_unix_s=MIDNIGHT + 2 * EPOCH_LENGTH_S)


def test_no_token_is_made_without_a_clock(relay: Relay, clock: SetClock) -> None:
    clock.now_quality = TimeQuality.NONE
    with pytest.raises(NoValidKeyError, match="clock was reset"):
        relay.passage_of(reading_of(), received_unix_s=NOON_OF_THE_VECTORS)


def test_plate_is_wiped_once_its_token_is_made(relay: Relay) -> None:
    reading = reading_of(b"B123ABC")
    relay.passage_of(reading, received_unix_s=NOON_OF_THE_VECTORS)
    assert reading.class_indices == bytes(7)
    assert relay._canonical == bytes(12)


@pytest.mark.parametrize(
    ("lane", "received_unix_s"),
    [
        pytest.param(3, NOON_OF_THE_VECTORS, id="refused"),
        pytest.param(1, 0, id="no key"),
    ],
)
def test_plate_is_wiped_when_no_token_is_made(
    relay: Relay, lane: int, received_unix_s: int
) -> None:
    reading = reading_of(b"B123ABC", lane=lane)
    with pytest.raises((HandoffError, NoValidKeyError)):
        relay.passage_of(reading, received_unix_s=received_unix_s)
    assert reading.class_indices == bytes(7)
    assert relay._canonical == bytes(12)


def test_past_key_stays_fifteen_minutes(relay: Relay, key_ring: KeyRing, clock: SetClock) -> None:
    clock.now_unix_s = MIDNIGHT
    relay.forget_past_keys()
    clock.advance_s(PAST_KEY_KEPT_S - 1)
    relay.forget_past_keys()
    assert key_ring.epochs() == (TODAY - 1, TODAY, TODAY + 1)


def test_past_key_is_wiped_after_fifteen_minutes(
    relay: Relay, key_ring: KeyRing, clock: SetClock
) -> None:
    past_keys = key_ring.keys_for(TODAY - 1)
    clock.now_unix_s = MIDNIGHT
    relay.forget_past_keys()
    clock.advance_s(PAST_KEY_KEPT_S)
    relay.forget_past_keys()
    assert key_ring.epochs() == (TODAY, TODAY + 1)
    assert past_keys.stretch_key == past_keys.site_key == bytes(32)


def test_clock_that_nothing_has_set_destroys_no_key(
    relay: Relay, key_ring: KeyRing, clock: SetClock
) -> None:
    clock.now_unix_s = MIDNIGHT + 2 * EPOCH_LENGTH_S
    clock.now_quality = TimeQuality.NONE
    relay.forget_past_keys()
    assert key_ring.epochs() == (TODAY - 1, TODAY, TODAY + 1)


def test_keys_of_the_clocks_own_day_are_never_past(
    relay: Relay, key_ring: KeyRing, clock: SetClock
) -> None:
    clock.now_unix_s = MIDNIGHT
    relay.forget_past_keys()
    # Meanwhile it has become clear that it was not that late yet.
    clock.advance_s(PAST_KEY_KEPT_S)
    clock.now_unix_s = MIDNIGHT + 1
    relay.forget_past_keys()
    assert key_ring.epochs() == (TODAY - 1, TODAY, TODAY + 1)


def test_clock_that_jumps_ahead_and_is_set_right_destroys_no_key(
    relay: Relay, key_ring: KeyRing, clock: SetClock
) -> None:
    right_s = clock.now_unix_s
    for _ in range(3):
        clock.now_unix_s = right_s + 3650 * EPOCH_LENGTH_S
        relay.forget_past_keys()
        clock.advance_s(PAST_KEY_KEPT_S - 1)
        relay.forget_past_keys()
        clock.now_unix_s = NOON_OF_THE_VECTORS - EPOCH_LENGTH_S
        relay.forget_past_keys()
    assert key_ring.epochs() == (TODAY - 1, TODAY, TODAY + 1)


def test_clock_that_stays_ahead_is_believed(
    relay: Relay, key_ring: KeyRing, clock: SetClock
) -> None:
    clock.now_unix_s += 3650 * EPOCH_LENGTH_S
    relay.forget_past_keys()
    clock.advance_s(PAST_KEY_KEPT_S)
    relay.forget_past_keys()
    assert key_ring.epochs() == ()


def test_passage_has_no_telling_repr(relay: Relay) -> None:
    passage = published(relay, reading_of())
    assert repr(passage.tokens.exact) not in repr(passage)


@pytest.mark.parametrize(
    ("resolution_s", "at_unix_s"),
    [(1, MIDNIGHT - 1), (10, MIDNIGHT - 10), (60, MIDNIGHT - 60)],
)
def test_time_is_rounded_down_and_stays_in_its_epoch(
    key_ring: KeyRing, clock: SetClock, resolution_s: Literal[1, 10, 60], at_unix_s: int
) -> None:
    settings = SETTINGS.model_copy(
        update={"tokeniser": TokeniserSection(time_resolution_s=resolution_s)}
    )
    passage = published(Relay(settings, key_ring, clock), reading_of(age_ms=1000), MIDNIGHT)
    assert (passage.at_unix_s, passage.epoch) == (at_unix_s, TODAY - 1)
