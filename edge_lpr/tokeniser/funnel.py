"""What became of the readings, as counters for the log."""

import threading

from edge_lpr.wire.health import TOKENISER_COUNTERS


class Funnel:
    """Counters of the whole process; any thread may count."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._counters = dict.fromkeys(TOKENISER_COUNTERS, 0)
        self._lock = threading.Lock()

    def count(self, counter: str, number: int = 1) -> None:
        """Add to a counter.

        Args:
            counter: One of ``TOKENISER_COUNTERS``.
            number: How many to add.
        """
        with self._lock:
            self._counters[counter] += number

    def counters(self) -> dict[str, int]:
        """Return a copy of all counters."""
        with self._lock:
            return dict(self._counters)
