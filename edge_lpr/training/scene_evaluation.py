"""Runs an engine over labelled pictures and notes what became of every plate."""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.training.dataset import KnownPlates, SceneRow
from edge_lpr.training.measures import (
    PlateOutcome,
    Proportion,
    match_boxes,
    reading_measures,
)
from edge_lpr.training.pictures import read_picture
from edge_lpr.vision.contracts import Detection, Reading
from edge_lpr.vision.engine import Engine
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.rectify import rectify_plate

IGNORED_WIDTH_PX: Final = 12.0
"""Narrower labelled plates are neither asked for nor counted against the detector: the labels
miss many of that size, and nobody could read them."""

NANOSECONDS_PER_MS: Final = 1_000_000


@dataclass(slots=True)
class Tally:
    """What happened over a set of pictures."""

    outcomes: list[PlateOutcome] = field(default_factory=list)
    """One for each labelled plate."""
    true_detections: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Detections that stand for a plate, by collection."""
    detections: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """All detections that count, by collection."""
    spent_ms: list[float] = field(default_factory=list)
    """Time for each picture, without reading its file."""

    def measures(self, table: str | None = None) -> dict[str, Proportion]:
        """Compute every measure.

        Args:
            table: Collection to look at; None takes all.

        Returns:
            Measures by name; those of detection only where something was to be detected.
        """
        chosen = [o for o in self.outcomes if table in {None, o.table}]
        measures = reading_measures(chosen)
        tables = self.detections if table is None else [table]
        counted = sum(self.detections.get(name, 0) for name in tables)
        wide = [o for o in chosen if o.width_px >= IGNORED_WIDTH_PX]
        if counted or wide:
            true = sum(self.true_detections.get(name, 0) for name in tables)
            found = sum(o.is_detected for o in wide)
            measures["detection_recall_all"] = Proportion(found, len(wide))
            measures["detection_precision"] = Proportion(true, counted)
        else:
            del measures["detection_recall"]
        return measures

    def tables(self) -> list[str]:
        """Name the collections that were seen."""
        return sorted({o.table for o in self.outcomes} | set(self.detections))


def text_of(reading: Reading) -> str:
    """Spell a reading; in the laboratory only.

    Args:
        reading: Class indices.

    Returns:
        A-Z0-9, empty if nothing was read.
    """
    return bytes(PLATE_ALPHABET[index] for index in reading.class_indices).decode("ascii")


def evaluate_scenes(
    rows: Iterable[SceneRow], pictures: Path, engine: Engine, predictions: TextIO | None = None
) -> Tally:
    """Detect and read every plate of labelled photographs.

    Args:
        rows: Photographs with boxes.
        pictures: Folder that their paths are relative to.
        engine: Detector and reader.
        predictions: File that takes one line of JSON for each photograph, or None.

    Returns:
        What became of every plate.

    Raises:
        DataSetError: A photograph cannot be read.
        DetectorError: The detector failed.
        ReaderError: The reader failed.
    """
    tally = Tally()
    for row in rows:
        frame_bgr = read_picture(pictures / row.image)
        began_ns = time.monotonic_ns()
        detections = engine.detector.detect(frame_bgr)
        quads = [detection.quad_frame_px for detection in detections]
        readings = engine.reader.read([rectify_plate(frame_bgr, quad) for quad in quads])
        spent_ms = (time.monotonic_ns() - began_ns) / NANOSECONDS_PER_MS
        tally.spent_ms.append(spent_ms)
        _note_scene(tally, row, detections, readings)
        if predictions is not None:
            plates = [_as_plate(*pair) for pair in zip(detections, readings, strict=True)]
            _write_line(predictions, row.image, plates, spent_ms)
    return tally


def evaluate_known_plates(
    rows: Iterable[KnownPlates], pictures: Path, engine: Engine, predictions: TextIO | None = None
) -> Tally:
    """Read plates whose places are given, without detection.

    Args:
        rows: Pictures with the places of plates.
        pictures: Folder that their paths are relative to.
        engine: Its reader is used.
        predictions: File that takes one line of JSON for each picture, or None.

    Returns:
        What became of every plate with a text.

    Raises:
        DataSetError: A picture cannot be read.
        ReaderError: The reader failed.
    """
    tally = Tally()
    for row in rows:
        frame_bgr = read_picture(pictures / row.image)
        labelled = [(box, text) for box, text in row.plates if text is not None]
        began_ns = time.monotonic_ns()
        plates_bgr = [_flat(frame_bgr, box) for box, _ in labelled]
        readings = engine.reader.read(plates_bgr)
        spent_ms = (time.monotonic_ns() - began_ns) / NANOSECONDS_PER_MS
        tally.spent_ms.append(spent_ms)
        for (_, text), reading in zip(labelled, readings, strict=True):
            outcome = PlateOutcome(row.table, 0.0, text, is_detected=True, reading=text_of(reading))
            tally.outcomes.append(outcome)
        if predictions is not None:
            plates = [_read_part(reading) for reading in readings]
            _write_line(predictions, row.image, plates, spent_ms)
    return tally


def _note_scene(
    tally: Tally, row: SceneRow, detections: Sequence[Detection], readings: Sequence[Reading]
) -> None:
    """Compare the detections of one photograph with its labels."""
    labelled = [_xyxy(plate.box_xywh) for plate in row.plates]
    pairs = match_boxes([detection.box_xyxy for detection in detections], labelled)
    found_by = {label_index: found_index for found_index, label_index in pairs.items()}
    for index, plate in enumerate(row.plates):
        reading = text_of(readings[found_by[index]]) if index in found_by else ""
        tally.outcomes.append(
            PlateOutcome(row.table, plate.box_xywh[2], plate.text, index in found_by, reading)
        )
    tiny = {i for i, plate in enumerate(row.plates) if plate.box_xywh[2] < IGNORED_WIDTH_PX}
    ignored = sum(label_index in tiny for label_index in pairs.values())
    tally.true_detections[row.table] += len(pairs) - ignored
    tally.detections[row.table] += len(detections) - ignored


def _flat(frame_bgr: BgrImage, box_xywh: tuple[float, float, float, float] | None) -> BgrImage:
    """Make the plate in a box flat as the device does, or squash the whole picture."""
    if box_xywh is not None:
        return rectify_plate(frame_bgr, quad_of_box(_xyxy(box_xywh)))
    height, width = frame_bgr.shape[:2]
    whole = quad_of_box(np.array([0, 0, max(1, width - 1), max(1, height - 1)], np.float32))
    return rectify_plate(frame_bgr, whole, margin=0.0)


def _xyxy(box_xywh: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Turn left, top, width, height into left, top, right, bottom."""
    left, top, width, height = box_xywh
    return np.array([left, top, left + width, top + height], np.float32)


def _as_plate(detection: Detection, reading: Reading) -> dict[str, Any]:
    """Describe a detected and read plate for the file of predictions."""
    left, top, right, bottom = (round(float(value), 1) for value in detection.box_xyxy)
    plate = _read_part(reading)
    plate["confidence"] = round(plate["confidence"] * detection.confidence, 4)
    plate["box"] = [left, top, round(right - left, 1), round(bottom - top, 1)]
    plate["quad"] = np.round(detection.quad_frame_px.astype(float), 1).tolist()
    return plate


def _read_part(reading: Reading) -> dict[str, Any]:
    """Describe a reading: its text and the confidence of its least certain character."""
    least = float(reading.confidences.min()) if len(reading.confidences) else 0.0
    return {"text": text_of(reading), "confidence": round(least, 4)}


def _write_line(
    predictions: TextIO, image: str, plates: list[dict[str, Any]], spent_ms: float
) -> None:
    """Write one line of predictions."""
    predictions.write(json.dumps({"image": image, "plates": plates, "ms": round(spent_ms, 2)}))
    predictions.write("\n")
