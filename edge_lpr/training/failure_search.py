"""Finds the labelled plates that were not read as their labels say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.dataset import KnownPlates, SceneRow
from edge_lpr.training.failure_causes import Failure, is_read
from edge_lpr.training.pictures import read_picture
from edge_lpr.training.predictions import (
    PicturePrediction,
    predict_known,
    predict_scene,
    xyxy,
)
from edge_lpr.training.scene_evaluation import found_by_label
from edge_lpr.vision.engine import Engine


@dataclass(slots=True)
class Search:
    """What became of the plates with a text."""

    asked: int = 0
    """How many there were."""
    failures: list[Failure] = field(default_factory=list)
    """Those that were not read as their label says, O = 0 and I = 1 apart."""


def search_scenes(
    rows: Iterable[SceneRow],
    pictures: Path,
    engine: Engine,
    known: Mapping[str, PicturePrediction],
) -> Search:
    """Find the failures among the plates of photographs.

    Args:
        rows: Labelled photographs.
        pictures: Folder that their paths are relative to.
        engine: Detects and reads where nothing is known, and reads failures at their labels.
        known: Predictions by picture; may be empty.

    Returns:
        Plates with a text, and those that failed.

    Raises:
        DataSetError: A photograph cannot be read.
        DetectorError: The detector failed.
        ReaderError: The reader failed.
    """
    search = Search()
    for row in rows:
        if not any(plate.text for plate in row.plates):
            continue
        frame_bgr = read_picture(pictures / row.image)
        prediction = known.get(row.image) or predict_scene(row.image, frame_bgr, engine)
        found_by = found_by_label(row, prediction)
        for index, plate in enumerate(row.plates):
            found = prediction.plates[found_by[index]] if index in found_by else None
            search.asked += plate.text is not None
            if plate.text is None or (found is not None and is_read(found.text, plate.text)):
                continue
            there = predict_known(row.image, frame_bgr, [plate.box_xywh], engine)
            search.failures.append(
                Failure(
                    image=row.image,
                    label=plate.text,
                    box_xyxy=xyxy(plate.box_xywh),
                    found=found,
                    read_at_label=there.plates[0].text,
                    picture=prediction,
                    size_px=(frame_bgr.shape[1], frame_bgr.shape[0]),
                )
            )
    return search


def search_crops(
    rows: Iterable[KnownPlates],
    pictures: Path,
    engine: Engine,
    known: Mapping[str, PicturePrediction],
) -> Search:
    """Find the failures among plates that are read where their labels say.

    Args:
        rows: Pictures with the places of plates.
        pictures: Folder that their paths are relative to.
        engine: Reads where nothing is known.
        known: Predictions by picture; may be empty.

    Returns:
        Plates with a text, and those that failed.

    Raises:
        DataSetError: A picture cannot be read, or predictions are of other labels.
        ReaderError: The reader failed.
    """
    search = Search()
    for row in rows:
        labelled = [(box, text) for box, text in row.plates if text is not None]
        picture_bgr = read_picture(pictures / row.image)
        prediction = known.get(row.image) or predict_known(
            row.image, picture_bgr, [box for box, _ in labelled], engine
        )
        if len(prediction.plates) != len(labelled):
            raise DataSetError(
                f"the predictions for {row.image} are not of these labels; "
                "write them anew by evaluate --crops --predictions."
            )
        search.asked += len(labelled)
        for (box, text), found in zip(labelled, prediction.plates, strict=True):
            if not is_read(found.text, text):
                search.failures.append(
                    Failure(
                        image=row.image,
                        label=text,
                        box_xyxy=xyxy(box) if box else None,
                        found=found,
                        read_at_label=found.text,
                        picture=prediction,
                        size_px=(picture_bgr.shape[1], picture_bgr.shape[0]),
                    )
                )
    return search
