"""Looks closely at each detection: where exactly its corners are, and whether it is a plate.

The detector sees the whole frame at once, so a plate is a few pixels high for it, and much that is
rectangular and written on looks like one. Here each detection is seen at one size.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import CornerError
from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.contracts import (
    BgrImage,
    CornerFinder,
    Detection,
    Frame,
    PatchFinding,
    Quad,
)
from edge_lpr.vision.detect import PART_OF_PLATE
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.geometry import box_around, covered_share, is_clockwise_and_convex
from edge_lpr.vision.patch import Patch, cut_patch


def refine_detections(
    finder: CornerFinder, frame_bgr: BgrImage, detections: Sequence[Detection]
) -> list[Detection]:
    """Look closely at each detection.

    Args:
        finder: The engine's corner finder.
        frame_bgr: Frame, shape (H, W, 3), uint8, BGR. Not modified.
        detections: What the detector found in it.

    Returns:
        The same detections, in order, with the corners that were found and the probability that
        each is a plate as confidence. A quad that no plate can have is not taken over.

    Raises:
        CornerError: The engine failed.
    """
    patches = [cut_patch(frame_bgr, detection.box_xyxy) for detection in detections]
    findings = finder.find([patch.picture_bgr for patch in patches])
    return [
        _refined(detection, patch, finding, frame_bgr.shape[1::-1])
        for detection, patch, finding in zip(detections, patches, findings, strict=True)
    ]


def _refined(
    detection: Detection, patch: Patch, finding: PatchFinding, frame_px: tuple[int, ...]
) -> Detection:
    """Take over what was found."""
    quad = patch.to_frame(finding.corners_patch_px)
    if not is_clockwise_and_convex(quad):
        return replace(detection, confidence=finding.confidence)
    return Detection(quad, _box_between(detection, quad, frame_px), finding.confidence)


def _box_between(
    detection: Detection, quad: Quad, frame_px: tuple[int, ...]
) -> NDArray[np.float32]:
    """Take the middle between the detector's box and the one around the corners.

    People draw boxes with room around the plate, and the detector learned it from them; the corners
    have none. Measured on 196 labelled plates: 182 boxes fit the labels with the detector's alone,
    186 with the middle or with the corners alone.
    """
    box_xyxy = (detection.box_xyxy + box_around(quad + np.float32(0.5))) / 2
    inside = np.clip(box_xyxy, 0, np.array([*frame_px, *frame_px], np.float32))
    is_empty = bool((inside[:2] >= inside[2:]).any())
    return detection.box_xyxy if is_empty else inside.astype(np.float32)


class RefineStage:
    """Run the corner finder, and drop what is no plate."""

    def __init__(self, finder: CornerFinder, settings: VisionSection, funnel: Funnel) -> None:
        """Take the engine and the limit.

        Args:
            finder: Finds corners in patches.
            settings: Least probability of being a plate.
            funnel: Where what is no plate is counted.
        """
        self._finder = finder
        self._minimum_confidence = settings.minimum_plate_confidence
        self._funnel = funnel

    def __call__(self, frame: Frame, detections: Sequence[Detection]) -> list[Detection]:
        """Look closely at the detections of one frame.

        Args:
            frame: Whole frame; its pixels are not modified.
            detections: What the detector found in it.

        Returns:
            Those that are plates, with exact corners, in order.

        Raises:
            CornerError: The engine failed; this is counted, and is not "no plate".
        """
        try:
            refined = refine_detections(self._finder, frame.image_bgr, detections)
        except CornerError:
            self._funnel.add("corner_failures")
            raise
        plates = [found for found in refined if found.confidence >= self._minimum_confidence]
        self._funnel.add("no_plate", len(refined) - len(plates))
        whole = without_parts(plates)
        self._funnel.add("part_of_plate", len(plates) - len(whole))
        return whole


def without_parts(plates: Sequence[Detection]) -> list[Detection]:
    """Drop what is only a part of a plate that is there as a whole.

    Seen closely, half a plate is a plate: the corner finder is as sure of it as of the whole, and
    the reader reads it faultlessly. Followed on its own it would be another vehicle's.

    Args:
        plates: Plates of one frame. Not modified.

    Returns:
        The rest, in order.
    """
    areas = [_area_px(plate) for plate in plates]
    return [
        plate
        for plate, area in zip(plates, areas, strict=True)
        if not any(
            other is not plate
            and area < other_area
            and covered_share(plate.box_xyxy, other.box_xyxy) > PART_OF_PLATE
            for other, other_area in zip(plates, areas, strict=True)
        )
    ]


def _area_px(plate: Detection) -> float:
    """Return the area of a plate's box."""
    x0, y0, x1, y1 = plate.box_xyxy.tolist()
    return float((x1 - x0) * (y1 - y0))
