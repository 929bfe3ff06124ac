"""Runs an engine over labelled pictures and notes what became of every plate."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from edge_lpr.training.dataset import KnownPlates, SceneRow
from edge_lpr.training.measures import (
    PlateOutcome,
    Proportion,
    match_boxes,
    reading_measures,
)
from edge_lpr.training.pictures import read_picture
from edge_lpr.training.predictions import (
    PicturePrediction,
    predict_known,
    predict_scene,
    write_prediction,
    xyxy,
)
from edge_lpr.vision.engine import Engine

IGNORED_WIDTH_PX: Final = 12.0
"""Narrower labelled plates are neither asked for nor counted against the detector: the labels
miss many of that size, and nobody could read them."""


@dataclass(slots=True)
class Tally:
    """What happened over a set of pictures."""

    outcomes: list[PlateOutcome] = field(default_factory=list)
    """One for each labelled plate."""
    true_detections: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Detections that stand for a plate, by collection."""
    detections: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """All detections that count, by collection; nothing where places were given."""
    predictions: list[PicturePrediction] = field(default_factory=list)
    """One for each picture."""

    @property
    def spent_ms(self) -> list[float]:
        """Time for each picture, without reading its file."""
        return [prediction.spent_ms for prediction in self.predictions]

    def measures(self, table: str | None = None) -> dict[str, Proportion]:
        """Compute every measure.

        Args:
            table: Collection to look at; None takes all.

        Returns:
            Measures by name; those of detection only where something was to be detected.
        """
        chosen = [o for o in self.outcomes if table in {None, o.table}]
        measures = reading_measures(chosen)
        tables = [name for name in self.detections if table in {None, name}]
        if not tables:
            del measures["detection_recall"]
            return measures
        wide = [o for o in chosen if o.width_px >= IGNORED_WIDTH_PX]
        true = sum(self.true_detections.get(name, 0) for name in tables)
        counted = sum(self.detections[name] for name in tables)
        measures["detection_recall_all"] = Proportion(sum(o.is_detected for o in wide), len(wide))
        measures["detection_precision"] = Proportion(true, counted)
        return measures

    def tables(self) -> list[str]:
        """Name the collections that were seen."""
        return sorted({o.table for o in self.outcomes} | set(self.detections))


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
        prediction = predict_scene(row.image, read_picture(pictures / row.image), engine)
        _note_scene(tally, row, prediction)
        if predictions is not None:
            write_prediction(prediction, predictions)
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
        labelled = [(box, text) for box, text in row.plates if text is not None]
        picture_bgr = read_picture(pictures / row.image)
        prediction = predict_known(row.image, picture_bgr, [box for box, _ in labelled], engine)
        tally.predictions.append(prediction)
        for (box, text), plate in zip(labelled, prediction.plates, strict=True):
            tally.outcomes.append(
                PlateOutcome(
                    table=row.table,
                    width_px=box[2] if box else float(picture_bgr.shape[1]),
                    label=text,
                    is_detected=True,
                    reading=plate.text,
                    confidences=plate.confidences,
                    region=row.region,
                    image=row.image,
                )
            )
        if predictions is not None:
            write_prediction(prediction, predictions)
    return tally


def found_by_label(row: SceneRow, prediction: PicturePrediction) -> dict[int, int]:
    """Say which detection stands for which labelled plate.

    Args:
        row: A labelled photograph.
        prediction: What was found in it.

    Returns:
        For the index of each detected label that of its detection.
    """
    found = [plate.box_xyxy for plate in prediction.plates]
    pairs = match_boxes(found, [xyxy(plate.box_xywh) for plate in row.plates])
    return {label_index: found_index for found_index, label_index in pairs.items()}


def _note_scene(tally: Tally, row: SceneRow, prediction: PicturePrediction) -> None:
    """Compare the detections of one photograph with its labels."""
    tally.predictions.append(prediction)
    found_by = found_by_label(row, prediction)
    for index, plate in enumerate(row.plates):
        found = prediction.plates[found_by[index]] if index in found_by else None
        tally.outcomes.append(
            PlateOutcome(
                table=row.table,
                width_px=plate.box_xywh[2],
                label=plate.text,
                is_detected=found is not None,
                reading=found.text if found else "",
                confidences=found.confidences if found else (),
                region=plate.region,
                image=row.image,
            )
        )
    tiny = {i for i, plate in enumerate(row.plates) if plate.box_xywh[2] < IGNORED_WIDTH_PX}
    ignored = len(tiny & set(found_by))
    tally.true_detections[row.table] += len(found_by) - ignored
    tally.detections[row.table] += len(prediction.plates) - ignored
