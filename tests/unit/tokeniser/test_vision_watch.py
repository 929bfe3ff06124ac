"""What vision said last stands until it has been silent for too long, and is held to counting."""

import random

import pytest

from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.vision_report import REPORT_INTERVAL_S, VisionReport
from edge_lpr.tokeniser.vision_watch import (
    MOST_REPORTS_AT_ONCE,
    MOST_STARTS_AT_ONCE,
    START_SPACING_NS,
    VisionWatch,
)
from tests.support.clock import SetClock

AWAY_AFTER_S = 75


def report_of(frames: int) -> VisionReport:
    return VisionReport("good", dict.fromkeys(VISION_COUNTERS, 0) | {"frames": frames})


def test_vision_that_has_not_come_yet_is_not_away_at_once() -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    assert vision.latest() is None
    assert not vision.is_away()
    clock.advance_s(AWAY_AFTER_S + 1)
    assert vision.is_away()


def test_last_report_stands_while_vision_reports() -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    for frames in range(20):
        clock.advance_s(REPORT_INTERVAL_S)
        vision.hear()
        assert vision.take(report_of(frames))
        assert vision.latest() == report_of(frames)


def test_report_of_a_vision_that_is_away_says_nothing_any_more() -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    vision.hear()
    vision.take(report_of(1))
    clock.advance_s(AWAY_AFTER_S)
    assert vision.latest() == report_of(1)
    clock.advance_s(1)
    assert vision.latest() is None


def test_vision_that_waits_for_us_is_there() -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    vision.take(report_of(1))
    for _ in range(10):
        clock.advance_s(AWAY_AFTER_S)
        vision.hear()
    assert vision.latest() == report_of(1)


def test_flood_of_reports_says_no_more_than_a_few() -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    taken = [vision.take(report_of(number)) for number in range(100)]
    assert taken == [True] * MOST_REPORTS_AT_ONCE + [False] * (100 - MOST_REPORTS_AT_ONCE)
    assert vision.latest() == report_of(MOST_REPORTS_AT_ONCE - 1)
    clock.advance_s(REPORT_INTERVAL_S / 2)
    assert [vision.take(report_of(number)) for number in (3, 4)] == [True, False]


def test_plates_spelt_in_counters_do_not_leave_the_booth() -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    spelling = random.Random(1)  # noqa: S311 - a seed, no secret
    taken: list[bool] = []
    for _ in range(100):
        clock.advance_s(REPORT_INTERVAL_S)
        vision.hear()
        numbers = {name: spelling.randrange(1_000) * 10**9 for name in VISION_COUNTERS}
        taken.append(vision.take(VisionReport("good", numbers)))
    assert not any(taken)
    said = vision.latest()
    assert said is not None
    assert set(said.counters.values()) == {0}


@pytest.mark.parametrize("name", ["frames", "handed_over"])
def test_counter_that_falls_or_leaps_is_not_believed_but_the_camera_is(name: str) -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    clock.advance_s(REPORT_INTERVAL_S)
    counters = dict.fromkeys(VISION_COUNTERS, 100)
    assert vision.take(VisionReport("good", counters))
    for number in (99, 1_000_000):
        clock.advance_s(REPORT_INTERVAL_S)
        vision.hear()
        assert not vision.take(VisionReport("dark", counters | {name: number}))
        assert vision.latest() == VisionReport("dark", counters)


def test_counters_of_a_vision_that_has_run_for_a_day_are_believed() -> None:
    clock = SetClock()
    clock.advance_s(86_400)
    assert VisionWatch(clock).take(report_of(86_400 * 30))


def test_new_vision_process_counts_from_the_beginning() -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    vision.begin()
    assert vision.take(report_of(1_000))
    vision.begin()
    clock.advance_s(REPORT_INTERVAL_S)
    assert vision.take(report_of(10))
    clock.advance_s(REPORT_INTERVAL_S)
    assert not vision.take(report_of(9)), "once for each connection"


def test_vision_that_begins_anew_all_the_time_is_not_believed_all_the_time() -> None:
    clock = SetClock()
    vision = VisionWatch(clock)
    vision.take(report_of(1_000))

    def begins_anew(frames: int) -> bool:
        clock.advance_s(REPORT_INTERVAL_S)
        vision.begin()
        return vision.take(report_of(frames))

    taken = [begins_anew(frames) for frames in range(999, 979, -1)]
    assert taken == [True] * MOST_STARTS_AT_ONCE + [False] * (20 - MOST_STARTS_AT_ONCE)
    clock.advance_s(START_SPACING_NS / 1_000_000_000)
    assert [begins_anew(frames) for frames in (2, 1)] == [True, False]
