"""Two clocks: monotonic for durations, UTC with a quality mark for records.

Code that needs the time takes a ``Clock`` as an argument; only process entry points make a
``SystemClock``. Deciding what a poor clock forbids is left to the tokeniser.
"""

import ctypes
import datetime as dt
import time
from enum import Enum
from pathlib import Path
from typing import Final, Protocol

EPOCH_LENGTH_S: Final = 86_400
"""Length of a key epoch: epoch e = floor(unix time / 86400) (token suite 1)."""

EARLIEST_PLAUSIBLE_UNIX_S: Final = 1_767_225_600
"""2026-01-01: this software did not exist before, so an earlier clock has been reset."""

_TIME_ERROR: Final = 5
"""``ntp_gettime`` returns this while the kernel clock is not synchronised (glibc, sys/timex.h)."""

TIMESYNCD_MARK: Final = Path("/run/systemd/timesync/synchronized")
"""Exists once systemd-timesyncd has synchronised the clock since the device was switched on."""

_NTPTIMEVAL_BYTES: Final = 128
"""Room for glibc's ``struct ntptimeval`` (72 bytes on 64-bit) with a margin."""


class TimeQuality(Enum):
    """How far the UTC clock can be trusted, from worst to best."""

    NONE = "none"
    """The clock was reset and nothing has set it since."""
    SAVED = "saved"
    """Continued from the last shutdown's saved time; it lags by the time spent off."""
    RTC = "rtc"
    """Kept by a battery-backed clock."""
    NTP = "ntp"
    """The kernel says that it is synchronised."""


class Clock(Protocol):
    """What the processes ask about time."""

    def unix_s(self) -> int:
        """Return UTC as whole seconds since 1970."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never go backwards, from an arbitrary start."""
        ...

    def quality(self) -> TimeQuality:
        """Return how far ``unix_s`` can be trusted now."""
        ...


class SystemClock:
    """The clock of this machine."""

    def unix_s(self) -> int:
        """Return UTC as whole seconds since 1970."""
        return int(dt.datetime.now(dt.timezone.utc).timestamp())

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never go backwards, from an arbitrary start."""
        return time.monotonic_ns()

    def quality(self) -> TimeQuality:
        """Return how far ``unix_s`` can be trusted now.

        Source:
            ntp_gettime(3): any value but TIME_ERROR means that something (timesyncd, chrony,
            ntpd, a hypervisor) disciplines the kernel clock. The units' sandbox denies that
            call, together with those that set the clock; there systemd-timesyncd's own mark
            tells (systemd-timesyncd.service(8)), and booths use timesyncd.
        """
        if self.unix_s() < EARLIEST_PLAUSIBLE_UNIX_S:
            return TimeQuality.NONE
        state = ctypes.CDLL(None).ntp_gettime(ctypes.create_string_buffer(_NTPTIMEVAL_BYTES))
        is_denied = state == -1
        if (is_denied and TIMESYNCD_MARK.exists()) or state not in (-1, _TIME_ERROR):
            return TimeQuality.NTP
        if Path("/sys/class/rtc/rtc0").exists():
            return TimeQuality.RTC
        return TimeQuality.SAVED


def epoch_of(unix_s: int) -> int:
    """Return the key epoch that holds a moment.

    Args:
        unix_s: UTC in whole seconds since 1970, not negative.

    Returns:
        Days since 1970, the ``e`` of token suite 1.
    """
    return unix_s // EPOCH_LENGTH_S
