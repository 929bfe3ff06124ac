"""``edge-lpr demo``: see ``run.py`` for what happens, ``arguments.py`` for the options."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

from edge_lpr.core.broken_pipe import leave_unheard
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.service import StopRequest
from edge_lpr.demo.arguments import parse_arguments
from edge_lpr.demo.run import Demo
from edge_lpr.demo.screen import JsonScreen, Screen, TableScreen

_PRIVATE_UMASK: Final = 0o077
"""Nobody but the user may read anything of a demo; the processes inherit it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo.

    Args:
        arguments: The words after ``edge-lpr demo``; those of the process if left out.

    Returns:
        0 if every plate agreed on was published, received and verified, 141 if the reader of our
        output left, else 1.
    """
    words = sys.argv[1:] if arguments is None else arguments
    screen: Screen = JsonScreen() if "--json" in words else TableScreen()
    os.umask(_PRIVATE_UMASK)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a bar or a dot must not end the demo.
        sys.stdout.reconfigure(errors="replace")
    stop = StopRequest()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.make())
    try:
        return 0 if Demo(parse_arguments(words), screen, SystemClock(), stop.event).run() else 1
    except EdgeLprError as error:
        screen.failure(str(error))
    except BrokenPipeError:
        return leave_unheard()
    except OSError as error:
        screen.failure(f"{error.filename or 'a file'}: {error.strerror or error}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
