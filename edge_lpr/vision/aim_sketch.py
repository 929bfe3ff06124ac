"""Makes one sketch of the empty lane: cells at least half a plate wide, in 15 greys, over minutes.

For orientation only: where the road is and where its edge. A vehicle is not in it, because around
a plate and where anything changes nothing is taken, and because of what is left the median over
time counts. Only the lanes' window is in it: outside of it no plate is looked for, so nothing would
say that a vehicle stands there. Kept are means of cells, never a picture.
"""

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.handoff.aim_message import MAXIMUM_CELLS, Sketch
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage
from edge_lpr.vision.lanes import Lanes

SAMPLE_NS: Final = NANOSECONDS
"""Time between two looks."""

SAMPLES: Final = 90
"""Looks that a cell needs; so a sketch takes a minute and a half of an empty lane at least."""

_GIVE_UP: Final = 600
"""After so many looks the sketch is made of what there is: other cells are not known."""

_CHANGE: Final = 6.0
"""Grey levels by which a cell's mean changes if something is there; noise moves it by under 1."""

_AROUND_WIDTHS: Final = (5.0, 6.0, 5.0, 2.0)
"""What is a vehicle around its plate, in widths of the plate: to the left, above, right, below."""

_WITHOUT_PLATES: Final = 2
"""Cells of the finest grid joined each way where no plate was seen yet: 1/16 of the picture, half
of a plate that fills an eighth of it."""


class SketchMaker:
    """Gathers one sketch."""

    def __init__(self, lanes: Lanes, samples: int = SAMPLES) -> None:
        """Begin.

        Args:
            lanes: Where plates are looked for.
            samples: How many looks a cell needs.
        """
        self._lanes = lanes
        self._samples = samples
        self._looks = 0
        self._next_ns: int | None = None
        self._before: NDArray[np.float32] | None = None
        self._greys: list[NDArray[np.float32]] = []
        self._widest_px = 0.0
        self._frame_px = (0, 0)

    def see(
        self, frame_bgr: BgrImage, now_ns: int, boxes_xyxy: Sequence[NDArray[np.float32]]
    ) -> None:
        """Look at a frame, if it is time to.

        Args:
            frame_bgr: Frame, shape (H, W, 3), uint8, BGR. Not modified, not kept.
            now_ns: When it was taken.
            boxes_xyxy: Plates in it, each of shape (4,).
        """
        for box_xyxy in boxes_xyxy:
            self._widest_px = max(self._widest_px, float(box_xyxy[2] - box_xyxy[0]))
        if self._next_ns is not None and now_ns < self._next_ns:
            return
        self._next_ns = now_ns + SAMPLE_NS
        self._looks += 1
        size_px = frame_bgr.shape[1], frame_bgr.shape[0]
        if size_px != self._frame_px:
            self._frame_px, self._before = size_px, None
            self._greys.clear()
        greys = _means(frame_bgr)
        is_empty = np.zeros(greys.shape, np.bool_)
        if self._before is not None:
            is_changed = np.abs(greys - self._before) > _CHANGE
            around = cv2.dilate(is_changed.astype(np.uint8), np.ones((3, 3), np.uint8))
            is_empty = around == 0
        self._before = greys
        for box_xyxy in boxes_xyxy:
            _cover(is_empty, box_xyxy, self._frame_px)
        self._greys.append(np.where(is_empty, greys, np.float32(np.nan)).astype(np.float32))
        del self._greys[:-_GIVE_UP]

    def sketch(self) -> Sketch | None:
        """Return the sketch, or ``None`` while it takes longer."""
        if self._looks < self._samples or not self._greys:
            return None
        stack = np.stack(self._greys)
        counts = np.isfinite(stack).sum(axis=0)
        enough = self._samples // 2
        is_inside = self._inside(stack.shape[1], stack.shape[2])
        if (is_inside & (counts < enough)).any() and self._looks < _GIVE_UP:
            return None
        is_enough = is_inside & (counts >= enough)
        filled = np.where(is_enough, stack, np.float32(0))
        medians = np.nanmedian(filled, axis=0).astype(np.float32)
        joined, is_known = _joined(medians, is_enough, self._joined_cells())
        cells = np.where(is_known, 1 + np.clip(np.round(joined / 255 * 14), 0, 14), 0)
        rows, columns = cells.shape
        return Sketch(columns, rows, cells.astype(np.uint8).tobytes())

    def _inside(self, rows: int, columns: int) -> NDArray[np.bool_]:
        """Return which cells are wholly in the lanes' window."""
        window = self._lanes.window(*self._frame_px)
        width_px, height_px = self._frame_px
        is_inside = np.zeros((rows, columns), np.bool_)
        is_inside[
            math.ceil(window.top / height_px * rows) : math.floor(window.bottom / height_px * rows),
            math.ceil(window.left / width_px * columns) : math.floor(
                window.right / width_px * columns
            ),
        ] = True
        return is_inside

    def _joined_cells(self) -> int:
        """Return how many cells of the finest grid make one, each way."""
        cell_px = max(self._frame_px) / MAXIMUM_CELLS
        if not self._widest_px:
            return _WITHOUT_PLATES
        return max(1, math.ceil(self._widest_px / 2 / cell_px))


def _means(frame_bgr: BgrImage) -> NDArray[np.float32]:
    """Return the mean grey of square cells, 32 of them across, or down for an upright picture."""
    height_px, width_px = frame_bgr.shape[:2]
    cell_px = max(width_px, height_px) / MAXIMUM_CELLS
    size = max(1, round(width_px / cell_px)), max(1, round(height_px / cell_px))
    gray = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.float32)


def _cover(
    is_empty: NDArray[np.bool_], box_xyxy: NDArray[np.float32], frame_px: tuple[int, int]
) -> None:
    """Mark as not empty what belongs to the vehicle of a plate."""
    rows, columns = is_empty.shape
    width_px = float(box_xyxy[2] - box_xyxy[0])
    reach = np.array(_AROUND_WIDTHS, np.float64) * width_px * np.array([-1, -1, 1, 1])
    per_cell = np.array([columns, rows, columns, rows], np.float64) / np.tile(frame_px, 2)
    low_x, low_y, high_x, high_y = (box_xyxy + reach) * per_cell
    is_empty[
        max(0, math.floor(low_y)) : max(0, math.ceil(high_y)),
        max(0, math.floor(low_x)) : max(0, math.ceil(high_x)),
    ] = False


def _joined(
    greys: NDArray[np.float32], is_known: NDArray[np.bool_], number: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Join cells to larger ones; one is known if all of it is."""
    rows, columns = (max(1, each // number) for each in greys.shape)
    # Edges that make no whole cell go to the last one.
    down = np.minimum(np.arange(greys.shape[0]) // number, rows - 1)
    across = np.minimum(np.arange(greys.shape[1]) // number, columns - 1)
    sums = np.zeros((rows, columns), np.float32)
    counts = np.zeros((rows, columns), np.float32)
    known = np.ones((rows, columns), np.bool_)
    where = np.ix_(down, across)
    np.add.at(sums, where, greys)
    np.add.at(counts, where, np.float32(1))
    np.logical_and.at(known, where, is_known)
    return (sums / counts).astype(np.float32), known
