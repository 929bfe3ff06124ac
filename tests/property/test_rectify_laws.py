"""Laws of rectification and of boxes."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.vision.contracts import BgrImage, Quad
from edge_lpr.vision.geometry import (
    box_around,
    intersection_over_union,
    is_clockwise_and_convex,
    quad_of_box,
)
from edge_lpr.vision.rectify import RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX, rectify_plate

numbers_px = st.floats(-2000, 2000, width=32)
boxes = st.tuples(numbers_px, numbers_px, st.floats(0, 500), st.floats(0, 500)).map(
    lambda box: np.array([box[0], box[1], box[0] + box[2], box[1] + box[3]], np.float32)
)
shifts_px = st.integers(-25, 25)
corner_shifts = st.lists(st.tuples(shifts_px, shifts_px), min_size=4, max_size=4)

CORNERS = np.array([[0, 0], [191, 0], [191, 63], [0, 63]], np.float32)


def _drawing() -> BgrImage:
    """Return a smooth plate-sized picture in which every place looks different."""
    rows, columns = np.mgrid[0:RECTIFIED_HEIGHT_PX, 0:RECTIFIED_WIDTH_PX]
    waves = (np.sin(columns / 9), np.cos(rows / 7), np.sin((rows + columns) / 11))
    return np.stack([127 + 100 * wave for wave in waves], axis=2).astype(np.uint8)


@settings(deadline=None)
@given(shifts=corner_shifts)
def test_a_drawn_plate_comes_back_as_it_was_drawn(shifts: list[tuple[int, int]]) -> None:
    quad: Quad = (CORNERS * 1.5 + np.array([60, 60]) + np.array(shifts)).astype(np.float32)
    drawing_bgr = _drawing()
    drawn = cv2.warpPerspective(
        drawing_bgr, cv2.getPerspectiveTransform(CORNERS, quad), (440, 240), flags=cv2.INTER_CUBIC
    )
    plate_bgr = rectify_plate(np.asarray(drawn, np.uint8), quad, margin=0)
    difference = np.abs(plate_bgr.astype(int) - drawing_bgr.astype(int))
    assert difference[2:-2, 2:-2].max() <= 12


@settings(deadline=None)
@given(corners=st.lists(st.tuples(numbers_px, numbers_px), min_size=4, max_size=4))
def test_any_plausible_quad_gives_a_plate_of_the_fixed_size(
    corners: list[tuple[float, float]],
) -> None:
    quad = np.array(corners, np.float32)
    frame_bgr = np.full((120, 200, 3), 90, np.uint8)
    try:
        plate_bgr = rectify_plate(frame_bgr, quad)
    except ValueError:
        assert not is_clockwise_and_convex(quad)
    else:
        assert plate_bgr.shape == (RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX, 3)


@given(one=boxes, two=boxes)
def test_overlap_is_symmetric_and_a_share(
    one: np.ndarray[tuple[int], np.dtype[np.float32]],
    two: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> None:
    overlap = intersection_over_union(one, two)
    assert 0 <= overlap <= 1
    assert overlap == intersection_over_union(two, one)


@given(box_xyxy=boxes)
def test_the_box_around_the_quad_of_a_box_is_the_box(
    box_xyxy: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> None:
    assert np.array_equal(box_around(quad_of_box(box_xyxy)), box_xyxy)
