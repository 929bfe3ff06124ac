"""What a session may do, what of it is recorded, and what a taken-over page or vision gets."""

import json
import math
from dataclasses import replace

import pytest

from edge_lpr.aim.entry import SESSION_S
from edge_lpr.aim.keeper import NUMBERS_INTERVAL_S, Keeper
from edge_lpr.aim.keeper_link import packed
from edge_lpr.core.errors import AuditError, HandoffError, InstallationError, NeighbourAwayError
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.aim_message import (
    GAUGE_RANGES,
    GRID,
    MAXIMUM_CELLS,
    MAXIMUM_OUTLINES,
    MAXIMUM_TILT,
    WIDTHS,
    Sketch,
    lanes_fingerprint,
    step_of,
)
from edge_lpr.wire.health import two_digits
from tests.support.aim_bench import FRAME, Bench, ListedBooth
from tests.support.clock import SetClock

DRAWN = [{"number": 2, "region": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]}]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.enter()
    return bench


@pytest.mark.parametrize("question", ["frame", "lanes", "sketch", "save", "end", "money", None])
def test_nothing_is_answered_before_somebody_has_come_in(question: str) -> None:
    bench = Bench()
    with pytest.raises(HandoffError):
        bench.ask(question)
    assert bench.booth.questions == 0


def test_what_there_is_not_is_not_answered(bench: Bench) -> None:
    with pytest.raises(HandoffError, match="there is not"):
        bench.ask("pictures")


def test_vision_is_asked_once_a_second_however_often_the_page_asks(bench: Bench) -> None:
    first = bench.ask("frame")
    assert (first["number"], first["vision"], first["is_in_force"]) == (1, "answers", True)
    assert first["outlines"] == [[32, 40, 6, -2, False]]
    bench.clock.advance_s(0.5)
    assert bench.ask("frame")["number"] == 1
    assert bench.booth.questions == 1
    bench.clock.advance_s(0.5)
    assert bench.ask("frame")["number"] == 2
    assert bench.booth.questions == 2


def test_numbers_are_told_every_five_seconds_and_counted_from_the_sessions_begin(
    bench: Bench,
) -> None:
    def told_after(seconds: float, count: int) -> tuple[int, int]:
        bench.clock.advance_s(seconds)
        counters = dict.fromkeys(VISION_COUNTERS, count)
        bench.booth.frame = replace(FRAME, counters=counters, gauges={"plates": count % 1000})
        frame = bench.ask("frame")
        (told,) = set(frame["counters"].values())
        return told, frame["gauges"]["plates"]

    assert told_after(0, 1000) == (0, 0)
    assert told_after(4, 2345) == (0, 0)
    assert told_after(1, 2345) == (1300, 345)
    # More than counters count is cut, and a vision that begins anew counts from 0.
    assert told_after(5, 10**14) == (9_900_000, 0)
    assert told_after(5, 40) == (40, 40)


