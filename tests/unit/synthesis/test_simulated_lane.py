"""The simulated lane: repeatable, and its truth is what can be seen in its frames."""

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_lpr.synthesis.simulator.conditions import CONDITIONS, DAY, NIGHT_INFRARED, Condition
from edge_lpr.synthesis.simulator.frames import render_shift
from edge_lpr.synthesis.simulator.plan import plan_shifts, plate_quad
from edge_lpr.synthesis.simulator.scenarios import SCENARIOS, Leg, drive
from tests.support.simulated_lanes import TYPEFACES, small_lane, small_shifts

PLATES_OF = {"queue": 3, "stop and go": 2, "tailgating": 2, "trailer": 2}


def test_same_seed_gives_the_same_frames_and_truth() -> None:
    one, other = (small_shifts(small_lane(seed=5))[0] for _ in range(2))
    assert [each.text for each in one.passages] == [each.text for each in other.passages]
    for first, again in zip(
        render_shift(one, TYPEFACES), render_shift(other, TYPEFACES), strict=True
    ):
        np.testing.assert_array_equal(first, again)


def test_another_seed_gives_other_plates() -> None:
    one, other = (small_shifts(small_lane(passages=4, seed=seed))[0] for seed in (1, 2))
    assert not {each.text for each in one.passages} & {each.text for each in other.passages}


def test_no_plate_passes_twice() -> None:
    shifts = small_shifts(small_lane("plain", "motorcycle", passages=40))
    texts = [each.text for shift in shifts for each in shift.passages]
    assert len(set(texts)) == len(texts) == 40


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "empty"])
def test_scenario_brings_its_plates_and_each_can_be_read_for_a_while(scenario: str) -> None:
    (shift,) = small_shifts(small_lane(scenario))
    assert len(shift.passages) == PLATES_OF.get(scenario, 1)
    for each in shift.passages:
        assert each.first_seen <= each.first_readable < each.last_readable <= each.last_seen
        assert each.last_seen < shift.frames
        assert each.scenario == scenario


def test_a_reversing_vehicle_leaves_where_it_came_from() -> None:
    (shift,) = small_shifts(small_lane("reversing"))
    track = shift.actors[0].actor.distances_m
    assert track[0] == pytest.approx(track[-1], abs=0.5)
    assert track.min() < 7
    assert shift.passages[0].direction == "unknown"


def test_distance_shrinks_on_the_way_in_and_grows_on_the_way_out() -> None:
    shifts = small_shifts(small_lane("plain", passages=24))
    actors = [each.actor for shift in shifts for each in shift.actors]
    assert {actor.direction for actor in actors} == {"in", "out"}
    for actor in actors:
        sign = -1 if actor.direction == "in" else 1
        assert np.all(sign * np.diff(actor.distances_m) > 0)


def test_vehicles_of_a_queue_keep_a_vehicles_length_apart() -> None:
    for seed in range(5):
        (shift,) = small_shifts(small_lane("queue", seed=seed))
        for one, other in itertools.pairwise(shift.actors):
            common = range(other.first_frame, one.last_frame + 1)
            gaps = [other.distance_m(frame) - one.distance_m(frame) for frame in common]
            assert min(gaps) > 4.0


def test_a_long_stop_lasts_as_long_as_asked() -> None:
    (shift,) = small_shifts(small_lane("long stop"))
    track = shift.actors[0].actor.distances_m
    assert np.count_nonzero(np.diff(track) == 0) == pytest.approx(6.0 * 5, abs=1)


def test_a_driver_stops_exactly_where_wanted() -> None:
    track = drive(20.0, [Leg(5.0, 4.0, 1.0), Leg(2.0, 4.0)], 15.0)
    assert np.count_nonzero(track == 5.0) >= 15
    assert track[-1] <= 2.0


def test_plates_grow_from_50_to_200_px_as_cars_approach() -> None:
    settings = replace(small_lane("reversing", "queue", passages=16), width_px=1280)
    shifts = small_shifts(replace(settings, frame_rate_hz=15.0))
    widths = [each.widths_px for shift in shifts for each in shift.passages]
    assert 35 < np.median([each.min() for each in widths]) < 90
    assert 120 < np.median([each.max() for each in widths]) < 240


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_a_readable_plate_is_in_the_frame_where_the_truth_says(condition: Condition) -> None:
    settings = small_lane("plain", conditions=(condition,))
    (shift,) = plan_shifts(settings, TYPEFACES)
    passage, actor = shift.passages[0], shift.actors[0]
    frames = list(itertools.islice(render_shift(shift, TYPEFACES), passage.last_readable + 1))
    assert frames[0].shape == (360, 640, 3)
    frame = passage.first_readable + int(passage.widths_px.argmax())
    quad = plate_quad(actor, actor.distance_m(frame), shift.camera)
    flat = np.array([[0, 0], [95, 0], [95, 31], [0, 31]], np.float32)
    seen = cv2.warpPerspective(frames[frame], cv2.getPerspectiveTransform(quad, flat), (96, 32))
    # Letters against their sheet: nothing else on a vehicle contrasts as much.
    assert cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY).std() > 12


def test_every_frame_has_noise_of_its_own() -> None:
    (shift,) = small_shifts(small_lane("empty", "plain"))
    first, second = itertools.islice(render_shift(shift, TYPEFACES), 2)
    changed = np.mean(first != second)
    assert changed > 0.5


def test_infrared_frames_have_no_colour() -> None:
    settings = small_lane("plain", conditions=(NIGHT_INFRARED,), seed=1)
    (shift,) = plan_shifts(settings, TYPEFACES)
    frame = next(iter(render_shift(shift, TYPEFACES)))
    assert np.array_equal(frame[..., 0], frame[..., 2])


def test_a_day_is_brighter_than_a_night() -> None:
    means = []
    for condition in (DAY, NIGHT_INFRARED):
        (shift,) = plan_shifts(small_lane("plain", conditions=(condition,)), TYPEFACES)
        means.append(next(iter(render_shift(shift, TYPEFACES))).mean())
    assert means[0] > 2 * means[1]


def test_a_lane_needs_a_typeface() -> None:
    with pytest.raises(ValueError, match="typeface"):
        next(plan_shifts(small_lane(), ()))


def test_the_truth_prints_no_plate() -> None:
    (shift,) = small_shifts(small_lane())
    assert shift.passages[0].text not in repr(shift) + repr(shift.passages) + repr(shift.actors)
