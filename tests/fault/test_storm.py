"""Broker, its disk, its network and the workers break while a fleet sends; nothing is missed.

The long form has a million sightings, 200 broker kills, 200 partitions and 20 lost disks.
"""

import pytest

from tests.reliability.storm import NOTICED_S, Storm, brew, overflow
from tests.support.networks import need_network

pytestmark = [pytest.mark.broker, pytest.mark.postgres]


def test_store_has_every_sighting_once_after_a_storm() -> None:
    need_network()
    plan = Storm(
        sightings=1_500,
        rate_hz=150.0,
        booths=10,
        broker_kills=1,
        disk_losses=1,
        partitions=1,
        worker_kills=1,
        seed=4,
    )
    found = brew(plan)
    assert found["happened"] == plan.blows
    assert found["committed"] == 1_500
    assert (found["lost"], found["doubled"], found["invented"]) == (0, 0, 0)
    assert (found["open_gaps"], found["findings"]) == (0, 0)
    assert found["latest_notice_s"] <= NOTICED_S
    assert (found["ended"], found["failed_stops"]) == (0, 0)


def test_what_a_full_broker_drops_is_asked_for() -> None:
    found = overflow(sightings=600, queue=50)
    assert found["missed_for_a_while"] > 0
    assert (found["lost"], found["doubled"], found["invented"]) == (0, 0, 0)
    assert (found["open_gaps"], found["findings"], found["failed_stops"]) == (0, 0, 0)
