"""What is written about a camera, and when."""

import logging

import pytest

from edge_lpr.core.log import Log
from edge_lpr.vision.camera_log import CameraLog
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock


def skipped(camera: CameraLog, caplog: pytest.LogCaptureFixture) -> int:
    """Return what the next line says of frames that were not taken in time."""
    caplog.clear()
    with caplog.at_level(logging.INFO):
        camera.report()
    (record,) = caplog.records
    counters: dict[str, int] = record.__dict__["edge_lpr_fields"]["counters"]
    return counters["skipped"]


def test_numbers_of_a_minute_are_written(caplog: pytest.LogCaptureFixture) -> None:
    clock = SetClock(NOON_OF_THE_VECTORS)
    camera = CameraLog(Log("vision"), clock)
    camera.count("skipped", 7)
    clock.advance_s(60)
    assert skipped(camera, caplog) == 7


def test_where_nobody_may_read_when_somebody_passed_numbers_change_once_an_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = SetClock(NOON_OF_THE_VECTORS)
    camera = CameraLog(Log("vision"), clock, is_hourly=True)
    # A plate was read meanwhile.
    camera.count("skipped", 7)
    clock.advance_s(60)
    assert skipped(camera, caplog) == 0
    clock.advance_s(3540)
    assert skipped(camera, caplog) == 7
    camera.count("skipped")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        camera.report_now()
    assert caplog.records[0].__dict__["edge_lpr_fields"]["counters"]["skipped"] == 7
