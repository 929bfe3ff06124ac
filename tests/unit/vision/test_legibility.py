"""A reading counts by how large, how sharp and how whole the plate is."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from edge_lpr.vision.contracts import BgrImage, Quad
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.legibility import FULL_WIDTH_PX, LEAST_WEIGHT, steepness, weigh_plate
from edge_lpr.vision.rectify import RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX

FRAME_PX = (1280, 720)


def _drawn_plate(contrast: float = 1.0) -> BgrImage:
    """Draw a sharp plate: dark strokes on a bright ground."""
    plate_bgr = np.full((RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX, 3), 230, np.uint8)
    cv2.putText(plate_bgr, "MH12HNWE", (6, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (20, 20, 20), 3)
    return np.asarray(128 + contrast * (plate_bgr.astype(np.float32) - 128)).astype(np.uint8)


def _blurred(sigma_px: float) -> BgrImage:
    return np.asarray(cv2.GaussianBlur(_drawn_plate(), (0, 0), sigma_px), np.uint8)


def _quad(width_px: float, height_px: float, left: float = 300, top: float = 300) -> Quad:
    return quad_of_box(np.array([left, top, left + width_px, top + height_px], np.float32))


def _weight(width_px: float, plate_bgr: BgrImage | None = None) -> float:
    plate_bgr = _drawn_plate() if plate_bgr is None else plate_bgr
    return weigh_plate(plate_bgr, _quad(width_px, width_px / 4.6), FRAME_PX)


def test_a_large_sharp_plate_counts_in_full() -> None:
    assert _weight(FULL_WIDTH_PX) == 1
    assert _weight(4 * FULL_WIDTH_PX) == 1


def test_weight_grows_with_the_width() -> None:
    weights = [_weight(width_px) for width_px in (25, 35, 45, 55, 65, 75, 80)]
    assert all(narrow < wide for narrow, wide in pairwise(weights))


def test_half_the_width_counts_a_thirtieth() -> None:
    assert _weight(FULL_WIDTH_PX / 2) == pytest.approx(1 / 32)


def test_weight_falls_with_blur() -> None:
    weights = [_weight(200, _blurred(sigma_px)) for sigma_px in (2, 3, 4, 6)]
    assert weights[0] < 1
    assert all(sharp > soft for sharp, soft in pairwise(weights))


def test_a_little_blur_costs_nothing() -> None:
    assert _weight(200, _blurred(0.6)) == 1


def test_steepness_does_not_depend_on_contrast() -> None:
    assert steepness(_drawn_plate(0.3)) == pytest.approx(steepness(_drawn_plate()), rel=0.1)


@pytest.mark.parametrize(
    "grey",
    [pytest.param(0, id="black"), pytest.param(128, id="grey"), pytest.param(255, id="white")],
)
def test_a_plate_without_strokes_is_flat_and_still_counts(grey: int) -> None:
    flat_bgr = np.full((RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX, 3), grey, np.uint8)
    assert steepness(flat_bgr) == 0
    assert 0 < _weight(200, flat_bgr) < 0.05


@pytest.mark.parametrize(
    ("left", "top"),
    [
        pytest.param(-1, 300, id="left"),
        pytest.param(300, -1, id="above"),
        pytest.param(1280 - 160, 300, id="right"),
        pytest.param(300, 720 - 35, id="below"),
    ],
)
def test_a_cut_plate_counts_a_tenth(left: float, top: float) -> None:
    assert weigh_plate(_drawn_plate(), _quad(160, 35, left, top), FRAME_PX) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("left", "top"),
    [pytest.param(0, 0, id="first pixel"), pytest.param(1279 - 160, 719 - 35, id="last pixel")],
)
def test_a_plate_that_only_touches_the_border_is_whole(left: float, top: float) -> None:
    assert weigh_plate(_drawn_plate(), _quad(160, 35, left, top), FRAME_PX) == 1


def test_characters_of_two_lines_are_wider_for_the_plates_width() -> None:
    one_line = weigh_plate(_drawn_plate(), _quad(50, 29), FRAME_PX)
    two_lines = weigh_plate(_drawn_plate(), _quad(50, 31), FRAME_PX)
    assert one_line == pytest.approx((50 / FULL_WIDTH_PX) ** 5)
    assert two_lines == 1


def test_blur_costs_a_plate_of_two_lines_less() -> None:
    soft_bgr = _blurred(3)
    assert weigh_plate(soft_bgr, _quad(200, 140), FRAME_PX) > _weight(200, soft_bgr)


def test_no_reading_counts_nothing() -> None:
    flat_bgr = np.zeros((RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX, 3), np.uint8)
    assert weigh_plate(flat_bgr, _quad(1, 0.2, -5, -5), FRAME_PX) == LEAST_WEIGHT


def test_the_plate_is_not_modified() -> None:
    plate_bgr = _drawn_plate()
    plate_bgr.setflags(write=False)
    assert _weight(200, plate_bgr) == 1
