"""The reading that most frames agree on wins whole."""

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
    verdict = vote(_ballots("B101JGV", "B101JGV"), 2)
    assert verdict is not None
    assert text_of(verdict.class_indices) == "B101JGV"
    assert verdict.agreeing_readings == 2


def test_the_majority_wins() -> None:
    verdict = vote(_ballots("AB123", "AB128", "AB128", "A8128", "AB128"), 2)
    assert verdict is not None
    assert text_of(verdict.class_indices) == "AB128"
    assert verdict.agreeing_readings == 3


def test_too_few_equal_readings_are_no_verdict() -> None:
    assert vote(_ballots("AB123", "AB128", "AB129"), 2) is None


def test_no_readings_are_no_verdict() -> None:
    assert vote(Ballots(), 1) is None


def test_a_longer_reading_does_not_agree_with_its_beginning() -> None:
    assert vote(_ballots("AB12", "AB123"), 2) is None


def test_between_equally_many_the_surer_wins() -> None:
    ballots = _ballots("AAAA", "AAAA", confidence=0.6)
    for _ in range(2):
        ballots.cast(reading_of("ZZZZ", 0.7))
    verdict = vote(ballots, 2)
    assert verdict is not None
    assert text_of(verdict.class_indices) == "ZZZZ"


def test_characters_of_different_readings_are_never_mixed() -> None:
    assert vote(_ballots("XB123", "AY123", "AB1Z3"), 2) is None


@pytest.mark.parametrize("text", [pytest.param("A", id="too short"), pytest.param("", id="none")])
def test_what_can_be_no_plate_has_no_vote(text: str) -> None:
    ballots = _ballots(text, text)
    ballots.cast(empty_reading())
    assert len(ballots) == 0


def test_the_oldest_reading_makes_room() -> None:
    ballots = _ballots("OLD", "OLD", *(["NEW"] * MAXIMUM_BALLOTS))
    assert len(ballots) == MAXIMUM_BALLOTS
    verdict = vote(ballots, 2)
    assert verdict is not None
    assert verdict.agreeing_readings == MAXIMUM_BALLOTS


def test_wiped_ballots_hold_nothing() -> None:
    ballots = _ballots("B101JGV", "B101JGV")
    memory = ballots.rows()
    ballots.wipe()
    assert len(ballots) == 0
    assert (memory == 0xFF).all()
    assert ballots.leader().size == 0


@pytest.mark.parametrize(
    ("texts", "leader"),
    [
        pytest.param((), "", id="nothing read"),
        pytest.param(("AB123", "CD4567"), "CD4567", id="the newest among equals"),
        pytest.param(("AB123", "AB123", "CD4567"), "AB123", id="the one with most votes"),
        pytest.param(("AB123", "AB123", "CD4", "CD4"), "CD4", id="overtaken"),
    ],
)
def test_the_leader_is_what_was_read_most(texts: tuple[str, ...], leader: str) -> None:
    assert text_of(_ballots(*texts).leader()) == leader


def test_settled_ballots_keep_the_consensus_alone() -> None:
    ballots = _ballots("OLD12", "NEW", "NEW")
    memory = ballots._indices
    ballots.settle(indices_of("NEW"))
    ballots.cast(reading_of("ZX9876"))
    assert len(ballots) == 0
    assert (memory == 0xFF).all()
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
    verdict = vote(_ballots("B101JGV", "B101JGV"), 2)
    assert "class_indices" not in repr(verdict)
