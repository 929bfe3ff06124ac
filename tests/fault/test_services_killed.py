"""Tokeniser and publisher are killed while vehicles pass; the long form kills them 500 times."""

import pytest

from tests.reliability.service_kills import kill_services

pytestmark = pytest.mark.broker

KILLS = 6
SEED = 3


def test_nothing_committed_is_lost_or_doubled_when_services_are_killed() -> None:
    found = kill_services(KILLS, seed=SEED)
    assert found["kills"].total() == KILLS
    assert found["committed"] > 0
    assert (found["lost"], found["doubled"], found["refused"]) == (0, 0, 0)
    assert found["failed_stops"] == 0
