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


def _follow(tracker: Tracker, index: int, *plates: Seen) -> None:
    frame = Frame(np.empty((0, 0, 3), np.uint8), index, index * FRAME_NS)
    detections = []
    readings = []
    for text, box in plates:
        box_xyxy = np.array(box, np.float32)
        detections.append(Detection(quad_of_box(box_xyxy), box_xyxy, 0.9))
        readings.append(reading_of(text) if text else empty_reading())
    tracker.follow(frame, detections, readings)


def _tracks_of(*frames: list[Seen]) -> list[Track]:
    """Return the tracks that frames make, in the order of their beginning."""
    tracker = Tracker(NANOSECONDS)
    for index, plates in enumerate(frames):
        _follow(tracker, index, *plates)
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
    away: Box = (450, 100, 550, 130)
    assert len(_tracks_of([("", HERE)], [("", away)])) == 2
    assert len(_tracks_of([("", HERE)], [], [("", away)])) == 1


def test_a_track_ends_when_its_plate_was_not_seen_for_longer_than_the_gap() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("AB1234", HERE))
    assert tracker.due(NANOSECONDS) == []
    (ended,) = tracker.due(NANOSECONDS + 1)
    assert ended.has_ended
    assert tracker.end() == []


def test_a_plate_seen_again_within_the_gap_goes_on() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("AB1234", HERE))
    _follow(tracker, 10, ("AB1234", HERE))
    assert tracker.due(10 * FRAME_NS) == []


def test_a_standing_vehicle_is_due_two_seconds_after_its_first_reading() -> None:
    tracker = Tracker(NANOSECONDS)
    _follow(tracker, 0, ("", HERE))
    for index in range(5, 25):
        _follow(tracker, index, ("AB1234", HERE))
    assert tracker.due(24 * FRAME_NS) == []
    _follow(tracker, 25, ("AB1234", HERE))
    (standing,) = tracker.due(25 * FRAME_NS)
    assert not standing.has_ended


def test_a_decided_standing_vehicle_is_due_no_more_until_it_leaves() -> None:
    tracker = Tracker(NANOSECONDS)
    for index in range(25):
        _follow(tracker, index, ("AB1234", HERE))
    (standing,) = tracker.due(24 * FRAME_NS)
    standing.plate_digest = b"decided"
    _follow(tracker, 25, ("AB1234", HERE))
    assert tracker.due(25 * FRAME_NS) == []
    assert tracker.due(60 * FRAME_NS) == [standing]


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
