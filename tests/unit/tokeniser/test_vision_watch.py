"""What vision said last stands until it has been silent for too long."""

from edge_lpr.handoff.vision_report import COUNTER_NAMES, REPORT_INTERVAL_S, VisionReport
from edge_lpr.tokeniser.vision_watch import MOST_REPORTS_AT_ONCE, VisionWatch
from tests.support.clock import SetClock

AWAY_AFTER_S = 75


def report_of(frames: int) -> VisionReport:
    return VisionReport("good", dict.fromkeys(COUNTER_NAMES, 0) | {"frames": frames})


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
    assert [vision.take(report_of(number)) for number in (1, 2)] == [True, False]
