"""A heart whose beats a test can count."""

from edge_lpr.core.watchdog import HANG_LIMIT_S, Heart
from tests.support.clock import SetClock


class CountedHeart(Heart):
    """Beats by a clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.beats = 0
        self.clock = SetClock()
        super().__init__("counted", self.clock)

    def beat(self, *, next_within_s: float = HANG_LIMIT_S) -> None:
        self.beats += 1
        super().beat(next_within_s=next_within_s)

    def is_watched(self) -> bool:
        """Return whether silence would count as a hang."""
        self.clock.advance_s(100 * HANG_LIMIT_S)
        return self.is_hanging()