def test_what_vision_can_tell_in_a_session_is_as_the_documents_say() -> None:
    outlines = sum((GRID // step_of(width) + 1) ** 2 for width in WIDTHS)
    outlines *= 2 * (2 * MAXIMUM_TILT + 1)
    a_second = math.log2(sum(outlines**number for number in range(MAXIMUM_OUTLINES + 1)))
    gauges = sum(math.log2(len(steps) + 1) for steps in GAUGE_RANGES.values())
    # Numbers of two digits, of any magnitude up to the largest that is told.
    told = {two_digits(number) for number in range(100)}
    told |= {digits * 10**zeros for digits in range(10, 100) for zeros in range(1, 6)}
    counters = len(VISION_COUNTERS) * math.log2(len(told))
    a_second += (gauges + counters) / NUMBERS_INTERVAL_S
    # Whether it answers, sees, and has the lanes in force.
    a_second += 3
    assert 135 < a_second < 136
    timing, size_px, sketch = 6, 32, MAXIMUM_CELLS**2 * 4
    assert 255_000 < (a_second + timing) * SESSION_S + size_px + sketch < 260_000


def test_picture_has_one_size_a_session(bench: Bench) -> None:
    bench.booth.frame = replace(FRAME, width_px=0, height_px=0)
    assert not bench.ask("frame")["sees"]
    for width_px in (1280, 1281):
        bench.clock.advance_s(1)
        bench.booth.frame = replace(FRAME, width_px=width_px)
        assert bench.ask("frame")["size_px"] == (1280, 720)


def test_second_sketch_of_a_session_is_not_passed_on(bench: Bench) -> None:
    assert bench.ask("sketch") == {"sketch": None}
    sketches = [Sketch(2, 1, bytes([1, 15])), Sketch(1, 1, bytes([7]))]
    for sketch in sketches:
        bench.booth.frame = replace(FRAME, sketch=sketch)
        assert bench.ask("frame")["has_sketch"]
        bench.clock.advance_s(1)
    assert bench.ask("sketch") == {"sketch": {"columns": 2, "rows": 1, "cells": [1, 15]}}


@pytest.mark.parametrize("fault", [NeighbourAwayError("away"), HandoffError("says too much")])
def test_vision_that_is_away_or_says_too_much_is_silent(bench: Bench, fault: Exception) -> None:
    bench.booth.fault = fault
    assert bench.ask("frame")["vision"] == "silent"


def test_lanes_are_recorded_kept_and_then_in_force(bench: Bench) -> None:
    assert bench.ask("lanes")["lanes"][0]["number"] == 1
    assert bench.ask("save", lanes=DRAWN) == {}
    (saved,) = bench.booth.saved
    assert [lane.number for lane in saved] == [2]
    fingerprint = lanes_fingerprint(saved)
    assert bench.recorded[-1] == (
        "lanes_saved",
        {"lanes": 1, "fingerprint": f"{fingerprint:08x}"},
    )
    assert not bench.ask("frame")["is_in_force"]
    bench.booth.frame = replace(FRAME, lanes_fingerprint=fingerprint)
    bench.clock.advance_s(1)
    assert bench.ask("frame")["is_in_force"]


@pytest.mark.parametrize("lanes", [None, [], [{"number": 99}], DRAWN * 2, "x" * 100])
def test_lanes_that_are_none_are_refused_and_not_recorded(bench: Bench, lanes: object) -> None:
    assert "lanes" in bench.ask("save", lanes=lanes)["fault"]
    assert bench.booth.saved == []
    assert [event for event, _ in bench.recorded] == ["aim_began"]


def test_lanes_that_cannot_be_recorded_are_not_kept(bench: Bench) -> None:
    bench.audit_fault = AuditError("the disk is full")
    assert "nothing is done" in bench.ask("save", lanes=DRAWN)["fault"]
    assert bench.booth.saved == []


def test_lanes_that_cannot_be_kept_are_told(bench: Bench) -> None:
    bench.booth.fault = InstallationError("no room")
    assert bench.ask("save", lanes=DRAWN) == {"fault": "no room"}


def test_lanes_that_are_kept_although_something_failed_after_it_are_those_in_force(
    bench: Bench,
) -> None:
    assert bench.ask("frame")["is_in_force"]
    bench.booth.late_fault = InstallationError("vision did not start anew")
    assert bench.ask("save", lanes=DRAWN) == {"fault": "vision did not start anew"}
    bench.clock.advance_s(1)
    assert not bench.ask("frame")["is_in_force"]
    fingerprint = lanes_fingerprint(bench.booth.saved[-1])
    bench.booth.frame = replace(FRAME, lanes_fingerprint=fingerprint)
    bench.clock.advance_s(1)
    assert bench.ask("frame")["is_in_force"]


@pytest.mark.parametrize(
    "lanes",
    [
        [{}] * 4_000,
        [{f"{nth:x}": 0 for nth in range(2_000)}],
        [{"number": 1, "region": [["x", "y"]] * 2_000}],
        json.loads("[" * 900 + "]" * 900),
    ],
    ids=["many lanes", "many names", "many corners", "deep"],
)
def test_fault_is_short_however_much_is_wrong(bench: Bench, lanes: object) -> None:
    answer = bench.ask("save", lanes=lanes)
    assert answer["fault"].startswith("lanes: ")
    assert len(packed(answer)) < 4_000
    assert bench.booth.saved == []


def test_a_session_that_cannot_be_recorded_is_none() -> None:
    def record(event: str, **_details: str | int) -> None:
        raise AuditError(event)

    with pytest.raises(AuditError):
        Keeper(ListedBooth(), record, SetClock())


def test_session_ends_when_asked_to_and_when_its_time_is_over(bench: Bench) -> None:
    assert bench.keeper.reason_to_end() is None
    bench.clock.advance_s(100)
    bench.ask("end")
    assert bench.keeper.reason_to_end() == "asked_for"
    bench.keeper.end("asked_for")
    assert bench.recorded[-1] == (
        "aim_ended",
        {"reason": "asked_for", "seconds": 100, "wrong_codes": 0},
    )
    other = Bench()
    assert other.keeper.left_s() == SESSION_S
    other.enter()
    other.clock.advance_s(SESSION_S)
    assert other.keeper.reason_to_end() == "time_is_over"


def test_wrong_codes_are_counted_by_the_keeper() -> None:
    bench = Bench()
    for _ in range(5):
        bench.ask("enter", code="2222-2222")
    assert bench.ask("enter", code=bench.keeper.code)["entry"] == "over"
    assert bench.keeper.reason_to_end() == "wrong_codes"
