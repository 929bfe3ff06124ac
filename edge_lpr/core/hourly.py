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

LEAST_SPACING_S: Final = 3540
"""59 minutes between two counts, also after a start and while the clock is set back and forth: a
whole hour, less what a busy process may be late."""

_NS: Final = 1_000_000_000

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
        self.put_off()

    def __call__(self) -> Counters:
        """Return the counters of the last full hour."""
        return self._kept

    def count(self) -> None:
        """Count, if an hour is over."""
        hour = self._clock.unix_s() // _HOUR_S
        elapsed_ns = self._clock.monotonic_ns() - self._since_ns
        # An hour before that of the last count: the clock was set back.
        is_over = hour >= self._next_hour or hour < self._hour
        if is_over and elapsed_ns >= LEAST_SPACING_S * _NS:
            self._kept = dict(self._counters())
            self.put_off()

    def put_off(self) -> None:
        """Begin an hour now: the next count is at a full hour that is no less away.

        At a full hour, so that all processes count together whenever each of them was started.
        """
        now_s = self._clock.unix_s()
        self._since_ns = self._clock.monotonic_ns()
        self._hour = now_s // _HOUR_S
        self._next_hour = -(-(now_s + LEAST_SPACING_S) // _HOUR_S)
