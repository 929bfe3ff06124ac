"""Laws of following plates: nothing is lost, nothing is in two tracks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.vision.associate import Trace, associate
from edge_lpr.vision.contracts import NANOSECONDS, Detection, Frame, empty_reading
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.track import Tracker
from tests.support.fakes import indices_of, reading_of

corners_px = st.tuples(st.integers(0, 600), st.integers(0, 300))
boxes = st.tuples(corners_px, st.integers(10, 200)).map(
    lambda box: np.array(
        [box[0][0], box[0][1], box[0][0] + box[1], box[0][1] + box[1] // 4 + 1], np.float32
    )
)
texts = st.sampled_from(["", "AB", "B101JGV", "B1O1JGV", "SB90TZI", "B172WAW"])
plates = st.tuples(texts, boxes)
scenes = st.lists(st.lists(plates, max_size=5), max_size=12)
traces = st.builds(
    Trace, boxes, st.sampled_from(["", "AB1234", "ZX9876"]).map(indices_of), st.integers(0, 9)
)


def _frame(index: int) -> Frame:
    return Frame(np.empty((0, 0, 3), np.uint8), index, index * NANOSECONDS // 10)


@given(tracks=st.lists(traces, max_size=6), detections=st.lists(traces, max_size=6))
def test_each_track_and_each_detection_is_paired_at_most_once(
    tracks: list[Trace], detections: list[Trace]
) -> None:
    pairs = associate(tracks, detections)
    assert len(set(pairs.values())) == len(pairs)
    assert all(0 <= detection < len(detections) for detection in pairs)
    assert all(0 <= track < len(tracks) for track in pairs.values())


@settings(deadline=None)
@given(scene=scenes)
def test_every_reading_has_a_vote_in_exactly_one_track(
    scene: list[list[tuple[str, np.ndarray[tuple[int], np.dtype[np.float32]]]]],
) -> None:
    tracker = Tracker(1000 * NANOSECONDS)
    for index, seen in enumerate(scene):
        tracker.follow(
            _frame(index),
            [Detection(quad_of_box(box), box, 0.9) for _, box in seen],
            [reading_of(text) if text else empty_reading() for text, _ in seen],
        )
    votes = sum(len(track.ballots) for track in tracker.end())
    assert votes == sum(bool(text) for seen in scene for text, _ in seen)


@settings(deadline=None)
@given(scene=scenes, gap_frames=st.integers(1, 5))
def test_every_track_ends_once_and_none_is_forgotten(
    scene: list[list[tuple[str, np.ndarray[tuple[int], np.dtype[np.float32]]]]], gap_frames: int
) -> None:
    tracker = Tracker(gap_frames * NANOSECONDS // 10)
    ended = []
    for index, seen in enumerate(scene):
        tracker.follow(
            _frame(index),
            [Detection(quad_of_box(box), box, 0.9) for _, box in seen],
            [empty_reading() for _ in seen],
        )
        ended += [track for track in tracker.due(index * NANOSECONDS // 10) if track.has_ended]
    ended += tracker.end()
    assert len({id(track) for track in ended}) == len(ended)
    seen_frames = [index for index, seen in enumerate(scene) if seen]
    assert {track.first_frame for track in ended} <= set(seen_frames)
    assert bool(ended) == bool(seen_frames)
