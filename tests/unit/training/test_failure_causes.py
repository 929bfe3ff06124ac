"""Causes of failure: which rule fits which plate."""

import numpy as np
import pytest

from edge_lpr.training.failure_causes import Cause, Failure, decide_cause, is_read
from edge_lpr.training.predictions import FoundPlate, PicturePrediction
from edge_lpr.vision.geometry import quad_of_box

LABEL = "B10XYZ"
BOX = (100.0, 100.0, 220.0, 130.0)


def found(text: str, box: tuple[float, float, float, float] = BOX) -> FoundPlate:
    box_xyxy = np.array(box, np.float32)
    return FoundPlate(text, (0.9,) * len(text), box_xyxy, quad_of_box(box_xyxy), 0.8)


def failure(
    plate: FoundPlate | None,
    *beside: FoundPlate,
    box: tuple[float, float, float, float] | None = BOX,
    read_at_label: str = "",
    size_px: tuple[int, int] = (640, 480),
) -> Failure:
    everything = (plate, *beside) if plate else beside
    return Failure(
        image="street/1.jpg",
        label=LABEL,
        box_xyxy=None if box is None else np.array(box, np.float32),
        found=plate,
        read_at_label=read_at_label,
        picture=PicturePrediction("street/1.jpg", everything, 1.0),
        size_px=size_px,
    )


@pytest.mark.parametrize(
    ("failed", "cause"),
    [
        pytest.param(failure(None), Cause.MISSED, id="not-found"),
        pytest.param(failure(None, size_px=(6400, 480)), Cause.TOO_SMALL, id="a-dot-when-shrunk"),
        pytest.param(
            failure(None, found(LABEL, (150, 90, 330, 150))),
            Cause.LABEL_WRONG,
            id="read-beside-its-box",
        ),
        pytest.param(
            failure(None, found(LABEL, (400, 300, 520, 330))), Cause.MISSED, id="read-elsewhere"
        ),
        pytest.param(
            failure(found("10XYZ"), read_at_label=LABEL), Cause.CORNERS, id="right-in-its-box"
        ),
        pytest.param(
            failure(found("810XYZ"), size_px=(6400, 480)), Cause.TOO_SMALL, id="found-but-a-dot"
        ),
        pytest.param(failure(found("810XYZ")), Cause.MISREAD, id="one-replaced"),
        pytest.param(failure(found("B10XYZ1")), Cause.LENGTH, id="one-too-many"),
        pytest.param(failure(found("10XYZ")), Cause.LENGTH, id="one-left-out"),
        pytest.param(failure(found("")), Cause.UNSURE, id="nothing-reported"),
        pytest.param(failure(found("POLICE")), Cause.SLOGAN, id="another-text"),
        pytest.param(
            failure(found("B10"), box=(100, 100, 160, 150)), Cause.TWO_LINE, id="almost-square"
        ),
        pytest.param(
            failure(found("B1"), box=None, size_px=(120, 100)), Cause.TWO_LINE, id="square-crop"
        ),
        pytest.param(
            failure(found("810XYZ"), box=None, size_px=(200, 50)), Cause.MISREAD, id="long-crop"
        ),
    ],
)
def test_failure_has_the_cause_whose_rule_fits(failed: Failure, cause: Cause) -> None:
    assert decide_cause(failed, 640) is cause


def test_look_alikes_of_public_labels_are_no_failure() -> None:
    assert is_read("B1OXYZ", "BI0XYZ")
    assert not is_read("B10XY2", LABEL)
