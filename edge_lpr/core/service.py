"""What the three processes of a booth do alike: command line, log, signals, exit status.

Programs of a server take from it what they share: no core dumps, and the orderly stop.
"""

import argparse
import resource
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, TypeAlias

from edge_lpr.core.errors import KeyFileError, ModelError, NoSuchSourceError, SettingsError
from edge_lpr.core.hardening import forbid_inspection, lock_memory
from edge_lpr.core.log import Log, start_logging
from edge_lpr.core.settings import DEFAULT_SETTINGS_FILE, BoothSettings, load_settings

EXIT_FAILURE: Final = 1
"""Something broke; the service manager starts the process again."""

EXIT_MISCONFIGURED: Final = 2
"""Settings, keys or models are wrong: starting again changes nothing until somebody acts."""


_NO_DUMP: Final = (1, 1)
"""Soft and hard limit in bytes; the service manager's units say the same (``LimitCORE``)."""


class StopRequest:
    """Whether SIGTERM or SIGINT has asked for an orderly stop.

    A signal handler runs in the main thread, between two of its instructions, and ``event.set``
    takes the lock inside the event. So the main thread must never be inside that lock itself: it
    asks ``event.is_set``, sleeps by other means than ``event.wait``, and asks for a stop with
    ``make`` rather than with ``event.set``. Other threads may use the event as they like.
    """

    def __init__(self) -> None:
        """Begin without a request."""
        self.event = threading.Event()
        """Set once a stop is wanted; the main thread must not wait on it or set it."""
        self._is_made = False
        self._listeners: list[Callable[[], None]] = []

    def tell(self, listener: Callable[[], None]) -> None:
        """Have something done at once when a stop is wanted.

        Args:
            listener: Called in a signal handler, so it takes no lock and waits for nothing.
        """
        self._listeners.append(listener)
        if self.event.is_set():
            listener()

    def make(self) -> None:
        """Ask for the stop; may be called again, also by a signal in the middle of it."""
        if self._is_made:
            return
        # First of all, so that a signal that comes while the event is being set stays out of it.
        self._is_made = True
        self.event.set()
        for listener in self._listeners:
            listener()


Service: TypeAlias = Callable[[BoothSettings, Log, StopRequest], None]
"""A process: puts its parts together and works until the stop is wanted or its source ends."""


def run_service(
    name: str, description: str, service: Service, arguments: Sequence[str] | None
) -> int:
    """Run one process of a booth until it ends or a signal stops it.

    This is the outermost loop, one of the three places (once for each process) that catch
    broadly: nothing may end a process without a line in the log.

    Args:
        name: ``vision``, ``tokeniser`` or ``publisher``.
        description: What the process does, for ``--help``.
        service: The process.
        arguments: Command line without the program's name; that of the process if ``None``.

    Returns:
        0 after an orderly stop, ``EXIT_MISCONFIGURED`` or ``EXIT_FAILURE``.
    """
    forbid_core_dumps()
    forbid_inspection()
    parser = argparse.ArgumentParser(prog=f"edge-lpr {name}", description=description)
    parser.add_argument(
        "--settings", type=Path, default=DEFAULT_SETTINGS_FILE, help="the booth's settings file"
    )
    parser.add_argument(
        "--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"
    )
    chosen = parser.parse_args(arguments)
    start_logging(chosen.log_level)
    log = Log(name)
    try:
        with stopping_on_signals() as stop:
            lock_memory(log)
            service(load_settings(chosen.settings), log, stop)
    except (SettingsError, KeyFileError, ModelError, NoSuchSourceError) as error:
        log.failure(error)
        return EXIT_MISCONFIGURED
    except Exception as error:  # noqa: BLE001 - the outermost loop: nothing goes unlogged
        log.failure(error)
        return EXIT_FAILURE
    return 0


def forbid_core_dumps() -> None:
    """Keep the memory of a crashed process, with its frames, plates or keys, from becoming a file.

    The limit is one byte and not none: the kernel passes a dump on to a handler such as
    systemd-coredump in spite of a limit of 0, but not of 1.

    Source:
        core(5), and ``do_coredump`` in the kernel's ``fs/coredump.c``, which aborts at 1.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    # A hard limit of 0 was set from outside, and only root could raise it.
    if hard != 0 and (soft, hard) != _NO_DUMP:
        resource.setrlimit(resource.RLIMIT_CORE, _NO_DUMP)


@contextmanager
def stopping_on_signals() -> Iterator[StopRequest]:
    """Give a request that SIGTERM and SIGINT make, and put the old handlers back."""
    stop = StopRequest()

    def stop_in_order(signal_number: int, frame: FrameType | None) -> None:
        del signal_number, frame
        stop.make()

    signals = (signal.SIGTERM, signal.SIGINT)
    handlers = [signal.signal(number, stop_in_order) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)
