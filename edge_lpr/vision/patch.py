"""Cuts the patch around a detection in which its corners are looked for.

The corner network was trained on exactly this picture (``training/`` calls the same functions), so
a change here is a change of its input.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.contracts import BgrImage, Quad

PATCH_WIDTH_PX: Final = 160
PATCH_HEIGHT_PX: Final = 80
"""Size of a patch, in pixels."""

_WIDER: Final = 1.6
_HIGHER: Final = 1.9
"""How far a patch reaches at least, in widths and heights of the detection: corners that lie
outside its box by a third of the height can still be found."""

_LEAST_WIDTH_PX: Final = 16
"""Least width of a patch in the frame; a detection may be a few pixels wide."""

_PADDING_GREY: Final = 114
"""Grey beyond the frame: what the detector, too, sees there."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The surroundings of a detection, at the size that the corner network looks at."""

    picture_bgr: BgrImage
    """Shape (80, 160, 3), uint8, in memory of its own."""
    origin_px: NDArray[np.float32]
    """Where its first pixel begins in the frame, (x, y), the frame's first pixel from 0 to 1."""
    scale: NDArray[np.float32]
    """Patch pixels for each frame pixel, (x, y)."""

    def to_frame(self, corners_patch_px: Quad) -> Quad:
        """Move corners from the patch to the frame.

        Args:
            corners_patch_px: Shape (4, 2), the first pixel reaching from 0 to 1. Not modified.

        Returns:
            The quad in frame pixels, whole numbers being pixel centres.
        """
        quad: Quad = corners_patch_px / self.scale + self.origin_px - np.float32(0.5)
        return quad.astype(np.float32)

    def from_frame(self, corners_px: Quad) -> Quad:
        """Move corners from the frame to the patch.

        Args:
            corners_px: Shape (4, 2), the frame's first pixel reaching from 0 to 1. Not modified.

        Returns:
            The same in the patch, its first pixel reaching from 0 to 1.
        """
        quad: Quad = (corners_px - self.origin_px) * self.scale
        return quad.astype(np.float32)


def cut_patch(frame_bgr: BgrImage, box_xyxy: NDArray[np.float32]) -> Patch:
    """Cut the surroundings of a detection out of its frame.

    Args:
        frame_bgr: Frame, shape (H, W, 3), uint8, BGR. Not modified.
        box_xyxy: The detection's box; at least a part of it lies inside the frame.

    Returns:
        The patch, grey where it reaches beyond the frame.
    """
    x0, y0, x1, y1 = (float(value) for value in box_xyxy)
    ratio = PATCH_WIDTH_PX / PATCH_HEIGHT_PX
    width = max(_WIDER * (x1 - x0), ratio * _HIGHER * (y1 - y0), _LEAST_WIDTH_PX)
    left, top = round((x0 + x1 - width) / 2), round((y0 + y1 - width / ratio) / 2)
    columns, rows = round(width), round(width / ratio)
    region_bgr = _region(frame_bgr, left, top, columns, rows)
    how = cv2.INTER_AREA if columns > PATCH_WIDTH_PX else cv2.INTER_LINEAR
    picture = cv2.resize(region_bgr, (PATCH_WIDTH_PX, PATCH_HEIGHT_PX), interpolation=how)
    return Patch(
        np.asarray(picture, np.uint8),
        np.array([left, top], np.float32),
        np.array([PATCH_WIDTH_PX / columns, PATCH_HEIGHT_PX / rows], np.float32),
    )


def _region(frame_bgr: BgrImage, left: int, top: int, columns: int, rows: int) -> BgrImage:
    """Copy a region that may reach beyond the frame."""
    height, width = frame_bgr.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + columns), min(height, top + rows)
    inside = frame_bgr[y0:y1, x0:x1]
    if inside.shape[:2] == (rows, columns):
        return inside
    region = np.full((rows, columns, 3), _PADDING_GREY, np.uint8)
    region[y0 - top : y1 - top, x0 - left : x1 - left] = inside
    return region
