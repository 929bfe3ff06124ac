"""The cable between booth and broker is pulled: a real network, in a namespace of its own.

Where the machine allows no namespace this is skipped, but fails where ``EDGE_LPR_REQUIRE_NETNS=1``
says that it must. The long form pulls the cable 200 times, at times for half a minute.
"""

import os

import pytest

from tests.reliability.namespace import Namespace, NamespaceError
from tests.reliability.partitions import partition

pytestmark = pytest.mark.broker

CUTS = 3
SEED = 5


@pytest.fixture(autouse=True)
def _network() -> None:
    try:
        with Namespace():
            pass
    except NamespaceError as error:
        if os.environ.get("EDGE_LPR_REQUIRE_NETNS") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


def test_nothing_is_lost_or_doubled_when_the_network_is_cut() -> None:
    found = partition(CUTS, seed=SEED, has_long_cuts=False)
    assert found["committed"] > CUTS
    assert (found["lost"], found["doubled"], found["refused"]) == (0, 0, 0)
    assert found["failed_stops"] == 0
