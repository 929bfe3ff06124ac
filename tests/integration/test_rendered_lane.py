"""The shipped models find, read and count the vehicles of a rendered lane."""

import numpy as np
import pytest

from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.synthesis.lane import PASSAGE_GAP_S, LanePass
from edge_lpr.vision.contracts import Engine, Frame
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.pipeline import Pipeline
from edge_lpr.vision.refine import refine_detections
from tests.support.fakes import ConsensusList, ListedSource
from tests.support.scenes import lane_frames

SETTINGS = VisionSection(
    source=SourceSection(kind="folder", address="rendered"), passage_gap_s=PASSAGE_GAP_S
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine(SETTINGS)


@pytest.fixture(scope="module")
def lane() -> tuple[list[Frame], tuple[LanePass, ...]]:
    return lane_frames(passes=6, seed=3)


def test_every_vehicle_is_handed_over_once_with_its_plate(
    engine: Engine, lane: tuple[list[Frame], tuple[LanePass, ...]]
) -> None:
    frames, truth = lane
    consumer = ConsensusList()
    pipeline = Pipeline(engine, consumer, SETTINGS, funnel=Funnel(), log=Log("vision"))
    pipeline.run(ListedSource(frames))
    assert consumer.texts == [lane_pass.text for lane_pass in truth]


def test_corners_are_found_within_a_sixth_of_the_plates_height(
    engine: Engine, lane: tuple[list[Frame], tuple[LanePass, ...]]
) -> None:
    frames, truth = lane
    errors = []
    for lane_pass in truth:
        frame_bgr = frames[lane_pass.last_frame].image_bgr
        (coarse, *_) = engine.detector.detect(frame_bgr)
        (detection,) = refine_detections(engine.corner_finder, frame_bgr, [coarse])
        quad = lane_pass.quads_px[-1]
        height_px = np.linalg.norm(quad[3] - quad[0])
        error_px = np.linalg.norm(detection.quad_frame_px - quad, axis=1).mean()
        errors.append(float(error_px / height_px))
    assert float(np.median(errors)) < 1 / 6


def test_an_empty_lane_has_no_plate(
    engine: Engine, lane: tuple[list[Frame], tuple[LanePass, ...]]
) -> None:
    frames, truth = lane
    frame_bgr = frames[truth[0].first_frame - 1].image_bgr
    detections = engine.detector.detect(frame_bgr)
    refined = refine_detections(engine.corner_finder, frame_bgr, detections)
    limit = SETTINGS.minimum_plate_confidence
    assert [found for found in refined if found.confidence >= limit] == []
