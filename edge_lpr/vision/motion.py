"""Tells frames in which nothing has moved, at a hundredth of what looking for plates costs.

A frame is compared with the last one that was looked at, so that what creeps is noticed as soon as
it has crept far enough, however slowly. Leaves, rain and a flickering lamp move all the time: every
cell of the picture learns how restless it is while the lane is empty, and only what goes beyond
that is movement.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage, Frame
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.lanes import Lanes

CELLS_WIDE: Final = 160
"""Cells across the lanes: eight pixels each in a frame of 1280 px, so that the narrowest plate that
is read covers five of them."""

LOOK_AT_LEAST_NS: Final = NANOSECONDS
"""However still it is, one frame in this time is looked at."""

_SAMPLED: Final = 2
"""Pixels sampled across and along each cell; their mean has half of the sensor's noise, and four
times as many would cost more than comparing them."""

_CHANGED: Final = 6.0
"""Grey levels by which a cell must change beyond its restlessness."""

_RESTLESS_TIMES: Final = 1.5
_FEWEST_CELLS: Final = 4
"""Cells that must have changed: of the narrowest plate's five, one may be on no cell's middle."""

_RESTLESS_UP: Final = 0.2
_RESTLESS_DOWN: Final = 0.02
"""Grey levels a frame by which restlessness rises and falls: it settles where one difference in
eleven lies above it."""

_MOST_RESTLESS: Final = 30.0
"""However restless a cell is, a vehicle changes it by more."""


class MotionGate:
    """Decide which frames are looked at."""

    def __init__(self, settings: VisionSection, lanes: Lanes, funnel: Funnel) -> None:
        """Start without having seen a frame.

        Args:
            settings: Whether frames may be passed over at all.
            lanes: The part of the picture that matters.
            funnel: Where frames are counted.
        """
        self._is_on = settings.motion_gate
        self._lanes = lanes
        self._funnel = funnel
        self._cells: NDArray[np.float32] | None = None
        self._looked_at: NDArray[np.float32] | None = None
        self._looked_at_ns = 0
        self._in_hand: tuple[NDArray[np.float32], int] | None = None
        self._restlessness: NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def is_still(self, frame: Frame, *, is_settled: bool, is_empty: bool) -> bool:
        """Say whether a frame can be passed over, and count it.

        Args:
            frame: The next frame. Its pixels are not modified.
            is_settled: Whether all plates in the lanes are decided; while one is not, every frame
                is worth a look.
            is_empty: Whether no plate is followed; then what moves is no vehicle, most likely.

        Returns:
            True if nothing has moved since the last frame that was looked at.
        """
        self._funnel.add("frames")
        if not self._is_on:
            return False
        cells = self._see(frame.image_bgr)
        self._in_hand = cells, frame.captured_ns
        if self._looked_at is None or self._looked_at.shape != cells.shape:
            self._restlessness = np.zeros(cells.shape, np.float32)
            return False
        change = np.asarray(cv2.absdiff(cells, self._looked_at), np.float32)
        limits = _CHANGED + _RESTLESS_TIMES * self._restlessness
        moved = int(np.count_nonzero(change > limits))
        if is_empty:
            self._learn(change)
        is_due = frame.captured_ns - self._looked_at_ns >= LOOK_AT_LEAST_NS
        if moved >= _FEWEST_CELLS or is_due or not is_settled:
            return False
        self._funnel.add("still")
        return True

    def looked_at(self) -> None:
        """Take note that the frame in hand was looked at; one on which an engine failed was not."""
        if self._in_hand is not None:
            self._looked_at, self._looked_at_ns = self._in_hand

    def _learn(self, change: NDArray[np.float32]) -> None:
        """Let each cell's restlessness come nearer to how much it changes."""
        step = np.where(change > self._restlessness, np.float32(_RESTLESS_UP), -_RESTLESS_DOWN)
        self._restlessness = np.clip(self._restlessness + step, 0, _MOST_RESTLESS).astype(
            np.float32
        )

    def _see(self, frame_bgr: BgrImage) -> NDArray[np.float32]:
        """Make the lanes a small picture of cells, in memory of its own."""
        height_px, width_px = frame_bgr.shape[:2]
        view = self._lanes.window(width_px, height_px).view_of(frame_bgr)
        stride = max(1, view.shape[1] // (CELLS_WIDE * _SAMPLED))
        green = np.ascontiguousarray(view[::stride, ::stride, 1])
        wide = min(CELLS_WIDE, green.shape[1])
        high = max(1, round(green.shape[0] * wide / green.shape[1]))
        cells = cv2.resize(green, (wide, high), interpolation=cv2.INTER_AREA)
        return np.asarray(cells, np.float32)
