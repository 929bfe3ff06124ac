"""The arithmetic of the bench."""

import pytest

from edge_lpr.bench.figures import Figure, Goal, percentile, share_of_core, slope


@pytest.mark.parametrize(
    ("per_cent", "wanted"),
    [
        pytest.param(0, 1.0, id="least"),
        pytest.param(50, 3.0, id="median"),
        pytest.param(95, 4.8, id="between two"),
        pytest.param(100, 5.0, id="most"),
    ],
)
def test_percentile_lies_between_its_neighbours(per_cent: float, wanted: float) -> None:
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], per_cent) == pytest.approx(wanted)


def test_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 95) == 7.0


def test_slope_of_steady_growth_is_its_rate() -> None:
    assert slope([10, 20, 30, 40], [100.0, 101.0, 102.0, 103.0]) == pytest.approx(0.1)


def test_memory_that_stays_has_no_slope() -> None:
    assert slope([10, 20, 30], [100.0, 100.0, 100.0]) == 0.0


def test_ten_seconds_of_frames_that_take_half_a_second_cost_a_twentieth_of_a_core() -> None:
    assert share_of_core(0.5, 150, 15.0) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("goal", "value", "wanted"),
    [
        pytest.param(Goal(10, "at_least"), 10.0, True, id="floor reached"),
        pytest.param(Goal(10, "at_least"), 9.9, False, id="floor missed"),
        pytest.param(Goal(5, "at_most"), 5.0, True, id="ceiling kept"),
        pytest.param(Goal(5, "at_most"), 5.1, False, id="ceiling broken"),
        pytest.param(Goal(5, "at_most"), None, None, id="not measured"),
        pytest.param(None, 3.0, None, id="no goal"),
    ],
)
def test_goal_is_met_on_its_good_side(
    goal: Goal | None, value: float | None, wanted: object
) -> None:
    assert Figure("speed", "figure", value, "1/s", goal).is_met is wanted
