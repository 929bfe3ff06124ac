"""A close look gives exact corners, and tells what is no plate."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge_lpr.core.errors import CornerError
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.vision.contracts import BgrImage, Detection, PatchFinding
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.refine import RefineStage, refine_detections
from tests.support.fakes import FailingCornerFinder, PaintedCornerFinder, fake_frame

SETTINGS = VisionSection(source=SourceSection(kind="folder", address="frames"))
PLATE_BOX = (200, 100, 320, 130)
FRAME = fake_frame({"B101JGV": PLATE_BOX})


def detection(box_xyxy: tuple[float, float, float, float], confidence: float = 0.4) -> Detection:
    box = np.array(box_xyxy, np.float32)
    return Detection(quad_of_box(box), box, confidence)


class CrossedCornerFinder:
    """Finds corners that no plate can have."""

    def find(self, patches_bgr: Sequence[BgrImage]) -> list[PatchFinding]:
        crossed = np.array([[0, 0], [10, 10], [10, 0], [0, 10]], np.float32)
        return [PatchFinding(crossed, 0.9) for _ in patches_bgr]


def test_coarse_corners_become_exact() -> None:
    coarse = detection((191, 96, 330, 139))
    (refined,) = refine_detections(PaintedCornerFinder(), FRAME.image_bgr, [coarse])
    # The quad runs through pixel centres.
    exact = quad_of_box(np.array(PLATE_BOX, np.float32)) - 0.5
    assert np.abs(refined.quad_frame_px - exact).max() < 1.5
    assert refined.confidence == 0.95
    between = (coarse.box_xyxy + np.array(PLATE_BOX)) / 2
    assert np.abs(refined.box_xyxy - between).max() < 1


def test_detections_keep_their_order() -> None:
    nothing, plate = detection((400, 250, 480, 275)), detection((201, 99, 322, 131))
    refined = refine_detections(PaintedCornerFinder(), FRAME.image_bgr, [nothing, plate])
    assert [found.confidence for found in refined] == [0.02, 0.95]


def test_a_quad_that_no_plate_can_have_is_not_taken_over() -> None:
    coarse = detection((191, 96, 330, 139))
    (refined,) = refine_detections(CrossedCornerFinder(), FRAME.image_bgr, [coarse])
    assert np.array_equal(refined.quad_frame_px, coarse.quad_frame_px)


def test_a_box_stays_inside_the_frame() -> None:
    frame = fake_frame({"B101JGV": (560, 330, 640, 360)})
    coarse = detection((570, 335, 640, 360))
    (refined,) = refine_detections(PaintedCornerFinder(), frame.image_bgr, [coarse])
    assert (refined.box_xyxy[2:] <= [640, 360]).all()
    assert (refined.box_xyxy[:2] < refined.box_xyxy[2:]).all()


def test_what_is_no_plate_is_counted_and_dropped() -> None:
    funnel = Funnel()
    stage = RefineStage(PaintedCornerFinder(), SETTINGS, funnel)
    detections = [detection((400, 250, 480, 275), 0.9), detection((201, 99, 322, 131), 0.3)]
    assert [found.confidence for found in stage(FRAME, detections)] == [0.95]
    assert funnel.counters()["no_plate"] == 1


def test_a_failure_is_counted_and_is_not_no_plate() -> None:
    funnel = Funnel()
    stage = RefineStage(FailingCornerFinder(), SETTINGS, funnel)
    with pytest.raises(CornerError):
        stage(FRAME, [detection(PLATE_BOX)])
    assert funnel.counters()["corner_failures"] == 1
    assert funnel.counters()["no_plate"] == 0
