"""Which deliveries of keys are taken, and what is held afterwards."""

from dataclasses import replace

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, TimeQuality, epoch_of
from edge_lpr.core.errors import NoValidKeyError, VerificationError
from edge_lpr.tokeniser.clock_floor import CLOCK_TOLERANCE_S
from edge_lpr.tokeniser.key_desk import (
    Holder,
    differs_today,
    judge_delivery,
    keys_after,
    next_number,
    purposes,
)
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.tokens.suite1 import TokenKeys
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery
from edge_lpr.wire.topics import DeviceAddress
from tests.support.booth import ADDRESS, epoch_keys
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.deliveries import keys_of

TODAY = epoch_of(NOON_OF_THE_VECTORS)
YEAR_S = 365 * EPOCH_LENGTH_S
HOLDER = Holder(ADDRESS, 4, frozenset({KeyPurpose.LIVE}))
SOUND = KeyDelivery(
    address=ADDRESS,
    number=8,
    issued_at=NOON_OF_THE_VECTORS,
    last_valid=NOON_OF_THE_VECTORS + EPOCH_LENGTH_S,
    purpose=KeyPurpose.LIVE,
    keys=keys_of(range(TODAY, TODAY + 4)),
)


def held(*epochs: int) -> dict[int, TokenKeys]:
    return {epoch: TokenKeys(*epoch_keys(epoch)) for epoch in epochs}


def judge(delivery: KeyDelivery, clock: SetClock | None = None, holder: Holder = HOLDER) -> None:
    judge_delivery(delivery, holder, last_number=7, clock=clock or SetClock())


def test_sound_delivery_is_taken() -> None:
    judge(SOUND)


@pytest.mark.parametrize(
    "device",
    [
        DeviceAddress("other", "north", "booth-1"),
        DeviceAddress("agency", "south", "booth-1"),
        DeviceAddress("agency", "north", "booth-2"),
    ],
)
def test_delivery_to_another_device_is_refused(device: DeviceAddress) -> None:
    with pytest.raises(VerificationError, match="another device"):
        judge(replace(SOUND, address=device))


@pytest.mark.parametrize("number", [1, 7])
def test_replayed_and_older_deliveries_are_refused(number: int) -> None:
    with pytest.raises(VerificationError, match=f"has number {number}, but 7 was taken"):
        judge(replace(SOUND, number=number))


@pytest.mark.parametrize(
    ("behind_s", "is_taken"),
    [
        pytest.param(0, True, id="right"),
        pytest.param(CLOCK_TOLERANCE_S, True, id="a little"),
        pytest.param(CLOCK_TOLERANCE_S + 1, False, id="too much"),
        pytest.param(YEAR_S, False, id="a year"),
    ],
)
def test_clock_that_is_behind_makes_a_delivery_wait(behind_s: int, *, is_taken: bool) -> None:
    clock = SetClock(now_unix_s=NOON_OF_THE_VECTORS - behind_s)
    if is_taken:
        judge(SOUND, clock)
        return
    with pytest.raises(NoValidKeyError, match="days behind the authority's"):
        judge(SOUND, clock)


def test_clock_a_year_behind_is_told_in_days() -> None:
    with pytest.raises(NoValidKeyError, match=r"365\.0 days behind"):
        judge(SOUND, SetClock(now_unix_s=NOON_OF_THE_VECTORS - YEAR_S))


def test_clock_that_nothing_has_set_makes_a_delivery_wait() -> None:
    with pytest.raises(NoValidKeyError, match="until the clock is set"):
        judge(SOUND, SetClock(now_quality=TimeQuality.NONE))


@pytest.mark.parametrize("ahead_s", [EPOCH_LENGTH_S + 1, YEAR_S])
def test_delivery_whose_last_day_is_over_is_refused(ahead_s: int) -> None:
    with pytest.raises(VerificationError, match="last day of the delivery"):
        judge(SOUND, SetClock(now_unix_s=NOON_OF_THE_VECTORS + ahead_s))


def test_last_second_of_validity_counts() -> None:
    judge(SOUND, SetClock(now_unix_s=NOON_OF_THE_VECTORS + EPOCH_LENGTH_S))


def test_keys_of_another_purpose_are_refused() -> None:
    with pytest.raises(VerificationError, match="are for live input"):
        judge(SOUND, holder=replace(HOLDER, takes=frozenset({KeyPurpose.TEST})))


