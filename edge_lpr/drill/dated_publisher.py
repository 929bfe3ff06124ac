"""``python -m edge_lpr.drill.dated_publisher CLOCK --settings FILE``: a publisher on a set clock.

For booths in hit-only mode: a publisher keeps no watch-list of a past day, and the drill's days are
past. The real process in everything else.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Final

from edge_lpr.core.log import Log
from edge_lpr.core.service import StopRequest, run_service
from edge_lpr.core.settings import BoothSettings
from edge_lpr.drill.dated_clock import DatedClock
from edge_lpr.publisher import __main__ as process

_CLOCK_ARGUMENT: Final = 1


def serve(clock_file: Path, settings: BoothSettings, log: Log, stop: StopRequest) -> None:
    """Run the process until told to stop."""
    vars(process)["SystemClock"] = partial(DatedClock, clock_file)
    process.serve(settings, log, stop)


if __name__ == "__main__":
    sys.exit(
        run_service(
            "publisher",
            "The publisher on a clock that the drill sets.",
            partial(serve, Path(sys.argv[_CLOCK_ARGUMENT])),
            sys.argv[_CLOCK_ARGUMENT + 1 :],
        )
    )
