"""The process that holds the outbox is killed at any moment.

The long form (``scripts/reliability``) kills it 10,000 times.
"""

from tests.reliability.campaigns import kill_outbox

KILLS = 200
SEED = 20_454


def test_outbox_keeps_its_promises_when_its_process_is_killed() -> None:
    found = kill_outbox(KILLS, seed=SEED)
    assert found["faults"] == {}
    # Each step was met, the making of the file included.
    assert set(found["moments"]) == {"opening", "adding", "marking", "telling", "between"}
    assert found["promised"] > KILLS


def test_outbox_that_confirms_too_early_is_found_out() -> None:
    assert kill_outbox(KILLS // 3, seed=SEED, is_control=True)["faults"]["lost"] > 0
