"""Laws of lanes: what is in a lane is looked at, and turning round turns the direction."""

import cv2
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_lpr.core.settings import Direction, LaneSection, PicturePoint
from edge_lpr.vision.contracts import Quad
from edge_lpr.vision.lanes import Lanes
from edge_lpr.vision.legibility import LEAST_WEIGHT, weigh_plate

shares = st.floats(0, 1, width=32)
points = st.tuples(shares, shares)
sizes_px = st.tuples(st.integers(1, 4096), st.integers(1, 4096))
steps = st.integers(-1000, 1000).map(lambda thousandths: thousandths / 1000)
"""Far enough apart for their products not to vanish."""
ways = st.tuples(steps, steps)

TURNED: dict[Direction, Direction] = {"in": "out", "out": "in", "unknown": "unknown"}


@st.composite
def convex_lanes(draw: st.DrawFn) -> LaneSection:
    """Draw a lane whose region is the hull of some points."""
    corners = np.array(draw(st.lists(points, min_size=3, max_size=8)), np.float32)
    hull = cv2.convexHull(corners)[:, 0]
    try:
        return LaneSection(number=1, region=tuple((float(x), float(y)) for x, y in hull))
    except ValidationError:
        # Too small for a region.
        assume(condition=False)
        raise


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(
    st.lists(convex_lanes(), min_size=1, max_size=3),
    st.lists(st.floats(0, 1), min_size=32, max_size=32),
    sizes_px,
    st.data(),
)
def test_a_point_in_a_lane_is_in_the_window(
    sections: list[LaneSection], weights: list[float], size_px: tuple[int, int], data: st.DataObject
) -> None:
    section = data.draw(st.sampled_from(sections))
    assert section.region is not None
    parts = np.array(weights[: len(section.region)]) + 1e-3
    point = parts / parts.sum() @ np.array(section.region)
    lanes, (width_px, height_px) = Lanes(sections), size_px
    window = lanes.window(width_px, height_px)
    # Regions are kept in 32 bits: a thousandth of a pixel is what that costs in a frame of 4096.
    x_px, y_px = point * size_px
    assert window.left - 1e-3 <= x_px <= window.right + 1e-3
    assert window.top - 1e-3 <= y_px <= window.bottom + 1e-3
    assert 0 <= window.left < window.right <= width_px
    assert 0 <= window.top < window.bottom <= height_px


# Most points lie inside, and most hulls of few points are no region.
@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.lists(convex_lanes(), min_size=1, max_size=3), points, sizes_px)
def test_a_point_outside_the_window_is_in_no_lane(
    sections: list[LaneSection], point: PicturePoint, size_px: tuple[int, int]
) -> None:
    lanes = Lanes(sections)
    window = lanes.window(*size_px)
    x_px, y_px = np.array(point) * size_px
    is_outside = (
        x_px < window.left - 1e-3
        or x_px > window.right + 1e-3
        or y_px < window.top - 1e-3
        or y_px > window.bottom + 1e-3
    )
    assume(is_outside)
    assert lanes.index_at(np.array(point)) is None


def _direction(start: PicturePoint, end: PicturePoint, way: tuple[float, float]) -> Direction:
    lanes = Lanes((LaneSection(number=1, arrow=(start, end)),))
    return lanes.direction_at(np.array([0.5, 0.5]), np.array(way))


arrow_ends = st.tuples(*[st.integers(0, 100).map(lambda hundredths: hundredths / 100)] * 2)


@given(arrow_ends, arrow_ends, ways)
def test_turning_the_way_or_the_arrow_round_turns_the_direction(
    start: PicturePoint, end: PicturePoint, way: tuple[float, float]
) -> None:
    assume(start != end)
    direction = _direction(start, end, way)
    assert _direction(start, end, (-way[0], -way[1])) == TURNED[direction]
    assert _direction(end, start, way) == TURNED[direction]
    assert _direction(end, start, (-way[0], -way[1])) == direction


@given(arrow_ends, arrow_ends)
def test_along_its_arrow_a_vehicle_drives_in(start: PicturePoint, end: PicturePoint) -> None:
    assume(start != end)
    assert _direction(start, end, (end[0] - start[0], end[1] - start[1])) == "in"


coordinates_px = st.floats(-5000, 5000, width=32)


@given(
    st.lists(st.tuples(coordinates_px, coordinates_px), min_size=4, max_size=4),
    sizes_px,
    st.integers(0, 2**32 - 1),
    st.integers(0, 255),
)
def test_every_reading_counts_something_and_none_more_than_one(
    corners: list[tuple[float, float]], size_px: tuple[int, int], seed: int, contrast: int
) -> None:
    quad: Quad = np.array(corners, np.float32)
    noise = np.random.default_rng(seed).integers(0, contrast + 1, (64, 192, 3))
    assert LEAST_WEIGHT <= weigh_plate(noise.astype(np.uint8), quad, size_px) <= 1
