"""Counters of which nobody can tell when they changed."""

from collections.abc import Mapping

from edge_lpr.core.hourly import HourlyCounters
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock


def counted(hourly: HourlyCounters) -> Mapping[str, int]:
    """Return what is told after a moment at which all is counted."""
    hourly.count()
    return hourly()


def test_counters_stand_still_until_the_hour_changes() -> None:
    clock, counters = SetClock(NOON_OF_THE_VECTORS), {"received": 0}
    hourly = HourlyCounters(lambda: counters, clock)
    counters["received"] = 3
    clock.advance_s(3599)
    assert counted(hourly) == {"received": 0}
    clock.advance_s(1)
    assert counted(hourly) == {"received": 3}
    counters["received"] = 4
    clock.advance_s(3599)
    assert counted(hourly) == {"received": 3}
    clock.advance_s(1)
    assert counted(hourly) == {"received": 4}


def test_counters_are_asked_for_without_being_counted() -> None:
    clock = SetClock(NOON_OF_THE_VECTORS)
    hourly = HourlyCounters(lambda: {"received": 1}, clock)
    clock.advance_s(3600)
    assert hourly() == {"received": 0}


def test_counters_begin_with_zeros_whatever_was_counted_before() -> None:
    assert HourlyCounters(lambda: {"tracks": 9}, SetClock())() == {"tracks": 0}


def test_start_shortly_before_the_hour_waits_for_the_next_one() -> None:
    clock, counters = SetClock(NOON_OF_THE_VECTORS - 300), {"received": 1}
    hourly = HourlyCounters(lambda: counters, clock)
    clock.advance_s(301)
    assert counted(hourly) == {"received": 0}
    clock.advance_s(3600)
    assert counted(hourly) == {"received": 1}


def test_whenever_it_was_started_it_counts_at_a_full_hour() -> None:
    clock, counters = SetClock(NOON_OF_THE_VECTORS + 1800), {"received": 1}
    hourly = HourlyCounters(lambda: counters, clock)
    clock.advance_s(3600)
    assert counted(hourly) == {"received": 0}
    clock.advance_s(1800)
    assert counted(hourly) == {"received": 1}


def test_clock_that_was_set_back_by_a_day_does_not_end_the_counting() -> None:
    clock, counters = SetClock(NOON_OF_THE_VECTORS), {"received": 1}
    hourly = HourlyCounters(lambda: counters, clock)
    clock.now_unix_s -= 86_400
    clock.advance_s(3600)
    assert counted(hourly) == {"received": 1}


def test_clock_that_is_set_back_and_forth_gives_no_count_in_between() -> None:
    clock, counters = SetClock(NOON_OF_THE_VECTORS), {"received": 1}
    hourly = HourlyCounters(lambda: counters, clock)
    for step_s in (7200, -7200, 3600):
        clock.now_unix_s += step_s
        assert counted(hourly) == {"received": 0}


def test_what_is_kept_does_not_change_with_its_source() -> None:
    clock, counters = SetClock(NOON_OF_THE_VECTORS), {"received": 1}
    hourly = HourlyCounters(lambda: counters, clock)
    clock.advance_s(3600)
    hourly.count()
    counters["received"] = 2
    assert hourly() == {"received": 1}
