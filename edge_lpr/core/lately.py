"""By how much counters have grown lately: what happened once, weeks ago, is no fault of today."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from edge_lpr.core.clock import Clock

LATELY_MIN: Final = 30
"""Minutes that count as lately."""

HOURLY_MIN: Final = 61
"""The same where counters change once an hour: the last hour is seen whole, all the time."""

_MINUTE_NS: Final = 60_000_000_000


class Lately:
    """Keeps a sample of counters for each minute. ``note`` is for one thread, the rest for any."""

    def __init__(
        self,
        counters: Callable[[], Mapping[str, int]],
        clock: Clock,
        *,
        minutes: int = LATELY_MIN,
    ) -> None:
        """Take the first sample.

        Args:
            counters: Returns counters that never go down.
            clock: Its monotonic time spaces the samples.
            minutes: How far back it is looked.
        """
        self._counters = counters
        self._clock = clock
        self._samples = deque([dict(counters())], maxlen=minutes + 1)
        self._next_ns = clock.monotonic_ns() + _MINUTE_NS

    def note(self) -> None:
        """Take a sample if it is time; cheap enough for every turn of a loop."""
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + _MINUTE_NS
            self._samples.append(dict(self._counters()))

    def growth(self) -> dict[str, int]:
        """Return by how much each counter has grown; since the start where that was later."""
        # Never empty, and appended to at the other end: no lock.
        before = self._samples[0]
        return {name: number - before.get(name, 0) for name, number in self._counters().items()}
