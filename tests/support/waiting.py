"""Wait for the world to reach a state, with a deadline instead of a guess."""

import time
from collections.abc import Callable
from pathlib import Path

DEADLINE_S = 20.0
"""Far above what anything here takes, because test machines are slow and shared."""

_FILE_CLOCK = 5
"""CLOCK_REALTIME_COARSE of Linux (include/uapi/linux/time.h), which Python has no name for."""


def wait_until(condition: Callable[[], bool], *, deadline_s: float = DEADLINE_S) -> None:
    """Return as soon as a condition holds.

    Args:
        condition: Cheap, and without side effects.
        deadline_s: Longest wait in seconds.

    Raises:
        AssertionError: It did not hold in time.
    """
    give_up_at = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > give_up_at:
            message = f"nothing happened within {deadline_s} s"
            raise AssertionError(message)
        time.sleep(0.01)


def wait_for_another_time(file: Path) -> None:
    """Return once a file that is changed now is given another time than it has.

    The kernel takes these times from a clock that ticks every few milliseconds.
    """
    changed_ns = file.stat().st_ctime_ns
    wait_until(lambda: time.clock_gettime_ns(_FILE_CLOCK) > changed_ns)
