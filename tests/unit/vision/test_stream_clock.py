"""A camera's time stamps become moments of ours, and never worse ones than the arrival."""

import pytest

from edge_lpr.vision.contracts import NANOSECONDS
from edge_lpr.vision.stream_clock import LONGEST_DELAY_NS, StreamClock

MS = NANOSECONDS // 1000
BOOT = 500 * NANOSECONDS


def test_without_stamps_a_frame_was_taken_when_it_came() -> None:
    clock = StreamClock()
    assert [clock.captured_ns(None, at) for at in (7, 9)] == [7, 9]
    assert clock.faults == 0


def test_the_least_late_frame_tells_when_the_others_were_taken() -> None:
    clock = StreamClock()
    late_ms = [80, 5, 60, 200]
    captured_ns = [
        clock.captured_ns(BOOT + index * 100 * MS, index * 100 * MS + late * MS)
        for index, late in enumerate(late_ms)
    ]
    # The first is taken at its word. Then the least late one, 5 ms, sets the clock for the rest.
    assert captured_ns[:2] == [80 * MS, 105 * MS]
    assert captured_ns[2:] == pytest.approx([205 * MS, 305 * MS], abs=MS)
    assert clock.faults == 0


def test_no_frame_was_taken_after_it_came() -> None:
    clock = StreamClock()
    for index, late in enumerate([90, 0, 30, 0, 500, 0]):
        arrival_ns = index * NANOSECONDS + late * MS
        assert clock.captured_ns(BOOT + index * NANOSECONDS, arrival_ns) <= arrival_ns


def test_a_clock_that_runs_slower_is_followed_for_a_day() -> None:
    clock = StreamClock()
    slower = 1 - 100e-6
    for second in range(1, 86_400):
        captured_ns = clock.captured_ns(round(second * NANOSECONDS * slower), second * NANOSECONDS)
        assert second * NANOSECONDS - captured_ns < MS
    assert clock.faults == 0


@pytest.mark.parametrize(
    "second_stamp_ns",
    [
        pytest.param(BOOT, id="stands still"),
        pytest.param(BOOT - 10 * NANOSECONDS, id="jumps back"),
        pytest.param(0, id="wraps"),
    ],
)
def test_stamps_that_do_not_go_forward_are_counted_and_replaced_by_the_arrival(
    second_stamp_ns: int,
) -> None:
    clock = StreamClock()
    clock.captured_ns(BOOT, 1 * NANOSECONDS)
    assert clock.captured_ns(second_stamp_ns, 2 * NANOSECONDS) == 2 * NANOSECONDS
    assert clock.faults == 1
    # From there on the stamps are believed again: this frame is 100 ms late.
    third_ns = clock.captured_ns(second_stamp_ns + NANOSECONDS, 3 * NANOSECONDS + 100 * MS)
    assert third_ns == pytest.approx(3 * NANOSECONDS, abs=MS)
    assert clock.faults == 1


def test_a_frame_that_seems_too_old_counts_as_new() -> None:
    clock = StreamClock()
    clock.captured_ns(BOOT, 0)
    arrival_ns = LONGEST_DELAY_NS + 2 * NANOSECONDS
    assert clock.captured_ns(BOOT + NANOSECONDS, arrival_ns) == arrival_ns
    assert clock.faults == 1


def test_a_jump_forwards_gives_the_arrival_and_no_fault() -> None:
    clock = StreamClock()
    clock.captured_ns(BOOT, 0)
    assert clock.captured_ns(BOOT + 3600 * NANOSECONDS, NANOSECONDS) == NANOSECONDS
    assert clock.faults == 0
