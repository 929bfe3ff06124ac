"""The clock of the services jumps while they run: years ahead, years back, an hour back."""

import pytest

from tests.reliability.clock_steps import step_clock

pytestmark = pytest.mark.broker

SEED = 1


def test_clock_that_jumps_stops_nothing_for_longer_than_it_is_wrong() -> None:
    found = step_clock(4, seed=SEED)
    assert len(found["steps"]) == 4
    assert found["ended"] == 0
    assert found["wrong_epochs"] == 0
    # Sightings came before, between and after.
    assert found["committed"] > 0
    assert (found["lost"], found["doubled"], found["refused"]) == (0, 0, 0)
