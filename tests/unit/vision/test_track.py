"""Detections of one vehicle become one track, those of two become two."""

import numpy as np
import pytest

from edge_lpr.vision.contracts import NANOSECONDS, Detection, Frame, empty_reading
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.track import MAXIMUM_TRACKS, Track, Tracker
from tests.support.fakes import reading_of

FRAME_NS = NANOSECONDS // 10
Box = tuple[float, float, float, float]
Seen = tuple[str, Box]

HERE: Box = (100, 100, 200, 130)
OVERLAPPING: Box = (110, 105, 210, 135)
NEAR: Box = (250, 180, 350, 210)
FAR: Box = (900, 100, 1000, 130)


def _frame(index: int, frame_ns: int = FRAME_NS) -> Frame:
    return Frame(np.empty((0, 0, 3), np.uint8), index, index * frame_ns)


def _follow(tracker: Tracker, index: int, *plates: Seen, frame_ns: int = FRAME_NS) -> None:
    frame = _frame(index, frame_ns)
    detections = []
    readings = []
    for text, box in plates:
        box_xyxy = np.array(box, np.float32)
        detections.append(Detection(quad_of_box(box_xyxy), box_xyxy, 0.9))
        readings.append(reading_of(text) if text else empty_reading())
    tracker.follow(frame, detections, readings)


def _tracks_of(*frames: list[Seen], frame_ns: int = FRAME_NS) -> list[Track]:
    """Return the tracks that frames make, in the order of their beginning."""
    tracker = Tracker(NANOSECONDS)
    for index, plates in enumerate(frames):
        _follow(tracker, index, *plates, frame_ns=frame_ns)
    return tracker.end()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("AB1234", HERE), ("AB1234", HERE), id="same place, same text"),
        pytest.param(("AB1234", HERE), ("AB1Z34", OVERLAPPING), id="overlapping, misread"),
        pytest.param(("AB1234", HERE), ("", OVERLAPPING), id="overlapping, unreadable"),
        pytest.param(("", HERE), ("", NEAR), id="near, unreadable"),
        pytest.param(("B101JGV", HERE), ("1JGV", NEAR), id="near, half outside the frame"),
        pytest.param(("AB1234", HERE), ("AB1234", FAR), id="far, same text"),
        pytest.param(("AB1234", HERE), ("AB1Z34", FAR), id="far, one character misread"),
    ],
)
def test_one_vehicle_is_one_track(first: Seen, second: Seen) -> None:
    (track,) = _tracks_of([first], [second])
    assert (track.first_frame, track.last_frame) == (0, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("", HERE), ("", FAR), id="far, unreadable"),
        pytest.param(("AB1234", HERE), ("ZX9876", FAR), id="far, other text"),
        pytest.param(("AB1234", HERE), ("ZX9876", HERE), id="same place, other text"),
        pytest.param(("AB1234", HERE), ("ZX9876", NEAR), id="near, other text"),
        pytest.param(("B311ALY", HERE), ("B310VLV", HERE), id="same place, similar text"),
        pytest.param(("AB", HERE), ("AB", FAR), id="texts too short to tell by"),
    ],
)
def test_two_vehicles_are_two_tracks(first: Seen, second: Seen) -> None:
    assert len(_tracks_of([first], [second])) == 2


def test_neighbours_keep_their_tracks_when_the_detector_swaps_their_order() -> None:
    left, right = _tracks_of(
        [("AB1234", HERE), ("ZX9876", NEAR)], [("ZX9876", NEAR), ("AB1234", HERE)]
    )
    assert len(left.ballots) == len(right.ballots) == 2


def test_a_queue_passing_one_place_is_a_track_for_each_vehicle() -> None:
    frames = [[(text, HERE)] for text in ("AB1234", "AB1234", "ZX9876", "ZX9876", "QQ5555")]
    assert [len(track.ballots) for track in _tracks_of(*frames)] == [2, 2, 1]


def test_misreadings_between_two_vehicles_do_not_join_them() -> None:
    # Each is near enough to the one before, but none of the last to the first.
    texts = ["B311ALY", "B311ALY", "B31BLY", "B11BCY", "B11WCB", "B11WCB"]
    assert len(_tracks_of(*[[(text, HERE)] for text in texts])) >= 2


