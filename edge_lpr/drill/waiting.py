"""Waiting for other processes, with a deadline and a sentence for when it passes."""

import time
from collections.abc import Callable
from typing import Final

from edge_lpr.core.errors import EdgeLprError

_PAUSE_S: Final = 0.05


class DrillError(EdgeLprError):
    """The drill could not be carried out; nothing is known about the promise."""


def wait_until(is_so: Callable[[], bool], otherwise: str, *, within_s: float) -> None:
    """Wait until something is so.

    Args:
        is_so: Asked again and again.
        otherwise: Sentence for the error.
        within_s: Longest wait in seconds.

    Raises:
        DrillError: It is not so in time.
    """
    end_s = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > end_s:
            raise DrillError(f"{otherwise} within {within_s:g} s")
        time.sleep(_PAUSE_S)
