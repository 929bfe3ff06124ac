"""How far the clock may be off, by the kernel's own reckoning."""

import ctypes
from dataclasses import dataclass
from typing import Final

_NANOSECONDS: Final = 0x2000
"""STA_NANO: the offset is in nanoseconds (linux/timex.h)."""

_REST_BYTES: Final = 128
"""Room for the rest of ``struct timex``, which is not looked at."""


class _Timex(ctypes.Structure):
    """The beginning of ``struct timex`` (adjtimex(2)); ``modes`` 0 asks and changes nothing."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror_us", ctypes.c_long),
        ("esterror_us", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * _REST_BYTES),
    )


@dataclass(frozen=True, slots=True)
class TimeError:
    """What the kernel knows of a clock that a time server keeps."""

    bound_ms: int
    """The clock is off by no more; grows by half a millisecond a second without a server."""
    offset_us: int
    """What is still being corrected of the last answer."""


def time_error() -> TimeError | None:
    """Ask the kernel; ``None`` where a sandbox denies the question.

    Source:
        adjtimex(2). systemd-timesyncd sets the bound to 0 with each answer of its server, chrony
        to what the way there allows; from there the kernel lets it grow (RFC 5905, 500 ppm), and
        at 16 s it calls the clock not synchronised.
    """
    timex = _Timex()
    if ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) == -1:
        return None
    nanoseconds = timex.status & _NANOSECONDS
    return TimeError(
        bound_ms=timex.maxerror_us // 1000,
        offset_us=timex.offset // 1000 if nanoseconds else timex.offset,
    )
