"""How long to wait before a neighbour is tried again."""

from typing import Final

FIRST_WAIT_S: Final = 0.1
"""Processes of one booth start together, so the first retries come quickly."""

LONGEST_WAIT_S: Final = 2.0
"""A connection attempt to a local socket costs microseconds; a passage should not wait longer."""


class BackOff:
    """Waits that double from ``FIRST_WAIT_S`` to ``LONGEST_WAIT_S``.

    Without jitter: there is one client to each local socket, so there is no herd to spread.
    """

    def __init__(self) -> None:
        """Begin with the shortest wait."""
        self._wait_s = FIRST_WAIT_S

    def next_wait_s(self) -> float:
        """Return the wait before the next attempt, and double the one after it."""
        wait_s = self._wait_s
        self._wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        return wait_s

    def reset(self) -> None:
        """Begin again with the shortest wait, because the neighbour did its work."""
        self._wait_s = FIRST_WAIT_S
