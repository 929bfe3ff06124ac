"""What became of the readings, as counters for the log."""

import threading
from typing import Final

COUNTERS: Final = (
    "received",
    "refused",
    "no_key",
    "tokenised",
    "delivered",
    "refused_by_publisher",
    "undelivered",
)
"""In the order of a reading's journey. All but the last three are counted by the receiving
thread, those by the delivering one."""


class Funnel:
    """Counters of the whole process; any thread may count."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._counters = dict.fromkeys(COUNTERS, 0)
        self._lock = threading.Lock()

    def count(self, counter: str, number: int = 1) -> None:
        """Add to a counter.

        Args:
            counter: One of ``COUNTERS``.
            number: How many to add.
        """
        with self._lock:
            self._counters[counter] += number

    def counters(self) -> dict[str, int]:
        """Return a copy of all counters."""
        with self._lock:
            return dict(self._counters)
