"""A camera that begins to give other frames does not do so in silence."""

import logging
from collections.abc import Iterable

import numpy as np
import pytest

from edge_lpr.core.log import Log
from edge_lpr.vision.contracts import Frame, Moment, Pause
from edge_lpr.vision.frame_size import report_frame_size
from tests.support.clock import SetClock


def frames_of(*sizes_px: tuple[int, int]) -> list[Moment]:
    return [
        Frame(np.zeros((height_px, width_px, 3), np.uint8), index, index)
        for index, (width_px, height_px) in enumerate(sizes_px)
    ]


def reported(
    caplog: pytest.LogCaptureFixture, source: Iterable[Moment], clock: SetClock | None = None
) -> list[dict[str, int]]:
    with caplog.at_level(logging.WARNING):
        for _ in report_frame_size(source, clock or SetClock(), Log("vision")):
            pass
    assert {record.msg for record in caplog.records} <= {"frame_size_changed"}
    return [vars(record)["edge_lpr_fields"] for record in caplog.records]


def test_every_moment_is_passed_on() -> None:
    moments = [*frames_of((64, 48), (32, 24)), Pause(2)]
    assert list(report_frame_size(moments, SetClock(), Log("vision"))) == moments


def test_frames_of_one_size_are_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    assert reported(caplog, frames_of((64, 48), (64, 48))) == []


def test_change_of_size_is_written_with_the_new_size(caplog: pytest.LogCaptureFixture) -> None:
    assert reported(caplog, frames_of((64, 48), (32, 24), (32, 24))) == [
        {"width_px": 32, "height_px": 24}
    ]


def test_pause_does_not_hide_the_change(caplog: pytest.LogCaptureFixture) -> None:
    before, after = frames_of((64, 48), (32, 24))
    assert len(reported(caplog, [before, Pause(1), after])) == 1


def test_sizes_that_change_all_the_time_do_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = SetClock()

    def source() -> Iterable[Moment]:
        yield from frames_of(*[(64, 48), (32, 24)] * 50)
        clock.advance_s(60)
        yield from frames_of((64, 48))

    assert len(reported(caplog, source(), clock)) == 2
