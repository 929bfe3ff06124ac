"""Finds the plates of a frame that are worth reading."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import DetectorError
from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.contracts import BgrImage, Detection, Frame, PlateDetector
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.geometry import covered_share, intersection_over_union, plate_size_px
from edge_lpr.vision.lanes import Lanes, Window

SURE: Final = 0.5
"""From this confidence of the surest detection on, one look at a frame is enough."""

PLATE_SEEN_PX: Final = 20
"""Width at which the detector must see the narrowest plate that is read: half the width at which
it can be read, and what a plate of 40 px in a frame of 1280 px has in the usual look."""

LEAST_LOOK_PX: Final = 160
LOOK_STEP_PX: Final = 32
"""Least long side of a look at a window, and the step in which looks grow."""

_SECOND_CONFIDENCE: Final = 0.35
"""Least confidence in later looks: each is one more chance to take something else for a plate."""

_SAME_PLATE: Final = 0.5
"""Boxes that cover each other further are the same plate."""

PART_OF_PLATE: Final = 0.8
"""A box that lies in another one so far shows a part of it, or its surroundings."""


def find_plates(
    detector: PlateDetector,
    frame_bgr: BgrImage,
    second_looks_px: Sequence[int],
    *,
    first_look_px: int | None = None,
) -> list[Detection]:
    """Find the plates of a frame; as long as none is sure, look at it in other sizes too.

    A plate that fills the frame is larger than what the network was mostly shown, and is found in
    a smaller picture (measured on 196 labelled photographs: 5 more found); a plate that is far
    away is found in a larger one.

    Args:
        detector: The engine's detector.
        frame_bgr: Frame, shape (H, W, 3), uint8, BGR. Not modified.
        second_looks_px: Long sides of the other pictures, in order.
        first_look_px: Long side of the first picture, instead of the usual one.

    Returns:
        Detections in frame pixels, most confident first.

    Raises:
        DetectorError: The engine failed.
    """
    found = detector.detect(frame_bgr, long_side_px=first_look_px)
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
        or covered_share(one.box_xyxy, two.box_xyxy) > PART_OF_PLATE
    )


class DetectStage:
    """Run the detector on the lanes, and drop what is unsure or too small to read."""

    def __init__(
        self, detector: PlateDetector, settings: VisionSection, lanes: Lanes, funnel: Funnel
    ) -> None:
        """Take the engine and the limits.

        Args:
            detector: Finds plates, also those below the limits.
            settings: Least confidence and width.
            lanes: Where plates are looked for.
            funnel: Where detections and their losses are counted.
        """
        self._detector = detector
        self._lanes = lanes
        self._long_side_px = settings.long_side_px
        self._second_looks_px = settings.second_looks_px
        self._minimum_confidence = settings.minimum_detection_confidence
        self._minimum_width_px = settings.minimum_plate_width_px
        self._funnel = funnel

    def __call__(self, frame: Frame) -> list[Detection]:
        """Find the plates of one frame, most confident first.

        Args:
            frame: Whole frame; its pixels are not modified.

        Returns:
            Detections in frame pixels that lie in a lane and are sure and wide enough.

        Raises:
            DetectorError: The engine failed; this is counted, and is not "no plate".
        """
        height_px, width_px = frame.image_bgr.shape[:2]
        window = self._lanes.window(width_px, height_px)
        is_whole = (window.width_px, window.height_px) == (width_px, height_px)
        look_px = None if is_whole else self._look_px(window)
        try:
            detections = find_plates(
                self._detector,
                window.view_of(frame.image_bgr),
                self._second_looks_px,
                first_look_px=look_px,
            )
        except DetectorError:
            self._funnel.add("detector_failures")
            raise
        self._funnel.add("detections", len(detections))
        size_px = np.array([width_px, height_px], np.float32)
        return [
            detection
            for detection in (_moved(each, window) for each in detections)
            if self._is_worth_reading(detection, size_px)
        ]

    def _look_px(self, window: Window) -> int:
        """Return how large the window has to be seen for its narrowest plates to be found."""
        needed = max(window.width_px, window.height_px) * PLATE_SEEN_PX / self._minimum_width_px
        return min(
            self._long_side_px, max(LEAST_LOOK_PX, round(needed / LOOK_STEP_PX) * LOOK_STEP_PX)
        )

    def _is_worth_reading(self, detection: Detection, size_px: NDArray[np.float32]) -> bool:
        """Judge a detection, and count it if it is dropped."""
        if detection.confidence < self._minimum_confidence:
            self._funnel.add("low_confidence")
            return False
        if self._lanes.index_at(detection.quad_frame_px.mean(axis=0) / size_px) is None:
            self._funnel.add("outside_lanes")
            return False
        if plate_size_px(detection.quad_frame_px)[0] < self._minimum_width_px:
            self._funnel.add("small")
            return False
        return True


def _moved(detection: Detection, window: Window) -> Detection:
    """Return a detection of a window in the pixels of its frame."""
    if window.left == 0 and window.top == 0:
        return detection
    origin = np.array([window.left, window.top], np.float32)
    return Detection(
        detection.quad_frame_px + origin,
        detection.box_xyxy + np.concatenate([origin, origin]),
        detection.confidence,
    )
