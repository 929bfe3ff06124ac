"""The power goes while the outbox is written; the long form cuts it 10,000 times.

What a disk may then hold is worked out from a record of every write and sync: see
``tests/reliability/disk_image.py`` for the rules.
"""

import pytest

from tests.reliability.campaigns import cut_power

CUTS = 200
SEED = 20_454


def test_outbox_keeps_its_promises_when_the_power_goes() -> None:
    found = cut_power(CUTS, seed=SEED)
    assert found["faults"] == {}
    assert set(found["moments"]) == {"opening", "adding", "marking", "telling", "between"}
    assert set(found["fates"]) == {"gone", "there", "torn"}


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_outbox_that_does_not_wait_for_the_disk_is_found_out(synchronous: str) -> None:
    # A database that syncs less must lose something here, or the test above could not fail.
    assert cut_power(CUTS, seed=SEED, synchronous=synchronous)["faults"]["lost"] > 0
