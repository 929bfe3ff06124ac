"""What became of the readings, as counters for the log, and complaints that do not flood it."""

import threading
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.log import Log

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

COMPLAINT_INTERVAL_NS: Final = 60_000_000_000
"""A fault that stays is worth a line a minute: enough to be seen, too little to fill a disk."""


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


class Complaints:
    """Faults of neighbours, each kind written to the log at most once a minute."""

    def __init__(self, log: Log, clock: Clock) -> None:
        """Complain to a log.

        Args:
            log: Log of this process.
            clock: Its monotonic time spaces the complaints.
        """
        self._log = log
        self._clock = clock
        self._last_ns: dict[str, int] = {}

    def about(self, event: str, error: EdgeLprError) -> None:
        """Write an event with its sentence, unless the same event was written a moment ago.

        Args:
            event: Name of the event; each has its own minute. Used by one thread only.
            error: Why; its message is fit for the log.
        """
        now_ns = self._clock.monotonic_ns()
        last_ns = self._last_ns.get(event)
        if last_ns is None or now_ns - last_ns >= COMPLAINT_INTERVAL_NS:
            self._last_ns[event] = now_ns
            self._log.warning(event, detail=str(error))
