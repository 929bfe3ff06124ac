"""``edge-lpr ingest``: from the broker into a database, each sighting once."""

import sys
from collections.abc import Callable, Sequence

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError, KeyFileError, SettingsError
from edge_lpr.core.log import Log, start_logging
from edge_lpr.core.service import (
    EXIT_FAILURE,
    EXIT_MISCONFIGURED,
    forbid_core_dumps,
    stopping_on_signals,
)
from edge_lpr.store.arguments import IngestOptions, parse_arguments
from edge_lpr.store.look_back import FIND_WORD, find


def main(arguments: Sequence[str] | None = None) -> int:
    """Store what booths say until a signal stops it.

    Args:
        arguments: The words after ``edge-lpr ingest``; those of the process if left out.

    Returns:
        0 after an orderly stop, 2 if settings or keys are wrong, else 1.
    """
    # It holds the request key, a webhook's secret and tokens.
    forbid_core_dumps()
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] == FIND_WORD:
        return find(words[1:])
    options = parse_arguments(words)
    start_logging(options.log_level)
    log = Log("ingest")
    try:
        with stopping_on_signals() as stop:
            _ingest(options, log, stop.event.is_set)
    except (SettingsError, KeyFileError) as error:
        log.failure(error)
        return EXIT_MISCONFIGURED
    except EdgeLprError as error:
        log.failure(error)
        return EXIT_FAILURE
    return 0


def _ingest(options: IngestOptions, log: Log, is_stopped: Callable[[], bool]) -> None:
    """Work, if what a server needs is installed; a device does without."""
    try:
        from edge_lpr.store.run import ingest  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f"the library {error.name} is missing: pip install 'edge-lpr[server]'"
        ) from error
    ingest(options, SystemClock(), log, is_stopped)


if __name__ == "__main__":
    sys.exit(main())
