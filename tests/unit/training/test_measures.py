"""The figures' arithmetic."""

import numpy as np
import pytest

from edge_lpr.training.measures import (
    PlateOutcome,
    Proportion,
    edit_distance,
    fold_shapes,
    fold_token,
    match_boxes,
    reading_measures,
)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([left, top, right, bottom], np.float32)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        pytest.param("", "", 0, id="nothing"),
        pytest.param("", "ABC", 3, id="all-missing"),
        pytest.param("B10A", "B10A", 0, id="equal"),
        pytest.param("B10A", "BI0A", 1, id="one-replaced"),
        pytest.param("B10A", "B1OOA", 2, id="replaced-and-inserted"),
        pytest.param("KITTEN", "SITTING", 3, id="textbook"),
    ],
)
def test_edit_distance_counts_the_fewest_changes(one: str, two: str, expected: int) -> None:
    assert edit_distance(one, two) == expected
    assert edit_distance(two, one) == expected


def test_wilson_interval_agrees_with_a_published_example() -> None:
    # 81 of 263: Newcombe, "Two-sided confidence intervals for the single proportion", 1998.
    low, high = Proportion(81, 263).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize("hits", [0, 7], ids=["none", "all"])
def test_interval_of_a_unanimous_sample_is_neither_empty_nor_outside(hits: int) -> None:
    low, high = Proportion(hits, 7).interval
    assert 0 <= low < high <= 1


def test_interval_of_no_sample_says_nothing() -> None:
    assert Proportion(0, 0).interval == (0.0, 1.0)
    assert Proportion(0, 0).share == 0


def test_two_detections_of_one_plate_count_once() -> None:
    found = [box(0, 0, 100, 30), box(2, 0, 100, 30)]
    assert match_boxes(found, [box(0, 0, 100, 30)]) == {0: 0}


def test_plates_side_by_side_are_paired_by_overlap_and_not_by_order() -> None:
    found = [box(200, 0, 300, 30), box(0, 0, 100, 30)]
    labelled = [box(0, 0, 100, 30), box(205, 0, 300, 30)]
    assert match_boxes(found, labelled) == {1: 0, 0: 1}


def test_box_that_covers_less_than_half_is_not_the_plate() -> None:
    assert match_boxes([box(0, 0, 100, 30)], [box(60, 0, 160, 30)]) == {}


def test_folding_joins_look_alikes_and_nothing_else() -> None:
    assert fold_shapes("O0I1D2Z") == "0011D2Z"
    assert fold_token("ODQ0I1Z2S5B8G6A") == "000011225588" + "66A"


def test_plate_that_was_not_found_loses_every_character() -> None:
    outcomes = [
        PlateOutcome("eu", 80.0, "B10XYZ", is_detected=True, reading="BI0XYZ"),
        PlateOutcome("eu", 80.0, "CJ99ABC", is_detected=False, reading=""),
        PlateOutcome("eu", 80.0, None, is_detected=True, reading="SURPLUS"),
    ]
    measures = reading_measures(outcomes)
    assert measures["detection_recall"] == Proportion(1, 2)
    assert measures["exact"] == Proportion(0, 2)
    assert measures["exact_folded"] == Proportion(1, 2)
    assert measures["fold_token"] == Proportion(1, 2)
    assert measures["character_error"] == Proportion(1 + 7, 6 + 7)
