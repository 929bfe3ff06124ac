"""The cable between booth and broker is pulled: a real network, in a namespace of its own.

Where the machine allows no namespace this is skipped, but fails where ``EDGE_LPR_REQUIRE_NETNS=1``
says that it must. The long form pulls the cable 200 times, at times for half a minute.
"""

import pytest

from tests.reliability.partitions import partition
from tests.support.networks import need_network

pytestmark = pytest.mark.broker

CUTS = 3
SEED = 5


def test_nothing_is_lost_or_doubled_when_the_network_is_cut() -> None:
    need_network()
    found = partition(CUTS, seed=SEED, has_long_cuts=False)
    assert found["committed"] > CUTS
    assert (found["lost"], found["doubled"], found["refused"]) == (0, 0, 0)
    assert found["failed_stops"] == 0
