"""Makes plates flat by their four corners.

The reader was trained on exactly this picture of a plate (``training/`` calls the same function),
so a change here is a change of the reader's input.
"""

from typing import Final

import cv2
import numpy as np

from edge_lpr.vision.contracts import BgrImage, Quad
from edge_lpr.vision.geometry import is_clockwise_and_convex, plate_size_px

RECTIFIED_WIDTH_PX: Final = 192
"""Width of a rectified plate: 16 px for each of twelve characters."""

RECTIFIED_HEIGHT_PX: Final = 64
"""Height of a rectified plate: two lines of 32 px at the least."""

RECTIFIED_MARGIN: Final = 0.04
"""Surroundings kept on each side, as a share of the plate: corners are a few pixels off."""

_SHRINK_FROM: Final = 2.0
"""From this many times the result's size on, the plate is averaged down before it is warped."""


def rectify_plate(
    frame_bgr: BgrImage,
    plate_quad: Quad,
    *,
    width_px: int = RECTIFIED_WIDTH_PX,
    height_px: int = RECTIFIED_HEIGHT_PX,
    margin: float = RECTIFIED_MARGIN,
) -> BgrImage:
    """Warp the plate inside ``plate_quad`` to a flat rectangle of a fixed size.

    Pixel centres sit on whole numbers, x to the right and y down, so with no margin the corner
    (0, 0) of the result is the centre of its first pixel. Parts of the quad that lie outside the
    frame come back black; they are not an error, because a plate leaving the lane is half
    outside for a frame or two.

    Args:
        frame_bgr: Full camera frame, shape (H, W, 3), uint8, BGR. Not modified.
        plate_quad: Plate corners, shape (4, 2), float32, (x, y) in frame pixels, in the order
            top-left, top-right, bottom-right, bottom-left.
        width_px: Width of the result, at least 2.
        height_px: Height of the result, at least 2.
        margin: Surroundings to keep on each side, as a share of the plate's width and height.

    Returns:
        Rectified plate, shape (``height_px``, ``width_px``, 3), uint8, BGR, in memory of its own.

    Raises:
        ValueError: The quad is not convex, or runs anticlockwise.

    Source:
        Projective map from four point pairs: Hartley and Zisserman, "Multiple View Geometry in
        Computer Vision", 2nd ed., section 4.1.
    """
    if not is_clockwise_and_convex(plate_quad):
        raise ValueError("the quad must be convex and run clockwise from the plate's top-left")
    shrunk_bgr, shrunk_quad = _shrink_large_plate(frame_bgr, plate_quad, width_px, height_px)
    inset = margin / (1 + 2 * margin)
    left, right = inset * (width_px - 1), (1 - inset) * (width_px - 1)
    top, bottom = inset * (height_px - 1), (1 - inset) * (height_px - 1)
    target = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    homography = cv2.getPerspectiveTransform(shrunk_quad, target)
    plate_bgr = cv2.warpPerspective(shrunk_bgr, homography, (width_px, height_px))
    return np.asarray(plate_bgr, np.uint8)


def _shrink_large_plate(
    frame_bgr: BgrImage, plate_quad: Quad, width_px: int, height_px: int
) -> tuple[BgrImage, Quad]:
    """Average a plate down if a warp alone would skip over its pixels.

    Bilinear warping looks at four pixels whatever the scale, so the strokes of a plate that fills
    a 4K frame would turn into noise.
    """
    plate_width_px, plate_height_px = plate_size_px(plate_quad)
    factor = int(min(plate_width_px / width_px, plate_height_px / height_px))
    if factor < _SHRINK_FROM:
        return frame_bgr, plate_quad.astype(np.float32)
    rows, columns = frame_bgr.shape[:2]
    reach_px = int(plate_width_px * RECTIFIED_MARGIN * 2) + 2
    x0, y0 = np.maximum(np.floor(plate_quad.min(axis=0)) - reach_px, 0).astype(int).tolist()
    x1, y1 = np.ceil(plate_quad.max(axis=0)).astype(int).tolist()
    region_bgr = frame_bgr[y0 : min(rows, y1 + reach_px), x0 : min(columns, x1 + reach_px)]
    if min(region_bgr.shape[:2]) < factor:
        return frame_bgr, plate_quad.astype(np.float32)
    kept_rows, kept_columns = (side // factor * factor for side in region_bgr.shape[:2])
    shrunk_bgr = cv2.resize(
        region_bgr[:kept_rows, :kept_columns],
        (kept_columns // factor, kept_rows // factor),
        interpolation=cv2.INTER_AREA,
    )
    # A shrunk pixel's centre lies in the middle of the factor x factor pixels it stands for.
    shrunk_quad = (plate_quad - np.array([x0, y0]) - (factor - 1) / 2) / factor
    return np.asarray(shrunk_bgr, np.uint8), shrunk_quad.astype(np.float32)