@pytest.mark.parametrize(
    ("source_is_live", "held_purpose", "is_bound", "taken"),
    [
        pytest.param(False, KeyPurpose.TEST, True, {KeyPurpose.TEST}, id="replayed"),
        pytest.param(False, KeyPurpose.LIVE, False, {KeyPurpose.TEST}, id="replayed, new"),
        pytest.param(True, KeyPurpose.LIVE, True, {KeyPurpose.LIVE}, id="live"),
        pytest.param(True, KeyPurpose.TEST, True, {KeyPurpose.TEST}, id="camera of a laboratory"),
        pytest.param(True, KeyPurpose.LIVE, False, set(KeyPurpose), id="camera, new"),
    ],
)
def test_live_keys_never_serve_replayed_frames(
    held_purpose: KeyPurpose, taken: set[KeyPurpose], *, source_is_live: bool, is_bound: bool
) -> None:
    assert purposes(source_is_live=source_is_live, held=held_purpose, is_bound=is_bound) == taken


@pytest.mark.parametrize(
    ("before", "delivered", "after"),
    [
        pytest.param((), (0, 1, 2, 3), (0, 1, 2, 3), id="first"),
        pytest.param((0, 1, 2), (3,), (0, 1, 2, 3), id="the next day"),
        pytest.param((0, 1), (2, 3, 4, 5), (0, 1, 2, 3), id="later ones wait"),
        pytest.param((), (-2, -1, 0), (0,), id="past ones are of no use"),
        pytest.param((-1, 0), (1,), (-1, 0, 1), id="yesterday's is kept a while"),
        pytest.param((0, 5, 6), (1,), (0, 1), id="more than may be held"),
    ],
)
def test_what_is_held_afterwards(
    before: tuple[int, ...], delivered: tuple[int, ...], after: tuple[int, ...]
) -> None:
    delivery = replace(SOUND, keys=keys_of(TODAY + day for day in delivered))
    keys = keys_after(delivery, HOLDER, held(*(TODAY + day for day in before)), today=TODAY)
    assert tuple(epoch - TODAY for epoch in keys) == after
    assert {
        epoch: (bytes(pair.stretch_key), bytes(pair.site_key)) for epoch, pair in keys.items()
    } == {epoch: epoch_keys(epoch) for epoch in keys}


def test_nine_epochs_never_are_held_not_even_beside_yesterdays() -> None:
    delivery = replace(SOUND, keys=keys_of(range(TODAY, TODAY + 8)))
    keys = keys_after(delivery, replace(HOLDER, epochs_held=8), held(TODAY - 1), today=TODAY)
    assert tuple(keys) == tuple(range(TODAY - 1, TODAY + 7))


@pytest.mark.parametrize("days", [(-1,), (4, 5)], ids=["past", "too far"])
def test_delivery_without_an_epoch_that_may_be_held_is_refused(days: tuple[int, ...]) -> None:
    delivery = replace(SOUND, keys=keys_of(TODAY + day for day in days))
    with pytest.raises(VerificationError, match="no keys from today to 3 days on"):
        keys_after(delivery, HOLDER, {}, today=TODAY)


def test_day_under_way_keeps_its_key_and_days_to_come_take_the_newest() -> None:
    others = tuple(EpochKeys(epoch, b"n" * 32, b"n" * 32) for epoch in (TODAY, TODAY + 1))
    before = held(TODAY, TODAY + 1)
    keys = keys_after(replace(SOUND, keys=others), HOLDER, before, today=TODAY)
    assert keys[TODAY] is before[TODAY]
    assert keys[TODAY + 1].site_key == b"n" * 32


@pytest.mark.parametrize(
    ("stretch", "site", "differs"),
    [
        pytest.param(*epoch_keys(TODAY), False, id="the same"),
        pytest.param(b"n" * 32, epoch_keys(TODAY)[1], True, id="other stretch key"),
        pytest.param(epoch_keys(TODAY)[0], b"n" * 32, True, id="other site key"),
    ],
)
def test_other_key_for_today_is_noticed(stretch: bytes, site: bytes, *, differs: bool) -> None:
    delivery = replace(SOUND, keys=(EpochKeys(TODAY, stretch, site),))
    assert differs_today(delivery, held(TODAY), today=TODAY) == differs
    assert not differs_today(delivery, held(TODAY + 1), today=TODAY)


@pytest.mark.parametrize(
    ("last", "quality", "number"),
    [
        pytest.param(1, TimeQuality.NTP, NOON_OF_THE_VECTORS, id="time"),
        pytest.param(2**40, TimeQuality.NTP, 2**40 + 1, id="time was ahead"),
        pytest.param(1, TimeQuality.NONE, 2, id="no time"),
    ],
)
def test_number_of_the_next_transport_key_rises(
    last: int, quality: TimeQuality, number: int
) -> None:
    assert next_number(last, SetClock(now_quality=quality)) == number
