"""The broker was away for long; the long form has 129,600 sightings wait, as three days do."""

import pytest

from tests.reliability.backlog import drain_backlog

pytestmark = pytest.mark.broker


def test_live_sightings_do_not_wait_behind_a_backlog() -> None:
    found = drain_backlog(2_000)
    assert (found["lost"], found["doubled"], found["refused"]) == (0, 0, 0)
    assert found["live"] > 0
    assert found["latest_live_s"] <= 5
    # 129,600 take 75 MB at most.
    assert found["outbox_mb"] / found["sightings"] <= 75 / 129_600
