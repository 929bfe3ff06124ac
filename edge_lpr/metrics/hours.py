"""Keeps what a vehicle can change as it stood at the last full hour, so that no time can be told.

The rule is that of hit-only mode (``core/hourly.py``) and holds in every mode: 59 minutes at least
between two counts, whoever reads how often. A process that was started anew waits for a whole hour
of its own, because a count over its first minutes would tell what happened in them.
"""

from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.hourly import HourlyCounters
from edge_lpr.metrics.readings import Readings, counters_of

SILENT_LOOKS: Final = 2
"""After so many looks without an answer a process is gone, and what is kept of it too."""


class HourlyReadings:
    """What one group said at the last full hour; nothing until there was one."""

    def __init__(self, clock: Clock) -> None:
        """Begin an hour.

        Args:
            clock: Its UTC tells the hour, its monotonic time keeps counts apart.
        """
        self._clock = clock
        self._looks = 0
        self._gate = HourlyCounters(lambda: {"looks": self._looks}, clock)
        self._last: dict[tuple[str, str], int] = {}
        self._silent = 0
        self.kept: Readings = {}
        self.counted_s: int | None = None
        """UTC; ``None`` while nothing is kept."""

    def note(self, readings: Readings) -> None:
        """Take what is said now, once for each look; it is kept if an hour is over.

        Args:
            readings: Of the group, all of one moment; empty where nobody answers.
        """
        if not readings:
            self._silent += 1
            if self._silent >= SILENT_LOOKS:
                self._forget()
            return
        self._silent = 0
        counters = dict(counters_of(readings))
        if any(value < self._last.get(name, 0) for name, value in counters.items()):
            self._forget()
        self._last = counters
        self._looks += 1
        self._gate.count()
        if self._gate()["looks"] == self._looks:
            self.kept, self.counted_s = dict(readings), self._clock.unix_s()

    def _forget(self) -> None:
        """Begin again: what comes now has another beginning."""
        self.kept, self.counted_s, self._last = {}, None, {}
        self._gate.put_off()
