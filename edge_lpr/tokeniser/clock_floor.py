"""A clock that is known to be wrong while it is earlier than what the authority signed last.

A booth without a battery-backed clock, or with one that somebody has set, may think that it is last
year. The authority's signature says when a delivery was issued, so it cannot be earlier than that.
Nothing here can tell a clock that is ahead; a delivery's last day, and the lack of keys, do.
"""

from typing import Final

from edge_lpr.core.clock import Clock, TimeQuality

CLOCK_TOLERANCE_S: Final = 300
"""How far two clocks that are right may be apart; as much as Kerberos allows (RFC 4120)."""


class FlooredClock:
    """Implements ``Clock`` over another one: of no quality while it is earlier than it can be."""

    def __init__(self, clock: Clock, floor_s: int) -> None:
        """Begin with what is known from earlier starts.

        Args:
            clock: The machine's clock.
            floor_s: UTC since 1970 when the last delivery was issued; 0 if none was.
        """
        self._clock = clock
        self._floor_s = floor_s

    @property
    def floor_s(self) -> int:
        """The latest moment that is known to be over, UTC since 1970."""
        return self._floor_s

    def raise_floor(self, unix_s: int) -> None:
        """Note that a moment is over; an earlier one than is known says nothing new.

        Args:
            unix_s: UTC in whole seconds since 1970, on the authority's clock.
        """
        self._floor_s = max(self._floor_s, unix_s)

    def is_behind(self) -> bool:
        """Return whether the clock is earlier than it can be."""
        return self._clock.unix_s() < self._floor_s - CLOCK_TOLERANCE_S

    def unix_s(self) -> int:
        """Return UTC as whole seconds since 1970."""
        return self._clock.unix_s()

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never go backwards, from an arbitrary start."""
        return self._clock.monotonic_ns()

    def quality(self) -> TimeQuality:
        """Return how far ``unix_s`` can be trusted now."""
        return TimeQuality.NONE if self.is_behind() else self._clock.quality()
