"""The power goes, or the process is killed, while the authority makes and destroys keys.

What was issued is not lost, what was destroyed does not come back, and the journal is whole. What
a disk may hold after a power cut: see ``tests/reliability/disk_image.py``.
"""

import pytest

from tests.reliability.campaigns import cut_authority

CUTS = 120
KILLS = 60
SEED = 20_454


def test_authority_keeps_its_promises_when_the_power_goes() -> None:
    found = cut_authority(cuts=CUTS, seed=SEED)
    assert found["faults"] == {}
    assert set(found["fates"]) == {"gone", "there", "torn"}
    assert set(found["moments"]) == {"issue", "delivery", "destroy", "claim", "between"}


def test_authority_keeps_its_promises_when_it_is_killed() -> None:
    found = cut_authority(kills=KILLS, seed=SEED)
    assert found["faults"] == {}
    assert sum(found["moments"].values()) == KILLS
    # When exactly is up to the machine; some must have been in the middle of something.
    assert set(found["moments"]) > {"between"}


@pytest.mark.parametrize("careless", ["database", "files"])
def test_authority_that_does_not_wait_for_the_disk_is_found_out(careless: str) -> None:
    # One that syncs less must break a promise here, or the tests above could not fail.
    assert cut_authority(cuts=CUTS, seed=SEED, careless=careless)["faults"] != {}
