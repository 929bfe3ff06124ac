"""Counters that change once an hour, so that nobody can tell from them when a vehicle passed.

In hit-only mode a vehicle that nobody looks for leaves nothing but its share in an hourly count.
Every process of the booth takes its count when the hour of UTC changes: two counts that were taken
minutes apart would tell, between them, what happened in those minutes.
"""

from collections.abc import Callable, Mapping
from typing import Final

from edge_lpr.core.clock import Clock

_HOUR_S: Final = 3600

LEAST_SPACING_NS: Final = 3_540_000_000_000
"""59 minutes between two counts, also after a start and while the clock is set back and forth; a whole
hour, less what a busy process may be late."""

Counters = Mapping[str, int]


class HourlyCounters:
    """Counters as they stood when the hour changed last; all zero until it first does.

    Not locked, and need not be: a thread that comes in between sees the count before or after.
    """

    def __init__(self, counters: Callable[[], Counters], clock: Clock) -> None:
        """Begin with zeros.

        Args:
            counters: Returns the counters as they are; a count only takes part if it is there.
            clock: Its UTC tells the hour, its monotonic time keeps counts apart.
        """
        self._counters = counters
        self._clock = clock
        self._kept: Counters = dict.fromkeys(counters(), 0)
        self._hour = clock.unix_s() // _HOUR_S
        self._kept_at_ns = clock.monotonic_ns()

    def __call__(self) -> Counters:
        """Return the counters of the last full hour."""
        hour, now_ns = self._clock.unix_s() // _HOUR_S, self._clock.monotonic_ns()
        if hour != self._hour and now_ns - self._kept_at_ns >= LEAST_SPACING_NS:
            self._kept, self._hour, self._kept_at_ns = dict(self._counters()), hour, now_ns
        return self._kept
