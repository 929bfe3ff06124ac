"""Measures what one plate, or one picture, says about lens, shutter and light; pure.

What follows from many of them is ``optics.py``'s to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.contracts import BgrImage, Quad
from edge_lpr.vision.geometry import plate_size_px

CLIPPED: Final = 250
"""Grey level from which a pixel is white, whatever it shows."""

BLIND_DETAIL: Final = 0.7
"""Grey levels by which cells of 8 px differ from their neighbours, the median of a part of the
picture. Covered, with a sensor's noise: 0.4; rendered roads 0.6 and more, a clear sky less."""

COVERED_SHARE: Final = 0.9
SEEING_SHARE: Final = 0.5
"""A half of the picture is covered if so much of it is blind, and at most this of the other."""

_LEAST_PX: Final = 12
_LAG_PX: Final = 4
_CELL_PX: Final = 8
_GRID: Final = (6, 8)
_ASPECTS: Final = (4.73, 3.08, 2.0, 1.5)
"""Width over height of a European, a South American, an American plate, and one of two lines."""

_ASPECT_TOLERANCE: Final = 0.15

_STEEPEST_DEGREE: Final = 60

_Grey: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PlateFigures:
    """What one plate in one frame says about the optics."""

    seen_ns: int
    """On the monotonic clock of this process."""
    width_px: float
    edge_x_px: float
    """Width of edges along the plate, ``edge_width_px``."""
    edge_y_px: float
    """The same upwards."""
    clipped_share: float
    level: float
    """Mean grey level."""
    place: tuple[float, float]
    """Its middle, as shares of the picture's width and height."""
    roll_degree: float
    """By how much its sides lean, clockwise."""
    tilt_degree: float
    """By how much its upper and lower edges fall to the right, its sides put upright."""
    aspect: float
    """Width over height, as it is seen."""


def plate_figures(frame_bgr: BgrImage, quad: Quad, now_ns: int) -> PlateFigures | None:
    """Measure one plate.

    Args:
        frame_bgr: Shape (H, W, 3), uint8, BGR. Not modified.
        quad: The plate's corners in frame pixels.
        now_ns: Time to note.

    Returns:
        Its figures; ``None`` where it is cut by the frame's edge, or too small to measure.
    """
    height_px, width_px = frame_bgr.shape[:2]
    x0, y0 = np.floor(quad.min(axis=0)).astype(int)
    x1, y1 = np.ceil(quad.max(axis=0)).astype(int)
    if min(x0, y0) < 0 or x1 >= width_px or y1 >= height_px:
        return None
    if min(x1 - x0, y1 - y0) < _LEAST_PX:
        return None
    # Green alone: it weighs most in grey, and is half of what a sensor sees.
    grey = frame_bgr[y0 : y1 + 1, x0 : x1 + 1, 1].astype(np.float32)
    wide_px, high_px = plate_size_px(quad)
    roll, tilt = _angles_degree(quad)
    middle = quad.mean(axis=0)
    return PlateFigures(
        seen_ns=now_ns,
        width_px=wide_px,
        edge_x_px=edge_width_px(grey),
        edge_y_px=edge_width_px(grey.T),
        clipped_share=float((grey >= CLIPPED).mean()),
        level=float(grey.mean()),
        place=(float(middle[0]) / width_px, float(middle[1]) / height_px),
        roll_degree=roll,
        tilt_degree=tilt,
        aspect=wide_px / max(high_px, 1.0),
    )


def edge_width_px(grey: _Grey) -> float:
    """Measure how wide an edge is along the rows: 1 to 3 px in focus.

    Over an edge that rises evenly within w pixels, the squares of differences between neighbours
    sum up to h²/w, those between pixels k apart to h²(k - w/3): their ratio tells w, whatever the
    contrast and however many edges there are. Noise adds the same to both, and is told from the
    flattest quarter.

    Args:
        grey: Shape (H, W), float32. Not modified.

    Returns:
        From 0 to 6, which also stands for more.
    """
    near = grey[:, 1:] - grey[:, :-1]
    far = grey[:, _LAG_PX:] - grey[:, :-_LAG_PX]
    # The lower quartile of a normal distribution's absolute values is at 0.3186 of its spread.
    noise = (float(np.quantile(np.abs(near[::3]), 0.25)) / 0.3186) ** 2
    near_square, far_square = float(np.square(near).mean()), float(np.square(far).mean())
    noise = min(noise, 0.8 * near_square)
    ratio = max(0.0, far_square - noise) / max(near_square - noise, 1e-6)
    return 1.5 * (_LAG_PX - float(np.sqrt(max(0.0, _LAG_PX**2 - 4 * ratio / 3))))