def test_a_plate_may_move_further_after_frames_in_which_it_was_hidden() -> None:
    away: Box = (260, 100, 360, 130)
    gap: list[list[Seen]] = [[], []]
    assert len(_tracks_of([("", HERE)], [("", away)], frame_ns=FRAME_NS // 2)) == 2
    assert len(_tracks_of([("", HERE)], *gap, [("", away)], frame_ns=FRAME_NS // 2)) == 1


def _ended(tracker: Tracker, now_ns: int) -> list[Track]:
    return [track for track in tracker.due(now_ns) if track.has_ended]


def test_a_track_ends_when_its_plate_was_not_seen_for_longer_than_the_gap() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("AB1234", HERE))
    assert _ended(tracker, NANOSECONDS) == []
    assert len(_ended(tracker, NANOSECONDS + 1)) == 1
    assert tracker.end() == []


def test_a_plate_seen_again_within_the_gap_goes_on() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("AB1234", HERE))
    _follow(tracker, 10, ("AB1234", HERE))
    assert _ended(tracker, 10 * FRAME_NS) == []


def test_an_undecided_vehicle_is_due_all_the_time_and_a_decided_one_when_it_leaves() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("AB1234", HERE))
    (track,) = tracker.due(0)
    assert not track.has_ended
    track.plate_digest = b"decided"
    _follow(tracker, 1, ("AB1234", HERE))
    assert tracker.due(FRAME_NS) == []
    assert tracker.due(60 * FRAME_NS) == [track]


def test_who_stays_where_nothing_moves_is_still_there() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("AB1234", HERE))
    for index in range(1, 50):
        tracker.stay(_frame(index))
    (track,) = tracker.due(49 * FRAME_NS)
    assert not track.has_ended
    assert (track.last_frame, track.last_seen_ns) == (49, 49 * FRAME_NS)


def test_who_was_gone_before_nothing_moved_does_not_come_back() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("AB1234", HERE))
    _follow(tracker, 1)
    for index in range(2, 50):
        tracker.stay(_frame(index))
    assert len(_ended(tracker, 49 * FRAME_NS)) == 1


@pytest.mark.parametrize(
    ("index", "box", "known"),
    [
        pytest.param(4, HERE, True, id="just read, and there"),
        pytest.param(4, FAR, False, id="another place"),
        pytest.param(5, HERE, False, id="read long ago"),
    ],
)
def test_a_decided_plate_need_not_be_read_for_a_while(index: int, box: Box, *, known: bool) -> None:
    tracker = Tracker(NANOSECONDS, read_again_ns=5 * FRAME_NS)
    _follow(tracker, 0, ("AB1234", HERE))
    box_xyxy = np.array(box, np.float32)
    plate = Detection(quad_of_box(box_xyxy), box_xyxy, 0.9)
    assert tracker.are_known(_frame(1), [plate]) == [False]
    (track,) = tracker.due(0)
    track.plate_digest = b"decided"
    assert tracker.are_known(_frame(index), [plate]) == [known]


def test_another_vehicle_at_a_decided_place_is_found_when_it_is_read() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("AB1234", HERE))
    (decided,) = tracker.due(0)
    decided.plate_digest = b"decided"
    decided.ballots.settle()
    _follow(tracker, 1, ("", HERE))
    _follow(tracker, 2, ("ZX9876", HERE))
    assert len(tracker.end()) == 2


def test_nothing_is_left_to_learn_once_every_plate_is_known_or_given_up() -> None:
    tracker = Tracker(NANOSECONDS)
    assert tracker.is_empty()
    assert tracker.is_settled()
    _follow(tracker, 0, ("AB1234", HERE), ("ZX9876", FAR))
    first, second = tracker.due(0)
    first.is_well_read = True
    assert not tracker.is_settled()
    second.is_given_up = True
    assert tracker.is_settled()
    assert not tracker.is_empty()


def test_readings_are_wiped_once_the_track_has_them() -> None:
    tracker = Tracker(NANOSECONDS)
    box_xyxy = np.array(HERE, np.float32)
    reading = reading_of("AB1234")
    tracker.follow(
        Frame(np.empty((0, 0, 3), np.uint8), 0, 0),
        [Detection(quad_of_box(box_xyxy), box_xyxy, 0.9)],
        [reading],
    )
    assert (reading.class_indices == 0xFF).all()


def test_a_detector_gone_wild_does_not_fill_the_memory() -> None:
    crowd: list[Seen] = [("", (300.0 * place, 0, 300.0 * place + 9, 9)) for place in range(200)]
    assert len(_tracks_of(crowd)) == MAXIMUM_TRACKS
