"""What readings say together wins, and who agrees with it is counted."""

from dataclasses import replace

import pytest

from edge_lpr.vision.ballots import MAXIMUM_BALLOTS, Ballots
from edge_lpr.vision.contracts import empty_reading
from edge_lpr.vision.vote import confidence_bucket, vote
from tests.support.fakes import indices_of, reading_of, text_of


def _ballots(*texts: str, confidence: float = 0.9) -> Ballots:
    ballots = Ballots()
    for text in texts:
        ballots.cast(reading_of(text, confidence))
    return ballots


def test_unanimous_readings_win_unchanged() -> None:
    verdict = vote(_ballots("B101JGV", "B101JGV"))
    assert text_of(verdict.class_indices) == "B101JGV"
    assert verdict.agreeing_readings == 2
    assert verdict.agreeing_share == 1


def test_the_majority_wins() -> None:
    verdict = vote(_ballots("AB123", "AB128", "AB128", "A8128", "AB128"))
    assert text_of(verdict.class_indices) == "AB128"
    assert verdict.agreeing_readings == 3
    assert verdict.agreeing_share == pytest.approx(0.6)


def test_one_large_sharp_reading_outvotes_three_faint_ones() -> None:
    ballots = Ballots()
    for _ in range(3):
        ballots.cast(replace(reading_of("AB128", 0.9), weight=0.1))
    ballots.cast(reading_of("AB123", 0.9))
    verdict = vote(ballots)
    assert text_of(verdict.class_indices) == "AB123"
    assert verdict.agreeing_readings == 1
    assert verdict.agreeing_weight == pytest.approx(1)


def test_a_doubtful_character_is_decided_by_all_readings() -> None:
    """Two readings say 8, unsurely; one says B, surely: strings alone would say 8."""
    ballots = Ballots()
    for text, confidence in (("AB8", 0.55), ("AB8", 0.55), ("ABB", 0.999)):
        reading = reading_of(text, 0.999)
        reading.probabilities[2] = 0.0001
        reading.probabilities[2, [8, 11]] = 1 - confidence
        reading.probabilities[2, int(reading.class_indices[2])] = confidence
        ballots.cast(reading)
    verdict = vote(ballots)
    assert text_of(verdict.class_indices) == "ABB"
    assert verdict.agreeing_readings == 1


def test_no_readings_are_no_verdict() -> None:
    verdict = vote(Ballots())
    assert verdict.class_indices.size == 0
    assert (verdict.agreeing_readings, verdict.agreeing_share, verdict.certainty) == (0, 0, 0)


def test_a_longer_reading_does_not_agree_with_its_beginning() -> None:
    assert vote(_ballots("AB12", "AB123")).agreeing_readings == 1


def test_a_plate_that_nobody_read_has_nobody_who_agrees() -> None:
    assert vote(_ballots("XB123", "AY123", "AB1Z3")).agreeing_readings == 0


def test_certainty_is_that_of_the_least_certain_character_against_its_rival() -> None:
    ballots = Ballots()
    reading = reading_of("AB123", 0.99)
    reading.probabilities[3] = 0.0
    reading.probabilities[3, [2, 7]] = 0.7, 0.3
    ballots.cast(reading)
    assert ballots.certainty() == pytest.approx(0.7, rel=1e-4)


@pytest.mark.parametrize("pair", ["O0", "0O", "I1", "1I"])
def test_characters_of_one_shape_leave_no_doubt(pair: str) -> None:
    ballots = Ballots()
    reading = reading_of("AB" + pair[0], 0.99)
    places = [int(indices_of(character)[0]) for character in pair]
    reading.probabilities[2] = 0.0
    reading.probabilities[2, places] = 0.6, 0.4
    ballots.cast(reading)
    assert ballots.certainty() > 0.95


@pytest.mark.parametrize("text", [pytest.param("A", id="too short"), pytest.param("", id="none")])
def test_what_can_be_no_plate_has_no_vote(text: str) -> None:
    ballots = _ballots(text, text)
    ballots.cast(empty_reading())
    assert len(ballots) == 0


def test_the_oldest_reading_makes_room() -> None:
    ballots = _ballots("OLD", "OLD", *(["NEW"] * MAXIMUM_BALLOTS))
    assert len(ballots) == MAXIMUM_BALLOTS
    verdict = vote(ballots)
    assert verdict.agreeing_readings == MAXIMUM_BALLOTS


def test_wiped_ballots_hold_nothing() -> None:
    ballots = _ballots("B101JGV", "B101JGV")
    memory, scores, scratch = ballots.rows(), ballots._scores, ballots._scratch
    ballots.wipe()
    assert len(ballots) == 0
    assert (memory == 0xFF).all()
    assert not scores.any()
    assert not scratch.any()
    assert ballots.leader().size == 0


@pytest.mark.parametrize(
    ("texts", "leader"),
    [
        pytest.param((), "", id="nothing read"),
        pytest.param(("CD4567", "AB123"), "CD4567", id="the longer among equals"),
        pytest.param(("AB123", "AB123", "CD4567"), "AB123", id="the one with most votes"),
        pytest.param(("AB123", "AB123", "CD4", "CD4", "CD4"), "CD4", id="overtaken"),
    ],
)
def test_the_leader_is_what_was_read_most(texts: tuple[str, ...], leader: str) -> None:
    assert text_of(_ballots(*texts).leader()) == leader


def test_settled_ballots_keep_the_consensus_alone() -> None:
    ballots = _ballots("OLD12", "NEW", "NEW")
    memory, scores = ballots._indices, ballots._scores
    ballots.settle()
    ballots.cast(reading_of("ZX9876"))
    assert len(ballots) == 0
    assert (memory == 0xFF).all()
    assert not scores.any()
    assert text_of(ballots.leader()) == "NEW"
    ballots.wipe()
    assert ballots.leader().size == 0


@pytest.mark.parametrize(
    ("agreeing", "readings", "bucket"),
    [
        pytest.param(5, 5, 3, id="five of five"),
        pytest.param(4, 4, 2, id="four of four are too few for three"),
        pytest.param(9, 10, 3, id="nine of ten"),
        pytest.param(8, 10, 2, id="eight of ten"),
        pytest.param(2, 2, 1, id="two of two"),
        pytest.param(5, 10, 1, id="half"),
        pytest.param(4, 10, 0, id="less than half"),
    ],
)
def test_buckets_grow_with_share_and_number(agreeing: int, readings: int, bucket: int) -> None:
    assert confidence_bucket(agreeing, readings) == bucket


def test_the_verdict_does_not_show_the_plate_when_printed() -> None:
    verdict = vote(_ballots("B101JGV", "B101JGV"))
    assert "class_indices" not in repr(verdict)
