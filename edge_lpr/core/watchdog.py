"""Ends a process in which a thread hangs, so that the service manager starts it again.

Every thread of a booth's processes gives signs of life from its work loop. One that gives none for
``HANG_LIMIT_S`` is named in the log, with the place where it hangs, and the process ends: nothing
can be done to a thread from outside, and the next start begins with all that was committed. Three
fences, one behind the other:

1. a thread of this module, which also feeds the service manager's watchdog;
2. a timer in C (``faulthandler``), for code that hangs without letting other threads run;
3. the service manager (``WatchdogSec`` in the units), for a process that stands as a whole.

How long each step of the work may take is left to the work: no time-out may exceed the limit.

Where the service manager is told to have more patience than that (``WatchdogSec`` in a drop-in, as
the emulator of a booth does, which is many times slower than any board), all three have it.
"""

import faulthandler
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.log import Log
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.service import EXIT_FAILURE

HANG_LIMIT_S: Final = 10.0
"""A hang shall be over within 15 s: this, half a second to notice, one until the service manager
starts the process again, and the start."""

WATCHDOG_VARIABLE: Final = "WATCHDOG_USEC"
"""The service manager's patience in microseconds, see sd_watchdog_enabled(3)."""

_LOOK_EVERY_S: Final = 0.5
_MOST_FRAMES_TOLD: Final = 6
_STANDARD_ERROR: Final = 2
_NS_PER_S: Final = 1_000_000_000
_US_PER_S: Final = 1_000_000


def patience() -> float:
    """Return how many times the limits of this process are longer than usual, at least 1.

    Source:
        ``WatchdogSec`` of its unit, which the service manager hands over in the environment.
    """
    told = os.environ.get(WATCHDOG_VARIABLE, "")
    return max(1.0, int(told) / _US_PER_S / HANG_LIMIT_S) if told.isdecimal() else 1.0


class Heart:
    """The signs of life of one thread."""

    def __init__(self, name: str, clock: Clock) -> None:
        """Belong to a thread that is not watched before its first beat.

        Args:
            name: What the log calls the thread.
            clock: Its monotonic time is the only one looked at.
        """
        self.name = name
        self._clock = clock
        self._beat_ns: int | None = None
        self._patience = patience()
        self._limit_s = HANG_LIMIT_S
        self._thread_id: int | None = None

    def beat(self, *, next_within_s: float = HANG_LIMIT_S) -> None:
        """Give a sign of life, from the thread itself; cheap enough for every turn of a loop.

        Args:
            next_within_s: Longest time to the next one, in seconds; more than usual only where
                something is done once, such as a first look through a network.
        """
        self._thread_id = threading.get_ident()
        self._limit_s = next_within_s
        self._beat_ns = self._clock.monotonic_ns()

    def rest(self) -> None:
        """Be watched no longer, until the next beat."""
        self._beat_ns = None

    def is_hanging(self) -> bool:
        """Return whether the next sign of life is overdue."""
        return self.silent_s() > self._limit_s * self._patience

    def silent_s(self) -> float:
        """Return how long the last sign of life is past; 0 for one that is not watched."""
        beat_ns = self._beat_ns
        return 0.0 if beat_ns is None else (self._clock.monotonic_ns() - beat_ns) / _NS_PER_S

    def place(self) -> str:
        """Return where the thread is now, innermost last: files and lines, no values."""
        frame = sys._current_frames().get(self._thread_id or 0)  # noqa: SLF001 - its only name
        calls = traceback.extract_stack(frame)[-_MOST_FRAMES_TOLD:] if frame is not None else []
        return " > ".join(f"{Path(call.filename).name}:{call.lineno}" for call in calls)


class Watchdog:
    """Watches the hearts of one process."""

    def __init__(self, notifier: ServiceNotifier, log: Log, clock: Clock) -> None:
        """Watch nothing yet.

        Args:
            notifier: Is told that the process lives, as long as all its hearts beat.
            log: Hears which thread hangs, and where.
            clock: Measures silence.
        """
        self._notifier = notifier
        self._log = log
        self._clock = clock
        self._alone_s = HANG_LIMIT_S * patience()
        self._hearts: list[Heart] = []
        self._stopped = threading.Event()
        self._tell: Callable[[], None] | None = None

    def heart(self, name: str) -> Heart:
        """Return the heart of another thread, to be watched from its first beat on.

        Args:
            name: What the log calls the thread.
        """
        heart = Heart(name, self._clock)
        self._hearts.append(heart)
        return heart

    @contextmanager
    def watching(self, tell: Callable[[], None] | None = None) -> Iterator[None]:
        """Watch until the block is left. It ends the process if a thread hangs.

        Args:
            tell: Called in every round, from the watching thread: says how the process is.
        """
        self._tell = tell
        thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()
            faulthandler.cancel_dump_traceback_later()

    def _watch(self) -> None:
        """Look at all hearts, again and again."""
        while not self._stopped.is_set():
            # Wound up again each time; runs out only if this thread gets no turn.
            faulthandler.dump_traceback_later(self._alone_s, exit=True, file=_STANDARD_ERROR)
            for heart in list(self._hearts):
                if heart.is_hanging():
                    self._end(heart)
            self._notifier.alive()
            if self._tell is not None:
                self._tell()
            self._stopped.wait(_LOOK_EVERY_S)

    def _end(self, heart: Heart) -> None:
        """Say who hangs, and end the process at once: an orderly end would wait for that thread."""
        self._log.error(
            "thread_hangs",
            thread=heart.name,
            duration_ms=round(heart.silent_s() * 1000),
            detail=f"the process ends, to be started again; it hangs at {heart.place()}",
        )
        os._exit(EXIT_FAILURE)
