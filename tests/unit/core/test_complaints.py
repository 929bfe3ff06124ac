"""Faults that last are written once a minute, each kind on its own."""

import logging

import pytest

from edge_lpr.core.complaints import COMPLAINT_INTERVAL_NS, MAXIMUM_COMPLAINTS, Complaints
from edge_lpr.core.errors import HandoffError
from edge_lpr.core.log import Log
from tests.support.clock import SetClock

FAULT = HandoffError("a reading has 64 bytes, but one of 3 came")


def test_lasting_fault_is_written_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = SetClock()
    complaints = Complaints(Log("test"), clock)
    with caplog.at_level(logging.WARNING):
        complaints.about("reading_refused", FAULT)
        clock.now_monotonic_ns += COMPLAINT_INTERVAL_NS - 1
        complaints.about("reading_refused", FAULT)
        assert len(caplog.records) == 1
        clock.now_monotonic_ns += 1
        complaints.about("reading_refused", FAULT)
    assert [record.getMessage() for record in caplog.records] == ["reading_refused"] * 2


def test_another_fault_has_a_minute_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(Log("test"), SetClock())
    with caplog.at_level(logging.WARNING):
        complaints.about("reading_refused", FAULT)
        complaints.about("vision_away", FAULT)
    assert len(caplog.records) == 2


def test_one_cause_does_not_hide_another_of_the_same_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    complaints = Complaints(Log("test"), SetClock())
    with caplog.at_level(logging.WARNING):
        complaints.about("reading_refused", FAULT)
        complaints.about("reading_refused", HandoffError("its lane is not in the settings"))
    assert len(caplog.records) == 2


def test_many_different_faults_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    clock = SetClock()
    complaints = Complaints(Log("test"), clock)
    with caplog.at_level(logging.WARNING):
        for index in range(100):
            complaints.about("reading_refused", HandoffError(f"fault {index}"))
        assert len(caplog.records) == MAXIMUM_COMPLAINTS
        clock.now_monotonic_ns += COMPLAINT_INTERVAL_NS
        complaints.about("reading_refused", HandoffError("fault 100"))
    assert len(caplog.records) == MAXIMUM_COMPLAINTS + 1


def test_own_failure_is_written_with_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(Log("test"), SetClock())
    with caplog.at_level(logging.ERROR):
        complaints.failure(FAULT)
        complaints.failure(FAULT)
    assert [record.getMessage() for record in caplog.records] == ["failure"]
