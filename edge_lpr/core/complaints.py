"""Faults that last, in a log that must not fill a disk."""

from collections.abc import Callable
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.log import Log

COMPLAINT_INTERVAL_NS: Final = 60_000_000_000
"""A fault that stays is worth a line a minute: enough to be seen, too little to fill a disk."""

MAXIMUM_COMPLAINTS: Final = 16
"""Different ones an interval; whoever makes more is heard enough, and the rest is left out."""


class Complaints:
    """Faults of neighbours, each sentence written to the log at most once a minute.

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
        self._last_ns: dict[tuple[str, str], int] = {}

    def about(self, event: str, error: EdgeLprError) -> None:
        """Write an event with its sentence, unless both were written a moment ago.

        Args:
            event: Name of the event; with each sentence it has its own minute.
            error: Why; its message is fit for the log.
        """
        self._unless_recent(
            (event, str(error)), lambda: self._log.warning(event, detail=str(error))
        )

    def failure(self, error: EdgeLprError) -> None:
        """Write an error of ours, unless the same sentence was written a moment ago.

        Args:
            error: The error as caught.
        """
        self._unless_recent((type(error).__name__, str(error)), lambda: self._log.failure(error))

    def _unless_recent(self, complaint: tuple[str, str], write: Callable[[], None]) -> None:
        """Write each complaint at most once an interval, and only so many different ones."""
        now_ns = self._clock.monotonic_ns()
        self._last_ns = {
            recent: at_ns
            for recent, at_ns in self._last_ns.items()
            if now_ns - at_ns < COMPLAINT_INTERVAL_NS
        }
        if complaint not in self._last_ns and len(self._last_ns) < MAXIMUM_COMPLAINTS:
            self._last_ns[complaint] = now_ns
            write()
