"""Notices when somebody sets the clock: the kernel cancels a timer that asks to be told.

A clock that is only made to go a little faster or slower, as time servers do all day, is not set.
"""

import ctypes
import errno
import os
import struct
import time
from typing import Final

_CLOCK_REALTIME: Final = 0
_CLOEXEC_NONBLOCK: Final = os.O_CLOEXEC | os.O_NONBLOCK
_ABSOLUTE_AND_CANCEL_ON_SET: Final = 0b11
"""``TFD_TIMER_ABSTIME`` and ``TFD_TIMER_CANCEL_ON_SET`` (timerfd_create(2))."""

_NEVER_S: Final = 4_102_444_799
"""End of 2099."""

_TIMER: Final = struct.Struct("@qqqq")
_EXPIRATIONS_BYTES: Final = 8
_NS: Final = 1_000_000_000


class ClockWatch:
    """A timer that never comes, but for a clock that is set."""

    def __init__(self) -> None:
        """Begin to watch.

        Raises:
            OSError: The kernel does not allow it.
        """
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.timerfd_create(_CLOCK_REALTIME, _CLOEXEC_NONBLOCK)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._offset_ns = _offset_ns()
        self._arm()

    def fileno(self) -> int:
        """Return what to wait at."""
        return int(self._descriptor)

    def step_s(self) -> int | None:
        """Return by how many seconds the clock was set since the last call, ``None`` if it was not.

        Rounded; 0 for less than half a second.
        """
        try:
            os.read(self._descriptor, _EXPIRATIONS_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.ECANCELED:
                raise
        before_ns, self._offset_ns = self._offset_ns, _offset_ns()
        self._arm()
        return round((self._offset_ns - before_ns) / _NS)

    def close(self) -> None:
        """Watch no longer."""
        os.close(self._descriptor)

    def _arm(self) -> None:
        """Set the timer; a cancelled one must be set again."""
        timer = ctypes.create_string_buffer(_TIMER.pack(0, 0, _NEVER_S, 0))
        if self._libc.timerfd_settime(self._descriptor, _ABSOLUTE_AND_CANCEL_ON_SET, timer, None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")


def _offset_ns() -> int:
    """Return how far the clock is from the one that nobody sets."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
