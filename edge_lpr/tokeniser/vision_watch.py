"""What vision last said about itself, and whether it is there at all.

Its numbers leave the booth, and a vision process that was taken over could say something else in
them. So they are held to what counters do: they grow, no faster than a vision process can count,
and begin anew only with a new one, rarely. What room is left is told in ``SECURITY.md``.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.vision_report import REPORT_INTERVAL_S, VisionReport

_NS: Final = 1_000_000_000

AWAY_AFTER_NS: Final = round(2.5 * REPORT_INTERVAL_S * _NS)
"""Without a word for this long vision is away: two reports have not come."""

MOST_REPORTS_AT_ONCE: Final = 3
"""A vision process that starts, works and ends within seconds says so three times."""

REPORT_SPACING_NS: Final = round(REPORT_INTERVAL_S / 2 * _NS)
"""What is taken in the long run (as with ``pace.py`` and its readings)."""

MOST_STARTS_AT_ONCE: Final = 3
"""New vision processes whose counters may begin anew in short order."""

START_SPACING_NS: Final = 6 * 3600 * _NS
"""Between two of them in the long run: counters that begin anew have most room to say something."""

_FRAMES_A_SECOND: Final = 2_500
"""More frames, or detections in them, than any machine looks at; also films that are replayed."""

_TRACKS_A_SECOND: Final = 200
"""More plates than ever begin or end to be followed, false ones included."""

_OF_TRACKS: Final = VISION_COUNTERS[VISION_COUNTERS.index("tracks") :]
"""Those that count plates that are followed, and passages."""


class VisionWatch:
    """Take reports from the receiving thread, and give the last one to the delivering one."""

    def __init__(self, clock: Clock) -> None:
        """Begin without a word from vision.

        Args:
            clock: Its monotonic time tells how long ago that was.
        """
        self.after_report: Callable[[], None] | None = None
        """Called by the receiving thread after each report, if it is set."""
        self._clock = clock
        self._lock = threading.Lock()
        self._report: VisionReport | None = None
        self._counters: Mapping[str, int] = dict.fromkeys(VISION_COUNTERS, 0)
        # Monotonic time begins with the device, and no vision process is older.
        self._counted_ns = 0
        self._may_start = False
        self._starts_full_again_ns = clock.monotonic_ns()
        self._heard_ns = clock.monotonic_ns()
        self._full_again_ns = clock.monotonic_ns()

    def hear(self) -> None:
        """Note that vision is there: it has sent something, or waits for us."""
        with self._lock:
            self._heard_ns = self._clock.monotonic_ns()

    def last_heard_ns(self) -> int:
        """Return when it was there last, on the monotonic clock; at first when we began."""
        with self._lock:
            return self._heard_ns

    def begin(self) -> None:
        """Note that vision has connected: it may be a new process, whose counters begin anew."""
        with self._lock:
            self._may_start = True

    def take(self, report: VisionReport) -> bool:
        """Take a report, unless too many have come.

        The camera's state is taken even if the counters are not believed: one word out of five.

        Args:
            report: What vision says, within bounds.

        Returns:
            Whether its counters were taken; if not, those before stand.
        """
        is_credible = self._take(report)
        if self.after_report is not None:
            self.after_report()
        return is_credible

    def is_away(self) -> bool:
        """Return whether nothing was heard for too long."""
        with self._lock:
            return self._clock.monotonic_ns() - self._heard_ns > AWAY_AFTER_NS

    def latest(self) -> VisionReport | None:
        """Return the last report, ``None`` before the first one and while vision is away."""
        return None if self.is_away() else self._report

    def counters(self) -> Mapping[str, int]:
        """Return the counters that were believed last, also while vision is away."""
        return self._counters

    def _take(self, report: VisionReport) -> bool:
        """Take a report; return whether its counters are believed."""
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            full_again_ns = max(now_ns, self._full_again_ns) + REPORT_SPACING_NS
            if full_again_ns > now_ns + MOST_REPORTS_AT_ONCE * REPORT_SPACING_NS:
                return False
            self._full_again_ns = full_again_ns
            is_credible = self._is_credible(report.counters, now_ns)
            if is_credible:
                self._counters, self._counted_ns = report.counters, now_ns
            self._report = replace(report, counters=self._counters)
            return is_credible

    def _is_credible(self, counters: Mapping[str, int], now_ns: int) -> bool:
        """Return whether a vision process can have counted so since the last counters."""
        elapsed_ns = now_ns - self._counted_ns + REPORT_SPACING_NS
        before = self._counters
        is_new = any(counters[name] < before[name] for name in VISION_COUNTERS)
        if is_new:
            before = dict.fromkeys(VISION_COUNTERS, 0)
        if any(
            (counters[name] - before[name]) * _NS > _most_a_second(name) * elapsed_ns
            for name in VISION_COUNTERS
        ):
            return False
        return not is_new or self._claim_start(now_ns)

    def _claim_start(self, now_ns: int) -> bool:
        """Return whether counters may begin anew now; once for each connection, and rarely."""
        full_again_ns = max(now_ns, self._starts_full_again_ns) + START_SPACING_NS
        if not self._may_start or full_again_ns > now_ns + MOST_STARTS_AT_ONCE * START_SPACING_NS:
            return False
        self._may_start, self._starts_full_again_ns = False, full_again_ns
        return True


def _most_a_second(name: str) -> int:
    """Return how fast a counter can grow."""
    return _TRACKS_A_SECOND if name in _OF_TRACKS else _FRAMES_A_SECOND