def covered(grids: Sequence[NDArray[np.bool_]]) -> tuple[float, int]:
    """Say how much of the picture has no detail, and whether that is one half of it.

    Args:
        grids: Of each look, shape (6, 8): whether a part was blind.

    Returns:
        Share of parts that were blind in most looks, and which half is covered: 0 none, then the
        left, right, upper and lower one.
    """
    if not grids:
        return 0.0, 0
    blind = np.mean(np.stack(grids), axis=0) > SEEING_SHARE
    rows, columns = blind.shape[0] // 2, blind.shape[1] // 2
    halves = (
        (blind[:, :columns], blind[:, columns:]),
        (blind[:, columns:], blind[:, :columns]),
        (blind[:rows], blind[rows:]),
        (blind[rows:], blind[:rows]),
    )
    for side, (half, other) in enumerate(halves, start=1):
        if half.mean() >= COVERED_SHARE and other.mean() <= SEEING_SHARE:
            return float(blind.mean()), side
    return float(blind.mean()), 0


def view_angles_degree(tilt_degree: float, aspect: float) -> tuple[float, float]:
    """Estimate from where a plate is seen: the smallest angles that explain its shape.

    A plate of aspect a, seen from y beside it and p above it, has its edges tilted by
    atan(tan y sin p) and the aspect a cos y / cos p. Its true aspect is one of four; which one is
    not known, so the one that needs the least angles is taken.

    Args:
        tilt_degree: Tilt of its upper and lower edges, its sides put upright.
        aspect: Width over height as seen.

    Returns:
        Yaw and pitch in whole degrees, from 0.
    """
    angles = np.radians(np.arange(_STEEPEST_DEGREE + 1, dtype=np.float64))
    yaw, pitch = angles[:, None], angles[None, :]
    tilts = np.degrees(np.arctan(np.tan(yaw) * np.sin(pitch)))
    seen = np.log(np.array(_ASPECTS))[:, None, None] + np.log(np.cos(yaw) / np.cos(pitch))
    # Corners are found within some pixels, and makers' plates differ: so much says nothing.
    apart = np.abs(seen - np.log(max(aspect, 0.1))).min(axis=0)
    fault = np.maximum(0.0, apart - _ASPECT_TOLERANCE) * 100
    cost = 2 * np.abs(tilts - abs(tilt_degree)) + fault + 0.3 * np.degrees(yaw + pitch)
    best = np.unravel_index(int(cost.argmin()), cost.shape)
    return float(best[0]), float(best[1])


def _angles_degree(quad: Quad) -> tuple[float, float]:
    """Return how its sides lean, and how its upper and lower edges fall beyond that."""
    across = quad[1] - quad[0] + quad[2] - quad[3]
    down = quad[3] - quad[0] + quad[2] - quad[1]
    roll = float(np.degrees(np.arctan2(-down[0], down[1])))
    fall = float(np.degrees(np.arctan2(across[1], across[0])))
    return roll, fall - roll


def look_at_scene(frame_bgr: BgrImage) -> tuple[tuple[float, float], NDArray[np.bool_]]:
    """Measure light and detail of the whole picture."""
    step = max(1, frame_bgr.shape[0] // 180)
    green = np.ascontiguousarray(frame_bgr[::step, ::step, 1])
    light = float(green.mean()), float((green >= CLIPPED).mean())
    high = max(_GRID[0], frame_bgr.shape[0] // _CELL_PX)
    wide = max(_GRID[1], frame_bgr.shape[1] // _CELL_PX)
    cells = cv2.resize(frame_bgr[:, :, 1], (wide, high), interpolation=cv2.INTER_AREA)
    around = np.abs(cells.astype(np.float32) - cv2.blur(cells.astype(np.float32), (3, 3)))
    rows, columns = _GRID
    part_high, part_wide = high // rows, wide // columns
    parts = around[: rows * part_high, : columns * part_wide]
    # The median: the border of what covers the lens, or one pole, is not detail of a whole part.
    middle = np.median(parts.reshape(rows, part_high, columns, part_wide), axis=(1, 3))
    return light, np.asarray(middle < BLIND_DETAIL, np.bool_)
