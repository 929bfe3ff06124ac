"""Finds the plates of a frame that are worth reading."""

from edge_lpr.core.errors import DetectorError
from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.contracts import Detection, Frame, PlateDetector
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.geometry import plate_size_px


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
            detections = self._detector.detect(frame.image_bgr)
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
