"""The text that Prometheus scrapes: right numbers in base units, nothing of the machine's own."""

from typing import Any

import pytest

from edge_lpr import __version__
from edge_lpr.core.check_words import BROKER_STANDINGS, NONE, PROCESSES
from edge_lpr.core.errors import HandoffError
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.metrics.readings import Reading, coarse, readings_of
from tests.support.clock import SetClock
from tests.support.metrics import DIGESTS, finding, series, told

CLOCK = SetClock()


def test_numbers_are_in_base_units_and_two_digits() -> None:
    hourly = [
        finding("funnel", frames=123_456, agreed=1299),
        finding("budget", sent_kb=2345, allowed_kb=10_000),
        finding("speed", read_tenth_ms=128),
        finding("queue", unsent=1234, oldest_unsent_s=7_300),
        finding("broker", puback_age_s=3_599),
        finding("memory", left_mb=512, total_mb=4096),
        finding("skew", roll_tenth_degree=-123),
    ]
    said = told([], hourly, CLOCK)
    assert said[series("edge_lpr_frames_total", result="taken")] == 120_000
    assert said[series("edge_lpr_passages_total", result="agreed")] == 1200
    assert said[series("edge_lpr_budget_sent_bytes")] == 2_300_000
    assert said[series("edge_lpr_budget_allowed_bytes")] == 10_000_000
    assert said[series("edge_lpr_stage_seconds", stage="read")] == 0.012
    assert said[series("edge_lpr_queue_sightings")] == 1200
    assert said[series("edge_lpr_queue_oldest_age_seconds")] == 7200
    assert said[series("edge_lpr_last_puback_age_seconds")] == 0
    assert said[series("edge_lpr_memory_available_bytes")] == 510 * 1024 * 1024
    assert said[series("edge_lpr_plate_angle_degrees", axis="roll")] == -12
    assert coarse(-1299) == -1200


def test_what_is_told_at_once_is_not_taken_from_the_hour() -> None:
    now = [
        finding("keys", hours_left=30),
        finding("publisher", restarts=1234),
        finding("broker", "bad", "LPR-P01", standing=BROKER_STANDINGS.index("no_answer")),
        finding("funnel", agreed=5000),
        finding("focus", "bad", "LPR-O02"),
    ]
    said = told(now, [finding("keys", hours_left=31), finding("focus")], CLOCK)
    assert said[series("edge_lpr_token_keys_remaining_seconds")] == 30 * 3600
    assert said[series("edge_lpr_process_restarts_total", process="publisher")] == 1234
    assert said[series("edge_lpr_broker_state", state="no_answer")] == 1
    assert said[series("edge_lpr_broker_state", state="taken")] == 0
    assert said[series("edge_lpr_check_verdict", check="broker")] == 2
    assert said[series("edge_lpr_check_verdict", check="focus")] == 0
    assert said[series("edge_lpr_fault", code="LPR-P01")] == 2
    assert series("edge_lpr_fault", code="LPR-O02") not in said
    assert not [name for name, _ in said if name.startswith("edge_lpr_passages")]


def test_first_cause_is_that_of_diagnose_and_none_where_all_is_well() -> None:
    now = [finding("broker", "bad", "LPR-P01"), finding("clock", "bad", "LPR-B07")]
    assert told(now, [], CLOCK)[series("edge_lpr_first_cause_info", code="LPR-B07")] == 1
    assert told([], [], CLOCK)[series("edge_lpr_first_cause_info", code="none")] == 1


def test_what_there_is_none_of_is_not_told_as_a_number() -> None:
    said = told(
        [finding("tls_certificate", days_left=NONE)], [finding("focus", "not_known")], CLOCK
    )
    assert series("edge_lpr_certificate_remaining_seconds", certificate="tls") not in said
    assert series("edge_lpr_edge_width_pixels", direction="sharper") not in said
    assert said[series("edge_lpr_check_verdict", check="tls_certificate")] == 0


def test_process_is_up_where_it_answers_and_nobody_says_otherwise() -> None:
    now = [
        finding("camera_present"),
        finding("keys"),
        finding("tokeniser", "bad", "LPR-U01"),
        finding("vision"),
    ]
    said = told(now, [], CLOCK)
    up = {process: said[series("edge_lpr_process_up", process=process)] for process in PROCESSES}
    assert up == {"vision": 1, "tokeniser": 0, "publisher": 0}


def test_of_the_program_nothing_is_told_but_version_and_models() -> None:
    said = told([], [finding("throttling", bits=0x50000)], CLOCK)
    assert said[series("edge_lpr_build_info", version=__version__)] == 1
    assert {labels for name, labels in said if name == "edge_lpr_model_info"} == {
        (("role", role), ("sha256", digest)) for role, digest in DIGESTS.items()
    }
    assert said[series("edge_lpr_throttled", when="now")] == 0
    assert said[series("edge_lpr_throttled", when="since_start")] == 1
    # prometheus_client's own registry would add python_info, process_* and the times of counters.
    assert all(name.startswith("edge_lpr_") and not name.endswith("_created") for name, _ in said)


def test_of_two_findings_about_a_process_the_worse_one_counts() -> None:
    found = readings_of(
        [finding("vision", restarts=4), Finding("", "vision", "bad", "", "LPR-U03", {})]
    )
    assert (found["vision"].verdict, found["vision"].code) == ("bad", "LPR-U03")
    assert found["vision"].numbers == {"restarts": 4}


def test_reading_takes_nothing_that_is_on_no_list() -> None:
    assert readings_of([Finding("", "ABC1D23", "good", "", "", {})]) == {}
    right: dict[str, Any] = {"check": "funnel", "verdict": "good", "code": "", "numbers": {}}
    assert Reading(**right).value == 0
    for wrong in (
        {"check": "ABC1D23"},
        {"code": "ABC1D23"},
        {"verdict": "ABC1D23"},
        {"numbers": {"agreed": "ABC1D23"}},
        {"numbers": {"agreed": 10**16}},
        {"numbers": {"agreed": 1.5}},
    ):
        with pytest.raises(HandoffError):
            Reading(**{**right, **wrong})
