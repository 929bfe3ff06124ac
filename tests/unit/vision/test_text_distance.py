"""Edit distance of readings."""

import pytest

from edge_lpr.vision.text_distance import edit_distance
from tests.support.fakes import indices_of


@pytest.mark.parametrize(
    ("one", "two", "distance"),
    [
        pytest.param("", "", 0, id="nothing"),
        pytest.param("AB", "", 2, id="all dropped"),
        pytest.param("", "ABC", 3, id="all inserted"),
        pytest.param("B101JGV", "B101JGV", 0, id="same"),
        pytest.param("B101JGV", "B1O1JGV", 1, id="changed"),
        pytest.param("B101JGV", "8101JG", 2, id="changed and dropped"),
        pytest.param("KITTEN", "SITTING", 3, id="the textbook"),
    ],
)
def test_distance_counts_the_edits(one: str, two: str, distance: int) -> None:
    assert edit_distance(indices_of(one), indices_of(two)) == distance
