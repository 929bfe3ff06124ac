"""Calibration: which characters are right, and how far probabilities can be believed."""

import pytest

from edge_lpr.training.calibration import calibrate, right_characters
from edge_lpr.training.measures import PlateOutcome


def outcome(reading: str, label: str | None, *confidences: float) -> PlateOutcome:
    return PlateOutcome(
        "eu", 80.0, label, is_detected=True, reading=reading, confidences=confidences
    )


@pytest.mark.parametrize(
    ("reading", "label", "right"),
    [
        pytest.param("AB12", "AB12", [True] * 4, id="all-right"),
        pytest.param("AB72", "AB12", [True, True, False, True], id="one-replaced"),
        pytest.param("IAB12", "AB12", [False, True, True, True, True], id="one-too-many"),
        pytest.param("B12", "AB12", [True] * 3, id="one-left-out"),
        pytest.param("XYZ", "", [False] * 3, id="nothing-to-read"),
        pytest.param("", "AB12", [], id="nothing-read"),
    ],
)
def test_character_is_right_wherever_it_stands(reading: str, label: str, right: list[bool]) -> None:
    assert right_characters(reading, label) == right


def test_probabilities_that_come_true_have_no_error() -> None:
    plates = [outcome("A", "A", 0.75)] * 3 + [outcome("A", "B", 0.75)]
    assert calibrate(plates).expected_error == pytest.approx(0)


def test_certain_and_always_wrong_is_the_greatest_error() -> None:
    assert calibrate([outcome("AB", "XY", 1.0, 1.0)]).expected_error == pytest.approx(1)


def test_error_is_weighted_by_characters() -> None:
    plates = [outcome("A", "A", 1.0)] * 3 + [outcome("A", "B", 0.5)]
    assert calibrate(plates).expected_error == pytest.approx(0.5 / 4)


def test_label_that_writes_one_look_alike_for_another_is_no_error() -> None:
    (only,) = calibrate([outcome("B0I", "BO1", 1.0, 1.0, 1.0)]).bins
    assert (only.right.hits, only.right.total) == (3, 3)


def test_plate_without_a_label_says_nothing() -> None:
    calibration = calibrate([outcome("AB", None, 0.9, 0.9)])
    assert calibration.bins == ()
    assert calibration.expected_error == 0
