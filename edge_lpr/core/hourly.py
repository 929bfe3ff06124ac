"""Counters that change once an hour, so that nobody can tell from them when a vehicle passed.

In hit-only mode a vehicle that nobody looks for leaves nothing but its share in an hourly count.
All processes of a booth must count at the same moment: two counts that were taken a minute apart
would tell, between them, what happened in that minute. So they count at vision's first report of
an hour (UTC): vision when it makes it, the tokeniser when it has it, a millisecond later.
"""

from collections.abc import Callable, Mapping
from typing import Final

from edge_lpr.core.clock import Clock

_HOUR_S: Final = 3600

LEAST_SPACING_NS: Final = 3_540_000_000_000
"""59 minutes between two counts, also after a start and while the clock is set back and forth: a
whole hour, less what a busy process may be late."""

Counters = Mapping[str, int]


class HourlyCounters:
    """Counters as they stood at the last count; all zero until there was one.

    Not locked, and need not be: a thread that comes in between sees the count before or after.
    """

    def __init__(self, counters: Callable[[], Counters], clock: Clock) -> None:
        """Begin with zeros.

        Args:
            counters: Returns the counters as they are.
            clock: Its UTC tells the hour, its monotonic time keeps counts apart.
        """
        self._counters = counters
        self._clock = clock
        self._kept: Counters = dict.fromkeys(counters(), 0)
        self._hour = clock.unix_s() // _HOUR_S
        self._kept_at_ns = clock.monotonic_ns()

    def __call__(self) -> Counters:
        """Return the counters of the last full hour."""
        return self._kept

    def count(self) -> None:
        """Count, if an hour is over."""
        hour, now_ns = self._clock.unix_s() // _HOUR_S, self._clock.monotonic_ns()
        if hour != self._hour and now_ns - self._kept_at_ns >= LEAST_SPACING_NS:
            self._kept, self._hour, self._kept_at_ns = dict(self._counters()), hour, now_ns
