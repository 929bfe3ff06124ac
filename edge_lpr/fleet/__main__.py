"""``edge-lpr fleet``: see ``part.py`` for what happens, ``arguments.py`` for the options."""

import json
import signal
import sys
from collections.abc import Sequence

from edge_lpr.core.broken_pipe import leave_unheard
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.service import StopRequest
from edge_lpr.fleet.arguments import FleetOptions, Part, parse_arguments
from edge_lpr.fleet.counters import FleetCounters
from edge_lpr.fleet.run import FleetProcesses, access_lines, prepare_files, run_part


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a fleet.

    Args:
        arguments: The words after ``edge-lpr fleet``; those of the process if left out.

    Returns:
        0 if the broker has taken everything, else 1; 141 if the reader of our output left.
    """
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    stop = StopRequest()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.make())
    try:
        return 0 if _run(parse_arguments(words), words, stop) else 1
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr fleet: {error}\n")
    except BrokenPipeError:
        return leave_unheard()
    return 1


def _run(options: FleetOptions, words: Sequence[str], stop: StopRequest) -> bool:
    """Do what the options say; return whether all went well."""
    if options.is_list:
        sys.stdout.write(access_lines(options))
        return True
    report = _json if options.is_json else _line
    clock = SystemClock()
    prepare_files(options)
    if options.part is not None or options.processes == 1:
        part = options.part or Part(0, 1)
        is_drained = run_part(options, part, clock, report, stop.event.is_set)
    else:
        processes = FleetProcesses(options.processes, words)
        is_drained = processes.run(clock, report, stop.event.is_set)
    if not options.is_json:
        sys.stderr.write("\n")
    return is_drained


def _json(counters: FleetCounters, seconds: float) -> None:
    """Print all figures as one line."""
    line = {"seconds": round(seconds, 1), **counters.as_mapping()}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _line(counters: FleetCounters, seconds: float) -> None:
    """Show the figures that matter in the last line of the terminal."""
    sys.stderr.write(
        f"\r{seconds:6.0f} s  {counters.online} online  {counters.committed} signed  "
        f"{counters.published} taken  {counters.waiting} waiting  {counters.resent} sent again  "
        f"{counters.gaps} gaps   "
    )
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
