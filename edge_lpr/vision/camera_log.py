"""Writes down what a camera does, and counts it: in lines when it changes, in numbers each minute.

Numbers and our own words only; what a program behind a camera says is made fit by its adapter.
"""

from collections import deque
from typing import Final, Literal, TypeAlias, get_args

from edge_lpr.core.clock import Clock
from edge_lpr.core.hourly import HourlyCounters
from edge_lpr.core.log import Log
from edge_lpr.vision.contracts import NANOSECONDS

CameraCount: TypeAlias = Literal[
    "opened", "lost", "frames", "skipped", "frozen", "black", "stamp_faults"
]
"""``frames`` are all that the camera gave; of these, ``skipped`` were not taken in time, ``frozen``
were held back as repetitions and ``black`` ones are dark all over. ``stamp_faults`` are time stamps
of the camera that made no sense."""

LINES_A_MINUTE: Final = 5
"""A camera that is pulled and put back is worth a line each time; one that comes and goes all day
is not."""

_MINUTE_NS: Final = 60 * NANOSECONDS


class CameraLog:
    """Count and write for one camera; the counters may be read from any thread."""

    def __init__(self, log: Log, clock: Clock, *, is_hourly: bool = False) -> None:
        """Begin with every counter at zero.

        Args:
            log: Log of the process.
            clock: Its monotonic time spaces the lines.
            is_hourly: Whether numbers are written as they stood at the last full hour: frames are
                skipped while a plate is read, so a minute's number tells when somebody passed.
        """
        self._log = log
        self._clock = clock
        self._counters: dict[str, int] = dict.fromkeys(get_args(CameraCount), 0)
        self._hourly = HourlyCounters(self.counters, clock) if is_hourly else None
        self._lines_ns: dict[str, deque[int]] = {}
        self._report_at_ns = clock.monotonic_ns() + _MINUTE_NS

    def count(self, what: CameraCount, number: int = 1) -> None:
        """Count; each count is one thread's alone."""
        self._counters[what] += number

    def counters(self) -> dict[str, int]:
        """Return a copy of all counters."""
        return dict(self._counters)

    def opened(self, attempt: int) -> None:
        """Say that the camera was opened, at the first or a later attempt."""
        self.count("opened")
        if self._has_room("camera_opened"):
            self._log.info("camera_opened", attempt=attempt)

    def fault(self, event: str, detail: str) -> None:
        """Say what is wrong, unless that was said ``LINES_A_MINUTE`` times within the minute."""
        if self._has_room(event):
            self._log.warning(event, detail=detail)

    def away(self, attempt: int, detail: str) -> None:
        """Say that the camera cannot be opened: at the first attempt, then once a minute."""
        has_room = self._has_room("camera_away", 1)
        if attempt == 1 or has_room:
            self._log.warning("camera_away", attempt=attempt, detail=detail)

    def report(self) -> None:
        """Write the counters if a minute has passed since the last time."""
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._report_at_ns:
            self._report_at_ns = now_ns + _MINUTE_NS
            if self._hourly is not None:
                self._hourly.count()
            self.report_now()

    def report_now(self) -> None:
        """Write the counters."""
        told = self.counters if self._hourly is None else self._hourly
        self._log.info("camera", counters=told())

    def _has_room(self, event: str, lines_a_minute: int = LINES_A_MINUTE) -> bool:
        """Return whether an event may be written once more within this minute, and note it."""
        now_ns = self._clock.monotonic_ns()
        lines_ns = self._lines_ns.setdefault(event, deque(maxlen=lines_a_minute))
        if len(lines_ns) == lines_a_minute and now_ns - lines_ns[0] < _MINUTE_NS:
            return False
        lines_ns.append(now_ns)
        return True
