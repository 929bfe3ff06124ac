"""Laws of the simulated lane: drivers arrive, and nothing is true that cannot be seen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.synthesis.simulator.conditions import CONDITIONS
from edge_lpr.synthesis.simulator.plan import plate_quad
from edge_lpr.synthesis.simulator.scenarios import (
    FAR_M,
    NEAR_M,
    SCENARIOS,
    Leg,
    Timing,
    drive,
    plan_scene,
)
from tests.support.simulated_lanes import small_lane, small_shifts

distances_m = st.floats(2.0, 20.0)
legs = st.builds(Leg, distances_m, st.floats(0.5, 10.0), st.sampled_from([0.0, 0.5, 2.0]))
rates_hz = st.sampled_from([1.0, 5.0, 15.0, 60.0])
seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(start_m=distances_m, way=st.lists(legs, min_size=1, max_size=4), rate_hz=rates_hz)
def test_a_drive_begins_and_ends_where_it_should_and_never_jumps(
    start_m: float, way: list[Leg], rate_hz: float
) -> None:
    track = drive(start_m, way, rate_hz)
    fastest = max(leg.speed for leg in way)
    assert track[0] == start_m
    assert abs(track[-1] - way[-1].to_m) <= max(fastest, 0.25) / rate_hz + 1e-9
    assert np.abs(np.diff(track)).max(initial=0.0) <= max(fastest, 0.25) / rate_hz + 1e-9


@settings(deadline=None, max_examples=40)
@given(scenario=st.sampled_from(sorted(SCENARIOS)), seed=seeds)
def test_nobody_drives_after_the_end_of_a_scene(scenario: str, seed: int) -> None:
    scene = plan_scene(scenario, Timing(10.0, 5.0, 5.0), np.random.default_rng(seed))
    for actor in scene.actors:
        assert actor.first_frame + len(actor.distances_m) <= scene.frames - 16
        assert actor.distances_m.min() >= NEAR_M - 1.0
        assert actor.distances_m.max() <= FAR_M + 4.0


@settings(deadline=None, max_examples=20)
@given(scenario=st.sampled_from(sorted(set(SCENARIOS) - {"empty"})), seed=st.integers(0, 10_000))
def test_a_readable_plate_lies_whole_in_the_frame(scenario: str, seed: int) -> None:
    condition = CONDITIONS[seed % len(CONDITIONS)]
    (shift,) = small_shifts(small_lane(scenario, seed=seed, conditions=(condition,)))
    for one, passage in zip(shift.actors, shift.passages, strict=True):
        for frame in (passage.first_readable, passage.last_readable):
            quad = plate_quad(one, one.distance_m(frame), shift.camera)
            assert quad.min() >= 0
            assert np.all(quad.max(axis=0) < shift.camera.size_px)
