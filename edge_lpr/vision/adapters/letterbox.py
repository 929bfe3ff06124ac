"""Makes a frame the picture that the detector sees, alike for every engine."""

from typing import Final

import cv2
import numpy as np

from edge_lpr.core.errors import DetectorError
from edge_lpr.vision.contracts import BgrImage

PADDING_GREY: Final = 114
"""What the detector saw around its training pictures (ultralytics' letterbox)."""

_FRAME_DIMENSIONS: Final = 3


class Letterbox:
    """Scales frames to a longest side, and pads them to what the network can divide."""

    def __init__(self, *, long_side_px: int, stride_px: int) -> None:
        """Prepare for frames of any size.

        Args:
            long_side_px: Longest side of the picture that the detector usually sees.
            stride_px: Height and width of that picture are multiples of this.
        """
        self._long_side_px = long_side_px
        self._stride_px = stride_px
        self._canvas_bgr: BgrImage = np.empty((0, 0, 3), np.uint8)

    def fit(self, frame_bgr: BgrImage, long_side_px: int | None = None) -> tuple[BgrImage, float]:
        """Scale a frame, and pad it with grey at the right and below.

        Padding on two sides instead of four leaves the map back to frame pixels a mere factor.

        Args:
            frame_bgr: Frame of shape (H, W, 3), uint8, BGR, of any size; may differ from the one
                before. Not modified.
            long_side_px: Longest side this time, instead of the usual one.

        Returns:
            The picture, uint8, BGR, which is this object's own and overwritten by the next call;
            and its pixels per frame pixel.

        Raises:
            DetectorError: The frame is no picture.
        """
        if frame_bgr.ndim != _FRAME_DIMENSIONS or 0 in frame_bgr.shape:
            raise DetectorError(f"a frame of shape {frame_bgr.shape} is no colour picture")
        scale = (long_side_px or self._long_side_px) / max(frame_bgr.shape[:2])
        rows, columns = (max(1, round(side * scale)) for side in frame_bgr.shape[:2])
        shape = (self._padded(rows), self._padded(columns), 3)
        if self._canvas_bgr.shape != shape:
            self._canvas_bgr = np.empty(shape, np.uint8)
        self._canvas_bgr[rows:] = PADDING_GREY
        self._canvas_bgr[:rows, columns:] = PADDING_GREY
        shrinks = scale < 1
        cv2.resize(
            frame_bgr,
            (columns, rows),
            dst=self._canvas_bgr[:rows, :columns],
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )
        return self._canvas_bgr, scale

    def _padded(self, side_px: int) -> int:
        """Return the next multiple of the stride."""
        return -(-side_px // self._stride_px) * self._stride_px
