"""What a vehicle moves is told as it stood at the last full hour, whoever reads how often."""

from itertools import pairwise

from edge_lpr.diagnostics.finding import Finding
from edge_lpr.metrics.hours import HourlyReadings
from edge_lpr.metrics.readings import readings_of
from tests.support.clock import SetClock
from tests.support.metrics import finding

HOUR_S = 3600


def seen(agreed: int) -> list[Finding]:
    return [finding("funnel", agreed=agreed)]


def kept(hourly: HourlyReadings) -> int | None:
    funnel = hourly.kept.get("funnel")
    return None if funnel is None else funnel.numbers["agreed"]


def test_nothing_is_told_before_a_whole_hour_and_then_it_stands_still() -> None:
    clock = SetClock()
    hourly = HourlyReadings(clock)
    told = []
    # From a minute after the full hour, so that the next one is a whole hour of its own away.
    clock.advance_s(120)
    for minute in range(240):
        hourly.note(readings_of(seen(minute)))
        told.append(kept(hourly))
        clock.advance_s(60)
    assert told[:58] == [None] * 58
    changes = [minute for minute in range(1, 240) if told[minute] != told[minute - 1]]
    assert len(changes) == 4
    assert {later - change for change, later in pairwise(changes)} == {60}
    assert hourly.counted_s is not None
    assert hourly.counted_s % HOUR_S < 60


def test_how_often_somebody_looks_changes_nothing() -> None:
    clock = SetClock()
    hourly = HourlyReadings(clock)
    clock.advance_s(2 * HOUR_S)
    hourly.note(readings_of(seen(1)))
    for more in range(2, 1000):
        clock.advance_s(3)
        hourly.note(readings_of(seen(more)))
        assert kept(hourly) == 1


def test_process_that_was_started_anew_waits_for_a_whole_hour_of_its_own() -> None:
    clock = SetClock()
    hourly = HourlyReadings(clock)
    clock.advance_s(2 * HOUR_S)
    hourly.note(readings_of(seen(100)))
    assert kept(hourly) == 100
    clock.advance_s(50 * 60)
    hourly.note(readings_of(seen(3)))
    assert (kept(hourly), hourly.counted_s) == (None, None)
    # Ten minutes of it would tell what happened in ten minutes.
    clock.advance_s(15 * 60)
    hourly.note(readings_of(seen(4)))
    assert kept(hourly) is None
    clock.advance_s(HOUR_S)
    hourly.note(readings_of(seen(40)))
    assert kept(hourly) == 40


def test_one_answer_that_is_missing_is_forgiven_and_two_are_not() -> None:
    clock = SetClock()
    hourly = HourlyReadings(clock)
    clock.advance_s(2 * HOUR_S)
    hourly.note(readings_of(seen(100)))
    hourly.note({})
    assert kept(hourly) == 100
    hourly.note(readings_of(seen(101)))
    hourly.note({})
    hourly.note({})
    assert kept(hourly) is None


def test_clock_that_is_set_forward_brings_no_count_early() -> None:
    clock = SetClock()
    hourly = HourlyReadings(clock)
    clock.advance_s(2 * HOUR_S)
    hourly.note(readings_of(seen(1)))
    for _ in range(30):
        clock.now_unix_s += HOUR_S
        clock.advance_s(60)
        hourly.note(readings_of(seen(9)))
        assert kept(hourly) == 1
