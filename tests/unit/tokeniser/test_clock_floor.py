"""A clock that is earlier than it can be is no clock."""

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.tokeniser.clock_floor import CLOCK_TOLERANCE_S, FlooredClock
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock


@pytest.mark.parametrize(
    ("behind_s", "quality"),
    [
        (-1, TimeQuality.RTC),
        (CLOCK_TOLERANCE_S, TimeQuality.RTC),
        (CLOCK_TOLERANCE_S + 1, TimeQuality.NONE),
    ],
)
def test_clock_behind_its_floor_has_no_quality(behind_s: int, quality: TimeQuality) -> None:
    clock = SetClock(NOON_OF_THE_VECTORS - behind_s, 5, TimeQuality.RTC)
    floored = FlooredClock(clock, NOON_OF_THE_VECTORS)
    assert floored.quality() is quality
    assert (floored.unix_s(), floored.monotonic_ns()) == (clock.now_unix_s, 5)


def test_floor_rises_and_never_falls() -> None:
    floored = FlooredClock(SetClock(), 0)
    floored.raise_floor(NOON_OF_THE_VECTORS)
    floored.raise_floor(7)
    assert floored.floor_s == NOON_OF_THE_VECTORS


def test_clock_that_is_set_right_is_believed_again() -> None:
    clock = SetClock(NOON_OF_THE_VECTORS - 1_000_000)
    floored = FlooredClock(clock, NOON_OF_THE_VECTORS)
    assert floored.is_behind()
    clock.now_unix_s = NOON_OF_THE_VECTORS
    assert floored.quality() is TimeQuality.NTP
