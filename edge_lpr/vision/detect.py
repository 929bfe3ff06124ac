"""Finds the plates of a frame that are worth reading."""

from collections.abc import Iterable, Sequence
from typing import Final

from edge_lpr.core.errors import DetectorError
from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.contracts import BgrImage, Detection, Frame, PlateDetector
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.geometry import covered_share, intersection_over_union, plate_size_px

SURE: Final = 0.5
"""From this confidence of the surest detection on, one look at a frame is enough."""

_SECOND_CONFIDENCE: Final = 0.35
"""Least confidence in later looks: each is one more chance to take something else for a plate."""

_SAME_PLATE: Final = 0.5
"""Boxes that cover each other further are the same plate."""

_PART_OF_PLATE: Final = 0.8
"""A box that lies in another one so far shows a part of it, or its surroundings."""


def find_plates(
    detector: PlateDetector, frame_bgr: BgrImage, second_looks_px: Sequence[int]
) -> list[Detection]:
    """Find the plates of a frame; as long as none is sure, look at it in other sizes too.

    A plate that fills the frame is larger than what the network was mostly shown, and is found in
    a smaller picture (measured on 196 labelled photographs: 5 more found); a plate that is far
    away is found in a larger one.

    Args:
        detector: The engine's detector.
        frame_bgr: Frame, shape (H, W, 3), uint8, BGR. Not modified.
        second_looks_px: Long sides of the other pictures, in order.

    Returns:
        Detections in frame pixels, most confident first.

    Raises:
        DetectorError: The engine failed.
    """
    found = detector.detect(frame_bgr)
    for long_side_px in second_looks_px:
        if any(detection.confidence >= SURE for detection in found):
            break
        more = detector.detect(frame_bgr, long_side_px=long_side_px)
        likely = [detection for detection in more if detection.confidence >= _SECOND_CONFIDENCE]
        found = _without_doubles([*found, *likely])
    return found


def _without_doubles(detections: Iterable[Detection]) -> list[Detection]:
    """Keep the most confident of those that show the same plate, most confident first."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda found: -found.confidence):
        if not any(_show_the_same(detection, other) for other in kept):
            kept.append(detection)
    return kept


def _show_the_same(one: Detection, two: Detection) -> bool:
    """Tell whether two detections, of looks in different sizes, are of one plate."""
    return (
        intersection_over_union(one.box_xyxy, two.box_xyxy) > _SAME_PLATE
        or covered_share(one.box_xyxy, two.box_xyxy) > _PART_OF_PLATE
    )


class DetectStage:
    """Run the detector, and drop what is unsure or too small to read."""

    def __init__(self, detector: PlateDetector, settings: VisionSection, funnel: Funnel) -> None:
        """Take the engine and the limits.

        Args:
            detector: Finds plates, also those below the limits.
            settings: Least confidence and width.
            funnel: Where detections and their losses are counted.
        """
        self._detector = detector
        self._second_looks_px = settings.second_looks_px
        self._minimum_confidence = settings.minimum_detection_confidence
        self._minimum_width_px = settings.minimum_plate_width_px
        self._funnel = funnel

    def __call__(self, frame: Frame) -> list[Detection]:
        """Find the plates of one frame, most confident first.

        Args:
            frame: Whole frame; its pixels are not modified.

        Returns:
            Detections that are sure and wide enough.

        Raises:
            DetectorError: The engine failed; this is counted, and is not "no plate".
        """
        self._funnel.add("frames")
        try:
            detections = find_plates(self._detector, frame.image_bgr, self._second_looks_px)
        except DetectorError:
            self._funnel.add("detector_failures")
            raise
        self._funnel.add("detections", len(detections))
        return [detection for detection in detections if self._is_worth_reading(detection)]

    def _is_worth_reading(self, detection: Detection) -> bool:
        """Judge a detection, and count it if it is dropped."""
        if detection.confidence < self._minimum_confidence:
            self._funnel.add("low_confidence")
            return False
        if plate_size_px(detection.quad_frame_px)[0] < self._minimum_width_px:
            self._funnel.add("small")
            return False
        return True
