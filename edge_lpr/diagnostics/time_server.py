"""What the time server said last, and by how much the clock was off then."""

import json
from dataclasses import dataclass
from typing import Final

from edge_lpr.diagnostics.programs import said_by

_NAME: Final = "org.freedesktop.timesync1"
_COMMAND: Final = (
    *("busctl", "--json=short", "get-property", _NAME, "/org/freedesktop/timesync1"),
    *(f"{_NAME}.Manager", "NTPMessage"),
)
_TIMES: Final = slice(8, 12)
"""Asked, arrived there, answered there, arrived here; each in microseconds since 1970."""

_US_PER_S: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class TimeAnswer:
    """The last answer of a booth's time server."""

    ahead_us: int
    """By how much the booth's clock was ahead; negative: behind."""
    at_unix_s: int
    """When it arrived, by the booth's clock."""


def last_answer() -> TimeAnswer | None:
    """Ask systemd-timesyncd, as any user may; ``None`` where it does not run or has no answer.

    Source:
        ``NTPMessage`` of org.freedesktop.timesync1(5); the offset of RFC 5905, section 8.
    """
    try:
        sent, arrived, answered, back = json.loads(said_by(*_COMMAND))["data"][_TIMES]
        if not 0 < sent <= back:
            return None
        ahead_us = ((sent - arrived) + (back - answered)) // 2
        return TimeAnswer(int(ahead_us), int(back) // _US_PER_S)
    except (ValueError, KeyError, TypeError):
        return None
