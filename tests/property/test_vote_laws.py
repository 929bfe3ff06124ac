"""Laws of the vote and of the comparison of readings."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.vision.ballots import Ballots
from edge_lpr.vision.text_distance import edit_distance
from edge_lpr.vision.vote import vote
from tests.support.fakes import indices_of, reading_of, text_of

plates = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=12)
few_plates = st.sampled_from(["AB123", "AB128", "A8128", "ZZ9"])
confidences = st.floats(0.125, 1, width=32)
weights = st.sampled_from([0.001, 0.25, 1.0])
readings = st.lists(st.tuples(few_plates, confidences, weights), min_size=1, max_size=40)


def _vote(cast: list[tuple[str, float, float]]) -> tuple[str, int, float, float, float]:
    ballots = Ballots()
    for text, confidence, weight in cast:
        ballots.cast(replace(reading_of(text, confidence), weight=weight))
    verdict = vote(ballots)
    return (
        text_of(verdict.class_indices),
        verdict.agreeing_readings,
        verdict.agreeing_weight,
        verdict.agreeing_share,
        verdict.certainty,
    )


@given(cast=readings, chance=st.randoms(use_true_random=False))
def test_the_order_of_the_readings_does_not_matter(
    cast: list[tuple[str, float, float]], chance: random.Random
) -> None:
    shuffled = cast.copy()
    chance.shuffle(shuffled)
    text, agreeing, *measures = _vote(cast)
    assert _vote(shuffled) == (
        text,
        agreeing,
        *(pytest.approx(each, rel=1e-9) for each in measures),
    )


@given(cast=readings)
def test_who_agrees_are_those_that_say_the_same(cast: list[tuple[str, float, float]]) -> None:
    text, agreeing, weight, share, certainty = _vote(cast)
    texts = [said for said, _, _ in cast]
    assert agreeing == texts.count(text)
    assert weight == pytest.approx(sum(w for said, _, w in cast if said == text))
    assert share == pytest.approx(weight / sum(w for _, _, w in cast))
    assert 0 <= certainty <= 1


@given(cast=readings)
def test_the_winner_has_the_length_that_weighs_most(cast: list[tuple[str, float, float]]) -> None:
    weights: dict[int, float] = {}
    for text, _, weight in cast:
        weights[len(text)] = weights.get(len(text), 0) + weight
    text, *_ = _vote(cast)
    assert weights[len(text)] == pytest.approx(max(weights.values()))


@given(text=plates, confidence=confidences, weight=weights, number=st.integers(2, 30))
def test_unanimous_readings_win_at_any_confidence(
    text: str, confidence: float, weight: float, number: int
) -> None:
    winner, agreeing, _, share, _ = _vote([(text, confidence, weight)] * number)
    assert (winner, agreeing) == (text, number)
    assert share == pytest.approx(1)


@given(one=plates, two=plates)
def test_edit_distance_is_symmetric_and_bounded(one: str, two: str) -> None:
    there, back = (edit_distance(indices_of(a), indices_of(b)) for a, b in ((one, two), (two, one)))
    assert there == back
    assert abs(len(one) - len(two)) <= there <= max(len(one), len(two))
    assert (there == 0) == (one == two)


@given(one=plates, two=plates, three=plates)
def test_edit_distance_keeps_the_triangle_inequality(one: str, two: str, three: str) -> None:
    a, b, c = map(indices_of, (one, two, three))
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
