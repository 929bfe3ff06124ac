"""Plates come flat out of ``rectify_plate``, whatever their size and place in the frame."""

import cv2
import numpy as np
import pytest

from edge_lpr.vision.contracts import BgrImage
from edge_lpr.vision.rectify import (
    RECTIFIED_HEIGHT_PX,
    RECTIFIED_MARGIN,
    RECTIFIED_WIDTH_PX,
    rectify_plate,
)

WHOLE = np.array([[0, 0], [191, 0], [191, 63], [0, 63]], np.float32)


def _noise(height_px: int, width_px: int) -> BgrImage:
    return np.random.default_rng(1).integers(0, 256, (height_px, width_px, 3), np.uint8)


def test_flat_plate_without_margin_comes_back_unchanged() -> None:
    picture_bgr = _noise(RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX)
    assert np.array_equal(rectify_plate(picture_bgr, WHOLE, margin=0), picture_bgr)


def test_the_margin_shows_the_surroundings() -> None:
    frame_bgr = np.full((200, 400, 3), 200, np.uint8)
    frame_bgr[50:114, 100:292] = 40
    quad = WHOLE + np.array([100, 50], np.float32)
    plate_bgr = rectify_plate(frame_bgr, quad)
    margin_px = round(RECTIFIED_MARGIN / (1 + 2 * RECTIFIED_MARGIN) * RECTIFIED_WIDTH_PX)
    assert (plate_bgr[32, : margin_px - 1] == 200).all()
    assert (plate_bgr[32, margin_px + 1 : -margin_px - 1] == 40).all()


def test_what_lies_outside_the_frame_is_black() -> None:
    frame_bgr = np.full((64, 192, 3), 255, np.uint8)
    plate_bgr = rectify_plate(frame_bgr, WHOLE + np.array([96, 0], np.float32), margin=0)
    assert (plate_bgr[:, :90] == 255).all()
    assert (plate_bgr[:, 100:] == 0).all()


def test_a_plate_wholly_outside_the_frame_is_black() -> None:
    far_away = WHOLE * 10 + 10_000
    assert not rectify_plate(_noise(64, 192), far_away).any()


def test_a_plate_larger_than_the_result_is_averaged_and_not_skipped_over() -> None:
    frame_bgr = np.zeros((800, 1400, 3), np.uint8)
    frame_bgr[:, ::2] = 255  # a grid that skipping would see as all black or all white
    quad = WHOLE * 5 + np.array([100, 100], np.float32)
    plate_bgr = rectify_plate(frame_bgr, quad)
    assert 100 < plate_bgr.mean() < 156
    assert plate_bgr.std() < 30


def test_averaging_keeps_the_plate_where_it_is() -> None:
    small_bgr = cv2.GaussianBlur(_noise(RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX), (0, 0), 2)
    large_bgr = cv2.resize(small_bgr, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    # Resizing keeps the pixels' outer edges, so their centres move.
    quad = (WHOLE + 0.5) * 4 - 0.5
    plate_bgr = rectify_plate(np.asarray(large_bgr, np.uint8), quad.astype(np.float32), margin=0)
    difference = np.abs(plate_bgr.astype(int) - small_bgr.astype(int))
    assert difference[2:-2, 2:-2].max() <= 3


@pytest.mark.parametrize(
    "quad",
    [
        pytest.param(WHOLE[::-1], id="anticlockwise"),
        pytest.param(WHOLE[[0, 2, 1, 3]], id="crossed"),
        pytest.param(WHOLE * 0, id="a point"),
    ],
)
def test_what_is_no_plate_is_refused(
    quad: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> None:
    with pytest.raises(ValueError, match="clockwise"):
        rectify_plate(_noise(64, 192), quad)


def test_the_frame_is_not_drawn_on() -> None:
    frame_bgr = _noise(100, 300)
    before = frame_bgr.copy()
    rectify_plate(frame_bgr, WHOLE)
    assert np.array_equal(frame_bgr, before)
