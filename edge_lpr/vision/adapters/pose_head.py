"""Makes detections of the raw output of a pose model with four corners."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.contracts import Detection, Quad
from edge_lpr.vision.geometry import (
    box_around,
    intersection_over_union,
    is_clockwise_and_convex,
    quad_of_box,
)

HEAD_ROWS: Final = 17
"""Centre x and y, width, height, confidence, then x, y and visibility of each of four corners."""

_SAME_PLATE: Final = 0.5
"""Boxes that cover each other further are the same plate; plates never lie over each other."""

_MAXIMUM_DETECTIONS: Final = 50
"""Most plates of one frame; the fullest labelled photograph shows 26."""

_PIXEL_CENTRE: Final = 0.5
"""The network's first pixel reaches from 0 to 1; a quad's first pixel has its centre at 0."""

_CORNERS_FIT: Final = 0.5
"""Least overlap of the box with the box around its corners."""


def decode_pose_head(
    head: NDArray[np.float32],
    *,
    scale: float,
    frame_size_px: tuple[int, int],
    minimum_confidence: float,
) -> list[Detection]:
    """Drop the improbable, merge the overlapping, and map the rest to frame pixels.

    Args:
        head: Output of the model for one frame, shape (17, N), float32, in pixels of the model's
            input. Not modified.
        scale: Input pixels per frame pixel, positive; both have the same origin.
        frame_size_px: Width and height of the frame.
        minimum_confidence: Detections below are dropped, in [0, 1].

    Returns:
        At most 50 detections, most confident first.
    """
    # NaN compares as false, so a broken model's output ends here and is no detection.
    likely = head[:, head[4] >= minimum_confidence]
    likely = likely[:, np.isfinite(likely).all(axis=0)]
    corner_xywh = np.vstack([likely[:2] - likely[2:4] / 2, likely[2:4]]).T
    kept = cv2.dnn.NMSBoxes(
        corner_xywh.astype(np.float64).tolist(), likely[4].tolist(), 0.0, _SAME_PLATE
    )
    detections = []
    for place in np.asarray(kept, int).ravel()[:_MAXIMUM_DETECTIONS]:
        x, y, width, height = (corner_xywh[place] / scale).tolist()
        whole_box_xyxy = np.array([x, y, x + width, y + height], np.float32)
        corners = likely[5:, place].reshape(4, 3)[:, :2] / scale
        box_xyxy = _inside(whole_box_xyxy, frame_size_px)
        if box_xyxy[0] < box_xyxy[2] and box_xyxy[1] < box_xyxy[3]:
            quad = _trusted_quad(corners.astype(np.float32), whole_box_xyxy)
            detections.append(Detection(quad, box_xyxy, min(1.0, float(likely[4, place]))))
    return detections


def _trusted_quad(corners: Quad, box_xyxy: NDArray[np.float32]) -> Quad:
    """Return the corners fitted into the box, or those of the box if they cannot be a plate's.

    Boxes were learned from photographs, corners from rendered scenes alone: the corners know the
    plate's shape, but where the two disagree on its place, the box is the one that knows the
    world. Measured on 196 labelled plates: 148 read exactly with the corners as they are, 151
    with the box alone, 158 with the corners fitted into it.
    """
    found_xyxy = box_around(corners)
    if (
        not is_clockwise_and_convex(corners)
        or intersection_over_union(found_xyxy, box_xyxy) < _CORNERS_FIT
    ):
        quad = quad_of_box(box_xyxy)
    else:
        stretch = (box_xyxy[2:] - box_xyxy[:2]) / (found_xyxy[2:] - found_xyxy[:2])
        quad = (corners - found_xyxy[:2]) * stretch + box_xyxy[:2]
    return (quad - _PIXEL_CENTRE).astype(np.float32)


def _inside(box_xyxy: NDArray[np.float32], frame_size_px: tuple[int, int]) -> NDArray[np.float32]:
    """Return the part of a box that lies inside the frame."""
    width_px, height_px = frame_size_px
    return np.clip(box_xyxy, 0, np.array([width_px, height_px] * 2, np.float32))
