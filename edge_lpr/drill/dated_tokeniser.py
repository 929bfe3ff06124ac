"""``python -m edge_lpr.drill.dated_tokeniser CLOCK --settings FILE``: a tokeniser on a set clock.

The real process in everything else: the same classes, sockets, keys and cost. Only its watchdog
keeps the machine's own clock, since a week that passes within minutes looks like a hang.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.log import Log
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.service import StopRequest, run_service
from edge_lpr.core.settings import BoothSettings
from edge_lpr.core.watchdog import Watchdog
from edge_lpr.drill.dated_clock import DatedClock
from edge_lpr.tokeniser import __main__ as process

_CLOCK_ARGUMENT: Final = 1


def serve(clock_file: Path, settings: BoothSettings, log: Log, stop: StopRequest) -> None:
    """Run the process until told to stop."""
    vars(process)["Watchdog"] = _undated_watchdog
    process.Tokeniser(settings, log, DatedClock(clock_file)).run(stop.event)


def _undated_watchdog(notifier: ServiceNotifier, log: Log, _clock: Clock) -> Watchdog:
    """Return a watchdog on the machine's clock."""
    return Watchdog(notifier, log, SystemClock())


if __name__ == "__main__":
    sys.exit(
        run_service(
            "tokeniser",
            "The tokeniser on a clock that the drill sets.",
            partial(serve, Path(sys.argv[_CLOCK_ARGUMENT])),
            sys.argv[_CLOCK_ARGUMENT + 1 :],
        )
    )
