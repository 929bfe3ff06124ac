"""Corner errors, measured with a detector that makes none."""

import numpy as np
import pytest

pytest.importorskip("PIL")

from edge_lpr.training.corner_evaluation import corner_outcomes
from edge_lpr.training.detector_samples import BOX_KNOWN, CORNERS_KNOWN, PlateTruth, Sample
from edge_lpr.vision.geometry import quad_of_box
from tests.support.fakes import PaintedPlateDetector, fake_frame


def sample(shift_px: float, knowledge: int = CORNERS_KNOWN) -> Sample:
    """Paint one plate, and label it so many pixels beside itself."""
    frame = fake_frame({"B10XYZ": (100, 80, 220, 120)})
    box = np.array([100 + shift_px, 80, 220 + shift_px, 120], np.float32)
    return Sample(frame.image_bgr, (PlateTruth(box, quad_of_box(box), knowledge),))


def test_error_is_the_mean_distance_of_the_corners() -> None:
    (outcome,) = corner_outcomes(PaintedPlateDetector(), [sample(shift_px=10)])
    assert outcome.error_px == pytest.approx(10, abs=1)
    assert outcome.error_share == pytest.approx(10 / 40, abs=0.025)
    assert outcome.width_px == pytest.approx(120)


def test_plate_that_was_not_found_has_no_error() -> None:
    (outcome,) = corner_outcomes(PaintedPlateDetector(), [sample(shift_px=300)])
    assert outcome.error_px is None


def test_plate_with_a_box_only_is_not_measured() -> None:
    assert corner_outcomes(PaintedPlateDetector(), [sample(0, knowledge=BOX_KNOWN)]) == []
