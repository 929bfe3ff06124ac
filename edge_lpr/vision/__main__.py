"""The vision process: ``python -m edge_lpr.vision --settings FILE``.

Puts the parts together, starts them, and stops them in order; what happens to a frame is in
``pipeline.py``.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.errors import KeyFileError, ModelError, SettingsError
from edge_lpr.core.log import Log, start_logging
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.settings import DEFAULT_SETTINGS_FILE, BoothSettings, load_settings
from edge_lpr.handoff.reading_sender import ReadingSender
from edge_lpr.vision.capture import open_source
from edge_lpr.vision.contracts import NANOSECONDS, Moment
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.hand_over import TokeniserConsumer
from edge_lpr.vision.pipeline import Pipeline

_FUNNEL_EVERY_NS: Final = 60 * NANOSECONDS

_REPLAY_DRAIN_S: Final = 60.0
"""A full queue of 32 readings takes 16 s at the tokeniser's pace; a slow start comes on top."""

_STOP_DRAIN_S: Final = 5.0
"""An orderly stop may take this long to deliver what is queued."""

_EXIT_SETTINGS: Final = 2
"""Starting again will not help: settings, a key file or a model must be changed first."""

_EXIT_FAILURE: Final = 1
"""Starting again may help; the service manager does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the vision process until its source ends or a signal stops it.

    Args:
        arguments: Command line without the program's name; that of this process if None.

    Returns:
        0 after an orderly stop, 2 for faults of settings, key files and models, 1 for others.
    """
    options = _parse(arguments)
    start_logging(options.log_level)
    log = Log("vision")
    try:
        _run(load_settings(options.settings), SystemClock(), log)
    except (SettingsError, KeyFileError, ModelError) as error:
        log.failure(error)
        return _EXIT_SETTINGS
    except Exception as error:  # noqa: BLE001 - outermost loop: the log is all that is left of it
        log.failure(error)
        return _EXIT_FAILURE
    return 0


def _run(settings: BoothSettings, clock: Clock, log: Log) -> None:
    """Put the parts together, follow the source to its end, and deliver what is left."""
    notifier, funnel = ServiceNotifier(), Funnel()
    engine = load_engine(settings.vision)
    source = open_source(settings.vision.source, clock=clock, funnel=funnel, log=log)
    sender = ReadingSender(settings.vision.readings_socket, log, clock)
    consumer = TokeniserConsumer(sender, settings, clock)
    pipeline = Pipeline(engine, consumer, settings.vision, funnel=funnel, log=log)
    stop = _StopOnSignal(source.stop, consumer.stop)
    notifier.ready()
    log.info("started")
    drain_s = _STOP_DRAIN_S
    try:
        pipeline.run(_watched(source, clock, notifier, lambda: _log_funnel(log, funnel, sender)))
        drain_s = _STOP_DRAIN_S if stop.is_requested else _REPLAY_DRAIN_S
    finally:
        notifier.stopping()
        sender.drain(drain_s)
        _log_funnel(log, funnel, sender)
    log.info("stopped")


class _StopOnSignal:
    """Stop the parts in an orderly way on SIGTERM and SIGINT."""

    def __init__(self, *stops: Callable[[], None]) -> None:
        """Take over the two signals."""
        self._stops = stops
        self.is_requested = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Pass the wish on."""
        del number, frame
        self.is_requested = True
        for stop in self._stops:
            stop()


def _watched(
    source: Iterable[Moment], clock: Clock, notifier: ServiceNotifier, report: Callable[[], None]
) -> Iterator[Moment]:
    """Pass the moments of a source on; feed the watchdog and report every minute on the way."""
    report_at_ns = clock.monotonic_ns() + _FUNNEL_EVERY_NS
    for moment in source:
        yield moment
        notifier.alive()
        if clock.monotonic_ns() >= report_at_ns:
            report_at_ns += _FUNNEL_EVERY_NS
            report()


def _log_funnel(log: Log, funnel: Funnel, sender: ReadingSender) -> None:
    """Write what happened so far, with what became of the readings that were handed over."""
    counters, delivery = funnel.counters(), sender.counters()
    counters["handed_over"] = delivery["handed_over"] + delivery["refused_by_tokeniser"]
    counters["undelivered"] += delivery["undelivered"]
    log.info("funnel", counters=counters)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.vision", description=__doc__)
    parser.add_argument(
        "--settings", type=Path, default=DEFAULT_SETTINGS_FILE, help="the booth's settings file"
    )
    parser.add_argument(
        "--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"]
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
