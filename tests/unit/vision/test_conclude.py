"""A passage is concluded once, and leaves no plate behind."""

import numpy as np
import pytest

from edge_lpr.vision.conclude import PassageJudge
from edge_lpr.vision.contracts import NANOSECONDS, Consensus, Detection, Frame
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.repeat_memory import RepeatMemory
from edge_lpr.vision.track import Track
from tests.support.fakes import reading_of, text_of


def _track(*texts: str, start_s: float = 0, has_ended: bool = True) -> Track:
    box_xyxy = np.array([0, 0, 100, 30], np.float32)
    detection = Detection(quad_of_box(box_xyxy), box_xyxy, 0.9)
    frames = [
        Frame(np.empty((0, 0, 3), np.uint8), index, int(start_s * NANOSECONDS) + index)
        for index in range(max(1, len(texts)))
    ]
    track = Track(frames[0], detection)
    for frame, text in zip(frames, texts, strict=False):
        track.extend(frame, detection, reading_of(text))
    track.has_ended = has_ended
    return track


@pytest.fixture
def funnel() -> Funnel:
    return Funnel()


@pytest.fixture
def judge(funnel: Funnel) -> PassageJudge:
    return PassageJudge(2, RepeatMemory(10 * NANOSECONDS), funnel)


def _text(consensus: Consensus | None) -> str | None:
    return None if consensus is None else text_of(consensus.class_indices)


def test_agreeing_readings_become_the_consensus(judge: PassageJudge, funnel: Funnel) -> None:
    consensus = judge.conclude(_track("AB1234", "AB1Z34", "AB1234"))
    assert consensus is not None
    assert _text(consensus) == "AB1234"
    assert (consensus.agreeing_readings, consensus.confidence_bucket) == (2, 1)
    assert (consensus.first_frame, consensus.last_frame, consensus.last_seen_ns) == (0, 2, 2)
    assert funnel.counters()["agreed"] == 1


def test_readings_that_never_agree_are_counted(judge: PassageJudge, funnel: Funnel) -> None:
    assert judge.conclude(_track("AB1234", "AB1Z34")) is None
    assert funnel.counters()["ended_without_agreement"] == 1


def test_an_unread_plate_is_no_disagreement(judge: PassageJudge, funnel: Funnel) -> None:
    assert judge.conclude(_track()) is None
    assert funnel.counters()["ended_without_agreement"] == 0


def test_a_standing_vehicle_without_agreement_stays_open(
    judge: PassageJudge, funnel: Funnel
) -> None:
    track = _track("AB1234", "AB1Z34", has_ended=False)
    assert judge.conclude(track) is None
    assert len(track.ballots) == 2
    assert funnel.counters()["ended_without_agreement"] == 0


def test_the_same_plate_within_the_window_is_the_same_passage(
    judge: PassageJudge, funnel: Funnel
) -> None:
    judge.conclude(_track("AB1234", "AB1234"))
    assert judge.conclude(_track("AB1234", "AB1234", start_s=9)) is None
    assert funnel.counters()["repeated"] == 1


def test_the_same_plate_after_the_window_is_a_new_passage(judge: PassageJudge) -> None:
    judge.conclude(_track("AB1234", "AB1234"))
    assert _text(judge.conclude(_track("AB1234", "AB1234", start_s=11))) == "AB1234"


def test_a_repetition_prolongs_the_window(judge: PassageJudge) -> None:
    judge.conclude(_track("AB1234", "AB1234"))
    judge.conclude(_track("AB1234", "AB1234", start_s=8))
    assert judge.conclude(_track("AB1234", "AB1234", start_s=16)) is None


def test_another_plate_within_the_window_is_another_passage(judge: PassageJudge) -> None:
    judge.conclude(_track("AB1234", "AB1234"))
    assert _text(judge.conclude(_track("ZX9876", "ZX9876", start_s=1))) == "ZX9876"


def test_a_vehicle_that_stood_long_is_no_new_passage_when_it_is_hidden_at_last(
    judge: PassageJudge,
) -> None:
    track = _track("AB1234", "AB1234", has_ended=False)
    assert judge.conclude(track) is not None
    track.last_seen_ns = 300 * NANOSECONDS
    track.has_ended = True
    assert judge.conclude(track) is None
    assert judge.conclude(_track("AB1234", "AB1234", start_s=305)) is None


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(("AB1234", "AB1234"), id="agreed"),
        pytest.param(("AB1234", "ZX9876"), id="not agreed"),
    ],
)
def test_an_ended_track_holds_no_plate(judge: PassageJudge, texts: tuple[str, str]) -> None:
    track = _track(*texts)
    memory = track.ballots.rows()
    judge.conclude(track)
    assert (memory == 0xFF).all()


def test_the_memory_of_repetitions_holds_no_plate() -> None:
    memory = RepeatMemory(NANOSECONDS)
    indices = reading_of("AB1234").class_indices
    assert memory.digest(indices) == memory.digest(indices.copy())
    assert memory.digest(indices) != RepeatMemory(NANOSECONDS).digest(indices)
    assert indices.tobytes() not in memory.digest(indices)


def test_the_memory_of_repetitions_is_bounded() -> None:
    memory = RepeatMemory(NANOSECONDS)
    for number in range(5000):
        memory.remember(number.to_bytes(16, "big"), 0)
    assert not memory.is_repeat((0).to_bytes(16, "big"), 0)
    assert memory.is_repeat((4999).to_bytes(16, "big"), 0)


def test_a_window_of_zero_lets_every_passage_through() -> None:
    judge = PassageJudge(2, RepeatMemory(0), Funnel())
    assert judge.conclude(_track("AB1234", "AB1234")) is not None
    assert judge.conclude(_track("AB1234", "AB1234", start_s=2)) is not None
