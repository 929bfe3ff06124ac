"""Boxes and quads."""

import numpy as np
import pytest

from edge_lpr.vision.geometry import (
    box_around,
    covered_share,
    intersection_over_union,
    is_clockwise_and_convex,
    plate_size_px,
    quad_of_box,
)

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32)


def _box(*corners: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(corners, np.float32)


@pytest.mark.parametrize(
    ("one", "two", "overlap"),
    [
        pytest.param(_box(0, 0, 10, 10), _box(0, 0, 10, 10), 1.0, id="same"),
        pytest.param(_box(0, 0, 10, 10), _box(5, 0, 15, 10), 1 / 3, id="half shifted"),
        pytest.param(_box(0, 0, 10, 10), _box(10, 0, 20, 10), 0.0, id="touching"),
        pytest.param(_box(0, 0, 10, 10), _box(50, 50, 60, 60), 0.0, id="apart"),
        pytest.param(_box(3, 3, 3, 3), _box(3, 3, 3, 3), 0.0, id="empty"),
    ],
)
def test_overlap_is_shared_over_covered_area(
    one: np.ndarray[tuple[int], np.dtype[np.float32]],
    two: np.ndarray[tuple[int], np.dtype[np.float32]],
    overlap: float,
) -> None:
    assert intersection_over_union(one, two) == pytest.approx(overlap)


@pytest.mark.parametrize(
    ("quad", "is_plate"),
    [
        pytest.param(SQUARE, True, id="square"),
        pytest.param(SQUARE[[1, 2, 3, 0]], True, id="plate on its side"),
        pytest.param(SQUARE[::-1], False, id="anticlockwise"),
        pytest.param(SQUARE[[0, 2, 1, 3]], False, id="crossed"),
        pytest.param(SQUARE * [1, 0], False, id="flat"),
        pytest.param(np.zeros((4, 2)), False, id="a point"),
        pytest.param(SQUARE * np.nan, False, id="no numbers"),
        pytest.param(np.where(SQUARE > 0, np.inf, 0), False, id="without end"),
        pytest.param(np.array([[0, 0], [10, 0], [2, 2], [0, 10]], np.float32), False, id="dented"),
    ],
)
def test_only_convex_clockwise_quads_are_plates(
    quad: np.ndarray[tuple[int, int], np.dtype[np.float32]], *, is_plate: bool
) -> None:
    assert is_clockwise_and_convex(quad.astype(np.float32)) is is_plate


def test_box_becomes_a_quad_and_a_box_again() -> None:
    box_xyxy = _box(1, 2, 30, 12)
    assert box_around(quad_of_box(box_xyxy)).tolist() == box_xyxy.tolist()


def test_size_of_a_slanted_plate_is_measured_along_its_edges() -> None:
    quad = np.array([[0, 0], [30, 40], [24, 48], [-6, 8]], np.float32)
    assert plate_size_px(quad) == pytest.approx((50, 10))


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        pytest.param((0, 0, 10, 10), (2, 2, 6, 6), 1.0, id="inside"),
        pytest.param((0, 0, 10, 10), (5, 0, 15, 10), 0.5, id="half"),
        pytest.param((0, 0, 10, 10), (20, 20, 30, 30), 0.0, id="apart"),
        pytest.param((0, 0, 10, 10), (5, 5, 5, 9), 0.0, id="empty"),
    ],
)
def test_how_far_the_smaller_box_lies_in_the_larger(
    one: tuple[int, ...], two: tuple[int, ...], expected: float
) -> None:
    boxes = [np.array(box, np.float32) for box in (one, two)]
    assert covered_share(boxes[0], boxes[1]) == pytest.approx(expected)
    assert covered_share(boxes[1], boxes[0]) == pytest.approx(expected)
