"""A clock that goes only when told to."""

from dataclasses import dataclass

from edge_lpr.core.clock import TimeQuality

NOON_OF_THE_VECTORS = 20_454 * 86_400 + 43_200
"""Noon of the day of the token vectors."""


@dataclass
class SetClock:
    """Implements ``Clock`` with whatever time a test sets."""

    now_unix_s: int = NOON_OF_THE_VECTORS
    now_monotonic_ns: int = 0
    now_quality: TimeQuality = TimeQuality.NTP

    def unix_s(self) -> int:
        return self.now_unix_s

    def monotonic_ns(self) -> int:
        return self.now_monotonic_ns

    def quality(self) -> TimeQuality:
        return self.now_quality

    def advance_s(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self.now_unix_s += int(seconds)
        self.now_monotonic_ns += int(seconds * 1_000_000_000)
