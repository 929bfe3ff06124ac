"""A passage is concluded once, and leaves no plate behind."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edge_lpr.core.settings import LaneSection, SourceSection, VisionSection
from edge_lpr.vision.conclude import PassageJudge
from edge_lpr.vision.contracts import NANOSECONDS, Consensus, Detection, Frame
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.lanes import WHOLE_PICTURE, Lanes
from edge_lpr.vision.repeat_memory import RepeatMemory
from edge_lpr.vision.track import Track
from tests.support.fakes import reading_of, text_of


def _settings(**changes: float) -> VisionSection:
    source = SourceSection(kind="folder", address="frames")
    return VisionSection(source=source, repeat_window_s=10.0).model_copy(update=changes)


def _track(
    *texts: str,
    start_s: float = 0,
    has_ended: bool = True,
    weight: float = 1.0,
    step_px: float = 20,
    frame_ns: int = 1,
) -> Track:
    track: Track | None = None
    for index, text in enumerate(texts or ("",)):
        box_xyxy = np.array([0, 0, 100, 30], np.float32) + np.float32(step_px * index)
        detection = Detection(quad_of_box(box_xyxy), box_xyxy, 0.9)
        captured_ns = int(start_s * NANOSECONDS) + index * frame_ns
        frame = Frame(np.empty((720, 1280, 3), np.uint8), index, captured_ns)
        track = track or Track(frame, detection)
        track.extend(frame, detection, replace(reading_of(text, 0.99), weight=weight))
    assert track is not None
    track.has_ended = has_ended
    return track


class _Bench:
    """A judge, and what it counted."""

    def __init__(self, lanes: Lanes = WHOLE_PICTURE, **changes: float) -> None:
        self._funnel = Funnel()
        self._judge = PassageJudge(_settings(**changes), lanes, self._funnel)

    def conclude(self, track: Track) -> Consensus | None:
        return self._judge.conclude(track, track.last_seen_ns)

    def text(self, track: Track) -> str | None:
        consensus = self.conclude(track)
        return None if consensus is None else text_of(consensus.class_indices)

    def counted(self) -> dict[str, int]:
        return {name: number for name, number in self._funnel.counters().items() if number}


@pytest.fixture
def bench() -> _Bench:
    return _Bench()


def test_agreeing_readings_become_the_consensus(bench: _Bench) -> None:
    consensus = bench.conclude(_track("AB1234", "AB1Z34", "AB1234", "AB1234"))
    assert consensus is not None
    assert text_of(consensus.class_indices) == "AB1234"
    assert (consensus.agreeing_readings, consensus.confidence_bucket) == (3, 2)
    assert (consensus.first_frame, consensus.last_frame, consensus.last_seen_ns) == (0, 3, 3)
    assert (consensus.lane, consensus.direction) == (1, "unknown")
    assert bench.counted() == {"agreed": 1}


@pytest.mark.parametrize(
    ("track", "reason"),
    [
        pytest.param(lambda: _track(""), "glimpsed", id="seen once and not read"),
        pytest.param(lambda: _track("", "", ""), "unread", id="seen and never read"),
        pytest.param(lambda: _track("AB1234"), "read_too_seldom", id="read once"),
        pytest.param(
            lambda: _track("AB1234", "AB1Z34"), "read_too_seldom", id="never the same twice"
        ),
        pytest.param(
            lambda: _track("AB1234", "AB1234", weight=0.004), "read_faintly", id="far away"
        ),
        pytest.param(
            lambda: _track("AB1234", "AB1Z34", "AB1234", "AB1Z34", "AB1234"),
            "disagreed",
            id="in two ways",
        ),
    ],
)
def test_a_vehicle_without_a_plate_has_a_reason(
    bench: _Bench, track: Callable[[], Track], reason: str
) -> None:
    assert bench.text(track()) is None
    assert bench.counted() == {reason: 1}


def test_doubt_about_a_character_is_a_reason_though_all_agree(bench: _Bench) -> None:
    track = _track("", "")
    for _ in range(3):
        reading = reading_of("EOW5X97", 0.99)
        reading.probabilities[1] = 0.0
        reading.probabilities[1, [24, 26]] = 0.55, 0.45  # O, or perhaps Q
        track.ballots.cast(reading)
    assert bench.text(track) is None
    assert bench.counted() == {"disagreed": 1}


def test_who_is_well_read_is_published_before_leaving(bench: _Bench) -> None:
    assert bench.text(_track("AB1234", "AB1234", has_ended=False)) is None
    track = _track("AB1234", "AB1234", "AB1234", has_ended=False)
    assert bench.text(track) == "AB1234"
    assert track.is_decided


def test_who_is_not_well_read_is_published_when_leaving(bench: _Bench) -> None:
    track = _track("AB1234", "AB1234", "AB1234", weight=0.5, has_ended=False)
    assert bench.text(track) is None
    assert not track.is_well_read
    track.has_ended = True
    assert bench.text(track) == "AB1234"


def test_who_stays_is_decided_by_what_there_is() -> None:
    bench = _Bench(decide_after_s=8.0)
    early = _track("AB1234", "AB1234", weight=0.5, has_ended=False, frame_ns=NANOSECONDS)
    assert bench.text(early) is None
    late = _track("AB1234", "AB1234", weight=0.5, has_ended=False, frame_ns=8 * NANOSECONDS)
    assert bench.text(late) == "AB1234"


def test_who_stays_and_cannot_be_read_is_given_up_and_not_counted_yet() -> None:
    bench = _Bench(decide_after_s=8.0)
    track = _track("AB1234", "AB1Z34", has_ended=False, frame_ns=8 * NANOSECONDS)
    assert bench.text(track) is None
    assert track.is_given_up
    assert len(track.ballots) == 2
    assert bench.counted() == {}


def test_what_never_moves_in_a_lane_with_an_arrow_is_a_sign() -> None:
    lanes = Lanes((LaneSection(number=4, arrow=((0.5, 0.0), (0.5, 1.0))),))
    bench = _Bench(lanes)
    texts = ["POLIZEI"] * 5
    standing = _track(*texts, step_px=0, has_ended=False, frame_ns=NANOSECONDS * 9)
    assert bench.text(standing) is None
    standing.has_ended = True
    assert bench.text(standing) is None
    assert bench.counted() == {"never_moved": 1}


@pytest.mark.parametrize(("step_px", "direction"), [(20, "in"), (-20, "out")])
def test_the_direction_is_that_of_the_movement(step_px: float, direction: str) -> None:
    lanes = Lanes((LaneSection(number=4, direction="in", arrow=((0.5, 0.0), (0.5, 1.0))),))
    consensus = _Bench(lanes).conclude(_track(*["AB1234"] * 5, step_px=step_px))
    assert consensus is not None
    assert (consensus.lane, consensus.direction) == (4, direction)


def test_the_same_plate_within_the_window_is_the_same_passage(bench: _Bench) -> None:
    bench.conclude(_track("AB1234", "AB1234"))
    assert bench.conclude(_track("AB1234", "AB1234", start_s=9)) is None
    assert bench.counted() == {"agreed": 2, "repeated": 1}


def test_the_same_plate_after_the_window_is_a_new_passage(bench: _Bench) -> None:
    bench.conclude(_track("AB1234", "AB1234"))
    assert bench.text(_track("AB1234", "AB1234", start_s=11)) == "AB1234"


def test_a_repetition_prolongs_the_window(bench: _Bench) -> None:
    bench.conclude(_track("AB1234", "AB1234"))
    bench.conclude(_track("AB1234", "AB1234", start_s=8))
    assert bench.conclude(_track("AB1234", "AB1234", start_s=16)) is None


def test_another_plate_within_the_window_is_another_passage(bench: _Bench) -> None:
    bench.conclude(_track("AB1234", "AB1234"))
    assert bench.text(_track("ZX9876", "ZX9876", start_s=1)) == "ZX9876"


def test_a_vehicle_that_stood_long_is_no_new_passage_when_it_is_hidden_at_last(
    bench: _Bench,
) -> None:
    track = _track("AB1234", "AB1234", "AB1234", has_ended=False)
    assert bench.conclude(track) is not None
    track.last_seen_ns = 300 * NANOSECONDS
    track.has_ended = True
    assert bench.conclude(track) is None
    assert bench.conclude(_track("AB1234", "AB1234", start_s=305)) is None


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(("AB1234", "AB1234"), id="agreed"),
        pytest.param(("AB1234", "ZX9876"), id="not agreed"),
    ],
)
def test_an_ended_track_holds_no_plate(bench: _Bench, texts: tuple[str, str]) -> None:
    track = _track(*texts)
    memory = track.ballots.rows()
    bench.conclude(track)
    assert (memory == 0xFF).all()
    assert track.ballots.leader().size == 0


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
    bench = _Bench(repeat_window_s=0.0)
    assert bench.text(_track("AB1234", "AB1234")) == "AB1234"
    assert bench.text(_track("AB1234", "AB1234", start_s=2)) == "AB1234"
