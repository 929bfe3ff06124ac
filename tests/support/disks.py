"""What a test needs of the machine to try disks: mounts, loop devices, programs of root."""

import os
from typing import NoReturn

import pytest


def without_disks(reason: str) -> NoReturn:
    """Skip the test; fail it where ``EDGE_LPR_REQUIRE_DISKS=1`` says that the machine can.

    Args:
        reason: What is missing.
    """
    if os.environ.get("EDGE_LPR_REQUIRE_DISKS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
