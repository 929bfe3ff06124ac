"""Faults that last, in a log that must not fill a disk."""

from collections.abc import Callable
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.log import Log

COMPLAINT_INTERVAL_NS: Final = 60_000_000_000
"""A fault that stays is worth a line a minute: enough to be seen, too little to fill a disk."""


class Complaints:
    """Faults of neighbours, each kind written to the log at most once a minute.

    Not locked: every thread has its own.
    """

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
            event: Name of the event; each has its own minute.
            error: Why; its message is fit for the log.
        """
        self._unless_recent(event, lambda: self._log.warning(event, detail=str(error)))

    def failure(self, error: EdgeLprError) -> None:
        """Write an error of ours, unless one of the same kind was written a moment ago.

        Args:
            error: The error as caught.
        """
        self._unless_recent(type(error).__name__, lambda: self._log.failure(error))

    def _unless_recent(self, name: str, write: Callable[[], None]) -> None:
        """Write at most once an interval under each name."""
        now_ns = self._clock.monotonic_ns()
        last_ns = self._last_ns.get(name)
        if last_ns is None or now_ns - last_ns >= COMPLAINT_INTERVAL_NS:
            self._last_ns[name] = now_ns
            write()
