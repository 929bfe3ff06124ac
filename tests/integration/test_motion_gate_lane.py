"""On a simulated lane the gate passes frames over, and no vehicle."""

from collections.abc import Iterator

import pytest

pytest.importorskip("PIL")

from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.synthesis.simulator.frames import render_shift
from edge_lpr.synthesis.simulator.plan import LaneSettings, Shift
from edge_lpr.training.passage_runs import PassageRun, run_passages
from edge_lpr.training.simulated_shifts import lane_of
from edge_lpr.vision.contracts import NANOSECONDS, Engine, Frame
from edge_lpr.vision.engine import load_engine
from tests.support.simulated_lanes import TYPEFACES, small_shifts

FRAME_RATE_HZ = 10.0
LEARNED = 40
"""Frames after which an empty lane is known."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine(_settings(is_gated=False))


def _settings(*, is_gated: bool) -> VisionSection:
    nowhere = SourceSection(kind="folder", address=".")
    return VisionSection(source=nowhere, threads=1, motion_gate=is_gated)


def _shift(*cycle: str, passages: int) -> Shift:
    (shift,) = small_shifts(
        LaneSettings(
            passages=passages,
            seed=4,
            frame_rate_hz=FRAME_RATE_HZ,
            stop_s=6.0,
            empty_s=12.0,
            passages_a_shift=passages,
            cycle=cycle,
        )
    )
    return shift


def _frames(shift: Shift) -> Iterator[Frame]:
    for index, picture_bgr in enumerate(render_shift(shift, TYPEFACES)):
        yield Frame(picture_bgr, index, round(index * NANOSECONDS / FRAME_RATE_HZ))


def _run(engine: Engine, shift: Shift, *, is_gated: bool) -> PassageRun:
    return run_passages(_frames(shift), engine, _settings(is_gated=is_gated), lane_of(shift.camera))


def test_the_same_plates_are_published_with_the_gate_and_without(engine: Engine) -> None:
    shift = _shift("long stop", "plain", passages=2)
    gated, open_ = (_run(engine, shift, is_gated=is_gated) for is_gated in (True, False))
    published = [[(each.text, each.direction) for each in run.sightings] for run in (gated, open_)]
    assert published[0] == published[1]
    assert len(published[0]) == len(shift.passages)
    # The vehicle stands for six of about sixteen seconds, and the lane is empty before and after.
    assert gated.counters["still"] > 0.2 * gated.counters["frames"]
    assert open_.counters["still"] == 0


def test_a_lane_with_leaves_and_noise_is_mostly_passed_over(engine: Engine) -> None:
    shift = _shift("plain", "empty", passages=1)
    empty = list(_frames(shift))[: shift.passages[0].first_seen]
    lane, settings = lane_of(shift.camera), _settings(is_gated=True)
    # The two seconds before the first vehicle, over and over: leaves, noise and straying exposure.
    shown = [
        Frame(empty[index % len(empty)].image_bgr, index, index * NANOSECONDS // 10)
        for index in range(200)
    ]
    learning = run_passages(shown[:LEARNED], engine, settings, lane).counters
    whole = run_passages(shown, engine, settings, lane).counters
    looked_at = (whole["frames"] - whole["still"]) - (learning["frames"] - learning["still"])
    # One look in ten frames is asked for; half as many again may be needed.
    assert looked_at <= 0.15 * (len(shown) - LEARNED)
