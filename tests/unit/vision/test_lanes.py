"""A plate is in the lane that is drawn around it, and drives as the lane's arrow points."""

import numpy as np
import pytest

from edge_lpr.core.settings import Direction, LaneSection, PicturePoint
from edge_lpr.vision.lanes import WHOLE_PICTURE, Lanes, Point, Window

LEFT: tuple[PicturePoint, ...] = ((0.1, 0.2), (0.5, 0.2), (0.5, 0.9), (0.1, 0.9))
RIGHT: tuple[PicturePoint, ...] = ((0.4, 0.2), (0.8, 0.2), (0.8, 0.9), (0.4, 0.9))
"""Overlaps ``LEFT`` between 0.4 and 0.5."""

TWO = Lanes((LaneSection(number=7, region=LEFT), LaneSection(number=3, region=RIGHT)))


def _point(x: float, y: float) -> Point:
    return np.array([x, y], np.float64)


@pytest.mark.parametrize(
    ("x", "y", "index"),
    [
        pytest.param(0.2, 0.5, 0, id="only in the first"),
        pytest.param(0.7, 0.5, 1, id="only in the second"),
        pytest.param(0.45, 0.5, 0, id="in both"),
        pytest.param(0.1, 0.5, 0, id="on an edge"),
        pytest.param(0.8, 0.9, 1, id="on a corner"),
        pytest.param(0.05, 0.5, None, id="left of both"),
        pytest.param(0.45, 0.95, None, id="below both"),
    ],
)
def test_a_point_is_in_the_first_lane_that_holds_it(x: float, y: float, index: int | None) -> None:
    assert TWO.index_at(_point(x, y)) == index


def test_a_dent_in_a_region_is_outside() -> None:
    dented = Lanes(
        (LaneSection(number=1, region=((0, 0), (1, 0), (1, 1), (0.5, 0.2), (0, 1))),),
    )
    assert dented.index_at(_point(0.5, 0.6)) is None
    assert dented.index_at(_point(0.5, 0.1)) == 0


def test_a_lane_without_a_region_is_everywhere() -> None:
    assert WHOLE_PICTURE.index_at(_point(0, 0)) == 0
    assert WHOLE_PICTURE.index_at(_point(1, 1)) == 0


@pytest.mark.parametrize(
    ("x", "number"),
    [
        pytest.param(0.2, 7, id="first"),
        pytest.param(0.7, 3, id="second"),
        pytest.param(0.95, 7, id="in none: the first"),
    ],
)
def test_numbers_are_those_painted_on_the_ground(x: float, number: int) -> None:
    assert TWO.number_at(_point(x, 0.5)) == number


def test_the_window_holds_all_regions() -> None:
    window = TWO.window(1000, 500)
    assert window == Window(100, 100, 800, 450)
    assert (window.width_px, window.height_px) == (700, 350)


@pytest.mark.parametrize(
    ("size_px", "window"),
    [
        pytest.param((101, 33), Window(10, 6, 81, 30), id="odd frame"),
        pytest.param((1, 1), Window(0, 0, 1, 1), id="frame of one pixel"),
    ],
)
def test_pixels_that_a_region_only_touches_are_in_the_window(
    size_px: tuple[int, int], window: Window
) -> None:
    assert TWO.window(*size_px) == window


@pytest.mark.parametrize(
    "lanes",
    [
        pytest.param(WHOLE_PICTURE, id="no region"),
        pytest.param(
            Lanes((LaneSection(number=1, region=((0, 0), (1, 0), (1, 1), (0, 1))),)), id="all of it"
        ),
        pytest.param(
            Lanes((LaneSection(number=1, region=LEFT), LaneSection(number=2))), id="one of two"
        ),
    ],
)
def test_the_window_of_the_whole_picture_is_the_frame(lanes: Lanes) -> None:
    assert lanes.window(1279, 721) == Window(0, 0, 1279, 721)


