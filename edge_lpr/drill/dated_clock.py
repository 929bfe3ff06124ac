"""A clock that the drill sets, for itself and for processes that it has started.

Five days must pass within minutes. Two numbers in a file say how far the clock is off: seconds of
UTC, and nanoseconds of monotonic time. They are written in place, so a process sees them at once.
"""

import struct
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import SystemClock, TimeQuality

_LAYOUT: Final = struct.Struct("<qq")
_NS_PER_S: Final = 1_000_000_000


class DatedClock:
    """The machine's clock, off by what a file says. Always of quality ``ntp``."""

    def __init__(self, file: Path) -> None:
        """Use a file, which is made if it is missing.

        Args:
            file: In an existing folder.
        """
        self._file = file
        self._real = SystemClock()
        if not file.exists():
            file.write_bytes(_LAYOUT.pack(0, 0))

    def unix_s(self) -> int:
        """Return UTC as whole seconds since 1970."""
        return self._real.unix_s() + self._offsets()[0]

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never go backwards."""
        return self._real.monotonic_ns() + self._offsets()[1]

    def quality(self) -> TimeQuality:
        """Return that the clock is right: in the drill, it is."""
        return TimeQuality.NTP

    def set(self, unix_s: int) -> None:
        """Make it this time of day and date; monotonic time goes on as it does.

        Args:
            unix_s: UTC in whole seconds since 1970.
        """
        self._write(unix_s - self._real.unix_s(), self._offsets()[1])

    def hasten(self, seconds: int) -> None:
        """Let time pass at once, on both clocks.

        Args:
            seconds: How much.
        """
        utc_s, monotonic_ns = self._offsets()
        self._write(utc_s + seconds, monotonic_ns + seconds * _NS_PER_S)

    def _offsets(self) -> tuple[int, int]:
        """Return seconds and nanoseconds to add."""
        utc_s, monotonic_ns = _LAYOUT.unpack(self._file.read_bytes())
        return int(utc_s), int(monotonic_ns)

    def _write(self, utc_s: int, monotonic_ns: int) -> None:
        """Write in place: 16 bytes in one call, which no reader finds half written."""
        with self._file.open("r+b", buffering=0) as file:
            file.write(_LAYOUT.pack(utc_s, monotonic_ns))
