"""Figures of detection: what counts as asked for, found, false and invented."""

import numpy as np
import pytest

from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.training.dataset import BoxXywh, PlateLabel, SceneRow
from edge_lpr.training.detection_figures import detection_table, plate_free_table
from edge_lpr.training.measures import Proportion
from edge_lpr.training.predictions import FoundPlate, PicturePrediction, xyxy
from edge_lpr.vision.geometry import quad_of_box

WIDE: BoxXywh = (100.0, 100.0, 120.0, 30.0)
NARROW: BoxXywh = (300.0, 100.0, 50.0, 12.0)
ELSEWHERE: BoxXywh = (400.0, 300.0, 120.0, 30.0)
ALL, SURE, READ = (
    "all that is reported",
    "sure and wide enough for the device",
    "and read as a plate",
)


@pytest.fixture
def settings() -> VisionSection:
    return VisionSection(
        source=SourceSection(kind="folder", address="."),
        minimum_detection_confidence=0.4,
        minimum_reading_confidence=0.7,
        minimum_plate_width_px=40,
    )


def row(*boxes: BoxXywh) -> SceneRow:
    plates = tuple(PlateLabel(box, None, None) for box in boxes)
    return SceneRow("street/1.jpg", 640, 480, plates, is_low_grade=False, source="", group=None)


def found(box: BoxXywh, confidence: float = 0.9, characters: float = 0.9) -> FoundPlate:
    box_xyxy = xyxy(box)
    return FoundPlate("B10XYZ", (characters,) * 6, box_xyxy, quad_of_box(box_xyxy), confidence)


def prediction(*plates: FoundPlate) -> PicturePrediction:
    return PicturePrediction("street/1.jpg", plates, 1.0)


def test_narrow_plates_are_neither_asked_for_nor_false(settings: VisionSection) -> None:
    table = detection_table(
        "public",
        [row(WIDE, NARROW)],
        [prediction(found(WIDE), found(ELSEWHERE[:2] + NARROW[2:]))],
        settings,
    )
    assert table.rows[ALL] == [Proportion(1, 1), Proportion(1, 1)]


def test_detection_beside_every_label_is_false(settings: VisionSection) -> None:
    table = detection_table(
        "public", [row(WIDE)], [prediction(found(WIDE), found(ELSEWHERE))], settings
    )
    assert table.rows[ALL] == [Proportion(1, 1), Proportion(1, 2)]


def test_device_overlooks_what_it_is_not_sure_of(settings: VisionSection) -> None:
    table = detection_table(
        "public", [row(WIDE)], [prediction(found(WIDE, confidence=0.3), found(ELSEWHERE))], settings
    )
    assert table.rows[SURE] == [Proportion(0, 1), Proportion(0, 1)]


def test_reading_tells_a_plate_from_a_radiator(settings: VisionSection) -> None:
    table = detection_table(
        "public", [row(WIDE)], [prediction(found(WIDE), found(ELSEWHERE, characters=0.5))], settings
    )
    assert table.rows[SURE] == [Proportion(1, 1), Proportion(1, 2)]
    assert table.rows[READ] == [Proportion(1, 1), Proportion(1, 1)]


def test_only_what_would_be_voted_on_is_invented(settings: VisionSection) -> None:
    rows = [row(), row(), row(WIDE)]
    predictions = [
        prediction(found(ELSEWHERE), found(WIDE, characters=0.5)),
        prediction(),
        prediction(found(ELSEWHERE)),
    ]
    table = plate_free_table(rows, predictions, settings)
    assert table.rows["false detections"] == [2, Proportion(1, 2)]
    assert table.rows["invented plates"] == [1, Proportion(1, 2)]


def test_plate_too_narrow_for_the_device_is_not_invented(settings: VisionSection) -> None:
    narrow = found((10.0, 10.0, 30.0, 10.0))
    assert plate_free_table([row()], [prediction(narrow)], settings).rows["invented plates"] == [
        0,
        Proportion(0, 1),
    ]


def test_width_is_that_of_the_labelled_box(settings: VisionSection) -> None:
    box_xyxy = np.array([100, 100, 158, 130], np.float32)
    plate = FoundPlate("B10XYZ", (0.9,) * 6, box_xyxy, quad_of_box(box_xyxy), 0.9)
    table = detection_table(
        "public", [row((100.0, 100.0, 62.0, 30.0))], [prediction(plate)], settings
    )
    assert table.rows[ALL] == [Proportion(1, 1), Proportion(0, 0)]