@pytest.mark.parametrize(
    ("x", "window"),
    [
        pytest.param(1.0, Window(19, 0, 20, 20), id="at the far border"),
        pytest.param(0.5, Window(10, 0, 11, 20), id="between two pixels"),
    ],
)
def test_no_region_makes_the_window_empty(x: float, window: Window) -> None:
    # The settings refuse a region without an area; a frame must never come out empty even so.
    lane = LaneSection.model_construct(number=1, region=((x, 0.0), (x, 0.5), (x, 1.0)))
    assert Lanes((lane,)).window(20, 20) == window


def test_the_window_of_a_frame_is_a_view_of_it() -> None:
    frame_bgr = np.arange(50 * 100 * 3, dtype=np.uint64).astype(np.uint8).reshape(50, 100, 3)
    view = TWO.window(100, 50).view_of(frame_bgr)
    assert np.shares_memory(view, frame_bgr)
    np.testing.assert_array_equal(view, frame_bgr[10:45, 10:80])


def _lane_with_arrow(*arrow: PicturePoint, direction: Direction = "unknown") -> Lanes:
    return Lanes((LaneSection(number=1, direction=direction, arrow=(arrow[0], arrow[1])),))


DOWN = _lane_with_arrow((0.5, 0.1), (0.5, 0.9))
DIAGONAL = _lane_with_arrow((0.1, 0.1), (0.9, 0.5))


@pytest.mark.parametrize(
    ("lanes", "way", "direction"),
    [
        pytest.param(DOWN, (0.0, 0.3), "in", id="along"),
        pytest.param(DOWN, (0.0, -0.3), "out", id="against"),
        pytest.param(DOWN, (0.4, 0.01), "in", id="aslant, a little along"),
        pytest.param(DOWN, (0.4, -0.01), "out", id="aslant, a little against"),
        pytest.param(DIAGONAL, (0.2, 0.1), "in", id="along a diagonal"),
        pytest.param(DIAGONAL, (-0.2, -0.1), "out", id="against a diagonal"),
    ],
)
def test_direction_is_that_of_the_movement(
    lanes: Lanes, way: tuple[float, float], direction: Direction
) -> None:
    assert lanes.direction_at(_point(0.5, 0.5), _point(*way)) == direction


@pytest.mark.parametrize("allowed", ["in", "out", "unknown"])
@pytest.mark.parametrize(
    "way", [pytest.param((0.0, 0.0), id="standing"), pytest.param((0.3, 0.0), id="crossing")]
)
def test_who_has_not_moved_along_the_arrow_has_the_lanes_direction(
    way: tuple[float, float], allowed: Direction
) -> None:
    lanes = _lane_with_arrow((0.5, 0.1), (0.5, 0.9), direction=allowed)
    assert lanes.direction_at(_point(0.5, 0.5), _point(*way)) == allowed


def test_without_an_arrow_the_direction_is_the_lanes() -> None:
    lanes = Lanes((LaneSection(number=1, direction="out"),))
    assert lanes.direction_at(_point(0.5, 0.5), _point(0.0, 0.5)) == "out"
    assert not lanes.has_arrow_at(_point(0.5, 0.5))


def test_each_lane_has_an_arrow_of_its_own() -> None:
    lanes = Lanes(
        (
            LaneSection(number=1, region=LEFT, arrow=((0.3, 0.2), (0.3, 0.9))),
            LaneSection(number=2, region=RIGHT, arrow=((0.6, 0.9), (0.6, 0.2))),
        )
    )
    way = _point(0.0, 0.3)
    assert lanes.direction_at(_point(0.2, 0.5), way) == "in"
    assert lanes.direction_at(_point(0.7, 0.5), way) == "out"


def test_an_arrow_is_that_of_the_lane_alone() -> None:
    lanes = Lanes(
        (
            LaneSection(number=1, region=LEFT),
            LaneSection(number=2, region=RIGHT, arrow=((0.6, 0.9), (0.6, 0.2))),
        )
    )
    assert not lanes.has_arrow_at(_point(0.2, 0.5))
    assert lanes.has_arrow_at(_point(0.7, 0.5))
    assert not lanes.has_arrow_at(_point(0.95, 0.5))
