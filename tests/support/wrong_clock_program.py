"""``python -m tests.support.wrong_clock_program SECONDS WORD ...``: edge-lpr on a wrong clock.

Every clock that the program makes is off by so many seconds, and knows of no time server.
"""

import sys

from edge_lpr import __main__ as edge_lpr
from edge_lpr.core.clock import SystemClock, TimeQuality

_right_s = SystemClock.unix_s


def main() -> int:
    """Run a program of the package."""
    off_s = int(sys.argv[1])

    def wrong_s(self: SystemClock) -> int:
        return _right_s(self) + off_s

    def poor(self: SystemClock) -> TimeQuality:
        del self
        return TimeQuality.SAVED

    SystemClock.unix_s = wrong_s  # type: ignore[method-assign]
    SystemClock.quality = poor  # type: ignore[method-assign]
    return edge_lpr.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
