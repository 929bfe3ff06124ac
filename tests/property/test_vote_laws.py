"""Laws of the vote and of the comparison of readings."""

import random

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.vision.ballots import Ballots
from edge_lpr.vision.text_distance import edit_distance
from edge_lpr.vision.vote import vote
from tests.support.fakes import indices_of, reading_of, text_of

plates = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=12)
few_plates = st.sampled_from(["AB123", "AB128", "A8128", "ZZ9"])
confidences = st.floats(0, 1, width=32)
readings = st.lists(st.tuples(few_plates, confidences), min_size=1, max_size=40)


def _vote(cast: list[tuple[str, float]], agreeing_readings: int) -> tuple[str, int, int] | None:
    ballots = Ballots()
    for text, confidence in cast:
        ballots.cast(reading_of(text, confidence))
    verdict = vote(ballots, agreeing_readings)
    if verdict is None:
        return None
    return (
        text_of(verdict.class_indices),
        verdict.agreeing_readings,
        verdict.confidence_bucket,
    )


@given(cast=readings, chance=st.randoms(use_true_random=False))
def test_the_order_of_the_readings_does_not_matter(
    cast: list[tuple[str, float]], chance: random.Random
) -> None:
    shuffled = cast.copy()
    chance.shuffle(shuffled)
    assert _vote(cast, 1) == _vote(shuffled, 1)


@given(cast=readings, agreeing_readings=st.integers(1, 10))
def test_there_is_a_verdict_exactly_if_enough_readings_agree(
    cast: list[tuple[str, float]], agreeing_readings: int
) -> None:
    texts = [text for text, _ in cast]
    enough_agree = max(map(texts.count, texts)) >= agreeing_readings
    assert (_vote(cast, agreeing_readings) is not None) == enough_agree


@given(cast=readings)
def test_the_winner_was_read_and_nothing_was_read_more_often(
    cast: list[tuple[str, float]],
) -> None:
    texts = [text for text, _ in cast]
    verdict = _vote(cast, 1)
    assert verdict is not None
    assert texts.count(verdict[0]) == verdict[1] == max(map(texts.count, texts))


@given(text=plates, confidence=confidences, number=st.integers(2, 30))
def test_unanimous_readings_win_at_any_confidence(
    text: str, confidence: float, number: int
) -> None:
    verdict = _vote([(text, confidence)] * number, 2)
    assert verdict is not None
    assert verdict[:2] == (text, number)


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
