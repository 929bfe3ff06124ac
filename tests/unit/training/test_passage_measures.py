"""Sightings of a film, compared with what passed."""

from edge_lpr.training.measures import Proportion
from edge_lpr.training.passage_evaluation import (
    LabelledFilm,
    Pass,
    SightedPlate,
    passage_measures,
)

FILM = LabelledFilm(
    frames=100,
    frame_rate_hz=10.0,
    passes=(Pass(10, 20, "B10XYZ"), Pass(40, 50, "CJ99ABC")),
)


def test_each_pass_sighted_once_and_rightly_is_perfect() -> None:
    sightings = [SightedPlate(11, 19, "B10XYZ"), SightedPlate(41, 50, "CJ99ABC")]
    measures = passage_measures(sightings, FILM)
    assert measures["read_rate"] == Proportion(2, 2)
    assert measures["read_exactly"] == Proportion(2, 2)
    assert measures["misread_rate"] == Proportion(0, 2)
    assert measures["duplicates"] == Proportion(0, 2)
    assert measures["invented"] == Proportion(0, 2)


def test_wrong_sighting_counts_as_read_and_as_misread() -> None:
    measures = passage_measures([SightedPlate(12, 18, "BI0XYZ")], FILM)
    assert measures["read_rate"] == Proportion(1, 2)
    assert measures["read_exactly"] == Proportion(0, 2)
    assert measures["misread_rate"] == Proportion(1, 1)
    assert measures["misread_rate_folded"] == Proportion(0, 1)


def test_second_sighting_of_a_pass_is_a_duplicate_and_not_another_pass() -> None:
    sightings = [SightedPlate(11, 14, "B10XYZ"), SightedPlate(16, 20, "B10XYZ")]
    measures = passage_measures(sightings, FILM)
    assert measures["read_rate"] == Proportion(1, 2)
    assert measures["duplicates"] == Proportion(1, 2)


def test_sighting_while_nothing_passes_is_invented() -> None:
    measures = passage_measures([SightedPlate(70, 75, "FORD")], FILM)
    assert measures["invented"] == Proportion(1, 1)
    assert measures["invented_per_frame"] == Proportion(1, 100)
    assert measures["misread_rate"] == Proportion(0, 1)


def test_of_two_cars_at_once_the_more_similar_was_meant() -> None:
    film = LabelledFilm(30, 10.0, (Pass(0, 20, "B10XYZ"), Pass(5, 25, "CJ99ABC")))
    measures = passage_measures([SightedPlate(4, 20, "CJ99ABD")], film)
    assert measures["misread_rate"] == Proportion(1, 1)
    later = passage_measures([SightedPlate(4, 20, "CJ99ABD"), SightedPlate(4, 20, "B10XYZ")], film)
    assert later["read_rate"] == Proportion(2, 2)
    assert later["duplicates"] == Proportion(0, 2)


def test_nothing_published_is_nothing_wrong() -> None:
    measures = passage_measures([], FILM)
    assert measures["read_rate"] == Proportion(0, 2)
    assert measures["misread_rate"].share == 0
