"""Figures of detection: plates wide enough to be asked for, and photographs without any."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from edge_lpr.core.settings import VisionSection
from edge_lpr.training.dataset import SceneRow
from edge_lpr.training.figure_tables import Cell, FigureTable
from edge_lpr.training.measures import Proportion
from edge_lpr.training.predictions import FoundPlate, PicturePrediction
from edge_lpr.training.scene_evaluation import found_by_label
from edge_lpr.vision.geometry import plate_size_px
from edge_lpr.vision.read import is_plate

ASKED_WIDTH_PX: Final = 60.0
"""Width from which the goals ask for plates, in the photograph as stored."""

Filter: TypeAlias = Callable[[FoundPlate], bool]
"""Which detections count."""


def passes_detection(plate: FoundPlate, settings: VisionSection) -> bool:
    """Tell whether the device reads a detection: it is certain and wide enough.

    Args:
        plate: A detection.
        settings: The device's limits.

    Returns:
        Whether it gets past ``vision/detect.py``.
    """
    width_px, _ = plate_size_px(plate.quad_px)
    return (
        plate.detection_confidence >= settings.minimum_detection_confidence
        and width_px >= settings.minimum_plate_width_px
    )


def is_voted_on(plate: FoundPlate, settings: VisionSection) -> bool:
    """Tell whether the device takes a detection and its reading for a plate.

    Args:
        plate: A detection with its reading.
        settings: The device's limits.

    Returns:
        Whether its reading gets as far as the vote; two equal ones would be published.
    """
    return passes_detection(plate, settings) and is_plate(
        np.array(plate.confidences, np.float32), settings.minimum_reading_confidence
    )


def detection_table(
    labels: str,
    rows: Sequence[SceneRow],
    predictions: Sequence[PicturePrediction],
    settings: VisionSection,
) -> FigureTable:
    """Tabulate recall and precision of plates that are wide enough.

    Args:
        labels: What the labels are, ``public`` or ``audited``.
        rows: Labelled photographs.
        predictions: What was found in each, in the same order.
        settings: The device's limits.

    Returns:
        A row for all detections, for those that the device reads, and for those that it votes on.
        A detection of that width that stands for no labelled plate counts as false.
    """
    kinds: dict[str, Filter] = {
        "all that is reported": lambda _: True,
        "sure and wide enough for the device": lambda plate: passes_detection(plate, settings),
        "and read as a plate": lambda plate: is_voted_on(plate, settings),
    }
    cells: dict[str, Sequence[Cell]] = {
        kind: _recall_and_precision(rows, predictions, counts) for kind, counts in kinds.items()
    }
    title = f"Detection of plates of {ASKED_WIDTH_PX:.0f} px and more, {labels} labels"
    return FigureTable(f"detection_{labels}", title, ("detections", "recall", "precision"), cells)


def plate_free_table(
    rows: Sequence[SceneRow], predictions: Sequence[PicturePrediction], settings: VisionSection
) -> FigureTable:
    """Tabulate what was found where nothing is.

    Args:
        rows: Labelled photographs; those with a plate are left out.
        predictions: What was found in each, in the same order.
        settings: The device's limits.

    Returns:
        Detections that the device would read, and invented plates: readings that it would vote on.
    """
    free = [p for row, p in zip(rows, predictions, strict=True) if not row.plates]
    kinds: dict[str, Filter] = {
        "false detections": lambda plate: passes_detection(plate, settings),
        "invented plates": lambda plate: is_voted_on(plate, settings),
    }
    cells: dict[str, Sequence[Cell]] = {}
    for kind, counts in kinds.items():
        numbers = [sum(counts(plate) for plate in prediction.plates) for prediction in free]
        touched = sum(number > 0 for number in numbers)
        cells[kind] = [sum(numbers), Proportion(touched, len(free))]
    title = f"{len(free)} photographs without a plate"
    return FigureTable("plate_free", title, ("what", "number", "share of photographs"), cells)


def _recall_and_precision(
    rows: Sequence[SceneRow], predictions: Sequence[PicturePrediction], counts: Filter
) -> list[Cell]:
    """Measure the detections that count."""
    asked = found = claimed = true = 0
    for row, prediction in zip(rows, predictions, strict=True):
        kept = tuple(plate for plate in prediction.plates if counts(plate))
        found_by = found_by_label(row, replace(prediction, plates=kept))
        wide = {
            index for index, plate in enumerate(row.plates) if plate.box_xywh[2] >= ASKED_WIDTH_PX
        }
        claims = {
            index
            for index, plate in enumerate(kept)
            if plate.box_xyxy[2] - plate.box_xyxy[0] >= ASKED_WIDTH_PX
        }
        asked, found = asked + len(wide), found + len(wide & set(found_by))
        claimed, true = claimed + len(claims), true + len(claims & set(found_by.values()))
    return [Proportion(found, asked), Proportion(true, claimed)]
