"""Boxes and quads in frame pixels: overlap, convexity, and one from the other."""

import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.contracts import Quad


def intersection_over_union(one_xyxy: NDArray[np.float32], two_xyxy: NDArray[np.float32]) -> float:
    """Measure how far two boxes cover each other.

    Args:
        one_xyxy: Box, shape (4,), left, top, right, bottom, half-open. Not modified.
        two_xyxy: The other box, likewise.

    Returns:
        Shared area over covered area, in [0, 1]; 0 if both boxes are empty.
    """
    shared, areas = _shared_area(one_xyxy, two_xyxy)
    covered = sum(areas) - shared
    return float(min(1.0, shared / covered)) if covered > 0 else 0.0


def covered_share(one_xyxy: NDArray[np.float32], two_xyxy: NDArray[np.float32]) -> float:
    """Measure how far the smaller of two boxes lies inside the larger.

    Args:
        one_xyxy: Box, shape (4,), left, top, right, bottom, half-open. Not modified.
        two_xyxy: The other box, likewise.

    Returns:
        Shared area over the smaller box's, in [0, 1]; 0 if one of them is empty.
    """
    shared, areas = _shared_area(one_xyxy, two_xyxy)
    return float(min(1.0, shared / min(areas))) if min(areas) > 0 else 0.0


def box_around(quad: Quad) -> NDArray[np.float32]:
    """Return the axis-aligned box around a quad.

    Args:
        quad: Corners, shape (4, 2). Not modified.

    Returns:
        Box, shape (4,), float32, left, top, right, bottom, in memory of its own.
    """
    return np.concatenate([quad.min(axis=0), quad.max(axis=0)]).astype(np.float32)


def quad_of_box(box_xyxy: NDArray[np.float32]) -> Quad:
    """Return the corners of a box as a quad.

    Args:
        box_xyxy: Box, shape (4,), left, top, right, bottom. Not modified.

    Returns:
        Corners, shape (4, 2), float32, top-left, top-right, bottom-right, bottom-left.
    """
    x0, y0, x1, y1 = box_xyxy.tolist()
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def is_clockwise_and_convex(quad: Quad) -> bool:
    """Tell whether a quad can be the picture of a plate seen from its front.

    Args:
        quad: Corners, shape (4, 2), x to the right and y down. Not modified.

    Returns:
        False for anticlockwise, crossed, dented and flat quads, and for coordinates that are not
        finite.
    """
    if not np.isfinite(quad).all():
        return False
    edges = np.roll(quad, -1, axis=0).astype(np.float64) - quad
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    # Enough for four edges: a polygon must have five before it can turn right and cross itself.
    return bool(np.all(turns > 0))


def plate_size_px(quad: Quad) -> tuple[float, float]:
    """Return width and height of a plate as it appears.

    Args:
        quad: Corners, shape (4, 2). Not modified.

    Returns:
        Mean length of the upper and lower edge, mean length of the right and left edge.
    """
    lengths = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    return float((lengths[0] + lengths[2]) / 2), float((lengths[1] + lengths[3]) / 2)


def _shared_area(
    one_xyxy: NDArray[np.float32], two_xyxy: NDArray[np.float32]
) -> tuple[float, tuple[float, float]]:
    """Return the area that two boxes share, and the area of each."""
    ax0, ay0, ax1, ay1 = one_xyxy.tolist()
    bx0, by0, bx1, by1 = two_xyxy.tolist()
    shared = max(0.0, min(ax1, bx1) - max(ax0, bx0)) * max(0.0, min(ay1, by1) - max(ay0, by0))
    return shared, ((ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0))
