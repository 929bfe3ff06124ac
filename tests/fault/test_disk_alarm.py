"""The disk fails under a booth that works: the central server is told, and nothing is lost."""

import pytest

from tests.reliability.disk_alarm import ALARM_S, fail_disk
from tests.reliability.faulty_disk import DiskOrder

pytestmark = pytest.mark.broker


def test_central_server_is_told_that_a_disk_fails() -> None:
    found = fail_disk(DiskOrder.FAIL_TO_WRITE, health_interval_s=2)
    assert found["alarm_s"] <= ALARM_S
    assert found["ended"] == 0
    assert (found["lost"], found["doubled"], found["refused"]) == (0, 0, 0)
