"""What vision last said about itself, and whether it is there at all."""

import threading
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.handoff.vision_report import REPORT_INTERVAL_S, VisionReport

_NS: Final = 1_000_000_000

AWAY_AFTER_NS: Final = round(2.5 * REPORT_INTERVAL_S * _NS)
"""Without a word for this long vision is away: two reports have not come."""

MOST_REPORTS_AT_ONCE: Final = 3
"""A vision process that starts, works and ends within seconds says so three times."""

REPORT_SPACING_NS: Final = round(REPORT_INTERVAL_S / 2 * _NS)
"""What is taken in the long run. Its numbers leave the booth, so a vision process that was taken
over must not be able to say much in them (as with ``pace.py`` and its readings)."""


class VisionWatch:
    """Take reports from the receiving thread, and give the last one to the delivering one."""

    def __init__(self, clock: Clock) -> None:
        """Begin without a word from vision.

        Args:
            clock: Its monotonic time tells how long ago that was.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._report: VisionReport | None = None
        self._heard_ns = clock.monotonic_ns()
        self._full_again_ns = clock.monotonic_ns()

    def hear(self) -> None:
        """Note that vision is there: it has sent something, or waits for us."""
        with self._lock:
            self._heard_ns = self._clock.monotonic_ns()

    def take(self, report: VisionReport) -> bool:
        """Take a report, unless too many have come.

        Args:
            report: What vision says, within bounds.

        Returns:
            Whether it was taken; if not, the one before stands.
        """
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            full_again_ns = max(now_ns, self._full_again_ns) + REPORT_SPACING_NS
            if full_again_ns > now_ns + MOST_REPORTS_AT_ONCE * REPORT_SPACING_NS:
                return False
            self._full_again_ns = full_again_ns
            self._report = report
            return True

    def is_away(self) -> bool:
        """Return whether nothing was heard for too long."""
        with self._lock:
            return self._clock.monotonic_ns() - self._heard_ns > AWAY_AFTER_NS

    def latest(self) -> VisionReport | None:
        """Return the last report, ``None`` before the first one and while vision is away."""
        return None if self.is_away() else self._report
