"""What an engine finds in pictures, and the file of predictions that it can be kept in.

Everything is read as the device reads it (``vision/read.py``), without voting; photographs are
looked at once more than frames (``PHOTOGRAPH_LOOKS_PX``).
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.errors import DataSetError
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.training.dataset import BoxXywh
from edge_lpr.vision.contracts import Detection, Quad, Reading, empty_reading
from edge_lpr.vision.detect import find_plates
from edge_lpr.vision.engine import Engine
from edge_lpr.vision.geometry import box_around, quad_of_box
from edge_lpr.vision.read import is_plate, read_plates
from edge_lpr.vision.rectify import RECTIFIED_MARGIN
from edge_lpr.vision.refine import refine_detections

_DEVICE: Final = VisionSection(source=SourceSection(kind="folder", address="."))
"""A device's settings, where its owner changed nothing."""

PHOTOGRAPH_LOOKS_PX: Final = (384, 960)
"""A photograph in which no plate is sure is looked at twice more, for plates that are very near and
very far; no next frame follows it, as in a lane."""

_NANOSECONDS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class FoundPlate:
    """A plate that was found and read; in the laboratory only."""

    text: str
    """A-Z0-9, empty if nothing was read."""
    confidences: tuple[float, ...]
    """Probability of each character, in [0, 1]."""
    box_xyxy: NDArray[np.float32]
    """Box in pixels of the picture, shape (4,), half-open."""
    quad_px: Quad
    """Corners in pixels of the picture."""
    detection_confidence: float
    """The detector's, in [0, 1]; 1 where the place was given."""

    @property
    def confidence(self) -> float:
        """Confidence of the detection times that of the least certain character."""
        return self.detection_confidence * min(self.confidences, default=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class PicturePrediction:
    """What was found in one picture."""

    image: str
    """Path relative to the picture folder, with forward slashes."""
    plates: tuple[FoundPlate, ...]
    """Detected plates, most confident first; of given places, one for each place."""
    spent_ms: float
    """Time for it, without reading the file."""


def text_of(reading: Reading) -> str:
    """Spell a reading; in the laboratory only.

    Args:
        reading: Class indices.

    Returns:
        A-Z0-9, empty if nothing was read.
    """
    return bytes(PLATE_ALPHABET[index] for index in reading.class_indices).decode("ascii")


def predict_scene(image: str, frame_bgr: BgrImage, engine: Engine) -> PicturePrediction:
    """Detect and read the plates of a photograph.

    What reads like no plate keeps its box and loses its text, as on the device.

    Args:
        image: Its path, for the record.
        frame_bgr: Photograph, shape (H, W, 3), uint8, BGR. Not modified.
        engine: Detector and reader.

    Returns:
        Plates and time.

    Raises:
        DetectorError: The detector failed.
        CornerError: The corner finder failed.
        ReaderError: The reader failed.
    """
    began_ns = time.monotonic_ns()
    found = find_plates(engine.detector, frame_bgr, PHOTOGRAPH_LOOKS_PX)
    refined = refine_detections(engine.corner_finder, frame_bgr, found)
    detections = [
        plate for plate in refined if plate.confidence >= _DEVICE.minimum_plate_confidence
    ]
    readings = [
        reading
        if is_plate(reading.confidences, _DEVICE.minimum_reading_confidence)
        else empty_reading()
        for reading in read_plates(engine.reader, frame_bgr, detections)
    ]
    return _prediction(image, detections, readings, began_ns)


def predict_known(
    image: str, picture_bgr: BgrImage, boxes: Sequence[BoxXywh | None], engine: Engine
) -> PicturePrediction:
    """Read plates whose places are given.

    Args:
        image: Path of the picture, for the record.
        picture_bgr: Picture, shape (H, W, 3), uint8, BGR. Not modified.
        boxes: Places; None is the whole picture.
        engine: Its reader is used.

    Returns:
        One plate a box, in order, and the time.

    Raises:
        ReaderError: The reader failed.
    """
    began_ns = time.monotonic_ns()
    detections = [_whole(picture_bgr) if box is None else known_place(box) for box in boxes]
    readings = read_plates(engine.reader, picture_bgr, detections)
    return _prediction(image, detections, readings, began_ns)


def known_place(box_xywh: BoxXywh) -> Detection:
    """Put a given box in the place of a detection.

    Args:
        box_xywh: Left, top, width, height.

    Returns:
        A certain detection of that box.
    """
    box = xyxy(box_xywh)
    return Detection(quad_of_box(box), box, 1.0)


def xyxy(box_xywh: BoxXywh) -> NDArray[np.float32]:
    """Turn left, top, width, height into left, top, right, bottom.

    Args:
        box_xywh: A box.

    Returns:
        Shape (4,), float32.
    """
    left, top, width, height = box_xywh
    return np.array([left, top, left + width, top + height], np.float32)


def write_prediction(prediction: PicturePrediction, file: TextIO) -> None:
    """Add a line to a file of predictions.

    Args:
        prediction: What was found in one picture.
        file: Text file, open for writing.
    """
    line = {
        "image": prediction.image,
        "plates": [_as_json(plate) for plate in prediction.plates],
        "ms": round(prediction.spent_ms, 2),
    }
    file.write(json.dumps(line) + "\n")


def load_predictions(path: Path) -> dict[str, PicturePrediction]:
    """Read a file of predictions.

    Args:
        path: File that ``evaluate --predictions`` wrote.

    Returns:
        Predictions by picture.

    Raises:
        DataSetError: The file cannot be read, or a line is wrong; the message says which.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataSetError(f"{path} cannot be read as predictions: {error}.") from error
    predictions = [_prediction_from(path, *numbered) for numbered in enumerate(lines, start=1)]
    return {prediction.image: prediction for prediction in predictions}


def _prediction_from(path: Path, number: int, untrusted_line: str) -> PicturePrediction:
    """Turn one line into a prediction, or say which line is wrong and why."""
    try:
        row = json.loads(untrusted_line)
        plates = tuple(_plate_from(plate) for plate in row["plates"])
        return PicturePrediction(row["image"], plates, float(row["ms"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DataSetError(
            f"{path}, line {number}: {error!r}; write the file anew by evaluate --predictions."
        ) from error


def _prediction(
    image: str, detections: Sequence[Detection], readings: Sequence[Reading], began_ns: int
) -> PicturePrediction:
    """Spell what was read at each place."""
    spent_ms = (time.monotonic_ns() - began_ns) / _NANOSECONDS_PER_MS
    plates = tuple(
        FoundPlate(
            text_of(reading),
            tuple(float(confidence) for confidence in reading.confidences),
            detection.box_xyxy,
            detection.quad_frame_px,
            detection.confidence,
        )
        for detection, reading in zip(detections, readings, strict=True)
    )
    return PicturePrediction(image, plates, spent_ms)


def _whole(picture_bgr: BgrImage) -> Detection:
    """Place a plate so that the device's margin around it ends where the picture does."""
    height, width = picture_bgr.shape[:2]
    inset = RECTIFIED_MARGIN / (1 + 2 * RECTIFIED_MARGIN)
    right, bottom = max(1, width - 1), max(1, height - 1)
    box = np.array([inset * right, inset * bottom, (1 - inset) * right, (1 - inset) * bottom])
    quad = quad_of_box(box.astype(np.float32))
    return Detection(quad, box_around(quad), 1.0)


def _as_json(plate: FoundPlate) -> dict[str, Any]:
    """Describe a plate for the file of predictions."""
    left, top, right, bottom = (round(float(value), 1) for value in plate.box_xyxy)
    return {
        "text": plate.text,
        "confidence": round(plate.confidence, 4),
        "box": [left, top, round(right - left, 1), round(bottom - top, 1)],
        "quad": np.round(plate.quad_px.astype(float), 1).tolist(),
        "detection": round(plate.detection_confidence, 4),
        "characters": [round(confidence, 4) for confidence in plate.confidences],
    }


def _plate_from(untrusted: dict[str, Any]) -> FoundPlate:
    """Read a plate from the file of predictions."""
    left, top, width, height = (float(value) for value in untrusted["box"])
    quad = np.array(untrusted["quad"], np.float32)
    if quad.shape != (4, 2):
        raise ValueError("a quad has not four corners")
    return FoundPlate(
        str(untrusted["text"]),
        tuple(float(confidence) for confidence in untrusted["characters"]),
        xyxy((left, top, width, height)),
        quad,
        float(untrusted["detection"]),
    )
