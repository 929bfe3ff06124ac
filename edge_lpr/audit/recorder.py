"""The recording service: what happens at a booth into the log, its root to whoever signs it.

Root without a single capability, and without a network. In this order: the start is recorded; then,
at once, that the clock is set or something is plugged in; every half minute what is news; every
five minutes the byte ledger, and after it size and root for the tokeniser.
"""

import select
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.audit.clock_watch import ClockWatch
from edge_lpr.audit.entry import Details
from edge_lpr.audit.gap_book import GAP, GAPS, GapBook
from edge_lpr.audit.head_file import HEAD_FILE, write_head
from edge_lpr.audit.ledger import Ledger
from edge_lpr.audit.log import RECORD_FOLDER, AuditLog
from edge_lpr.audit.observer import Observer, Places
from edge_lpr.audit.reconcile import WINDOW_S
from edge_lpr.audit.unit_states import ask_systemctl, unit_states
from edge_lpr.audit.usb_watch import UsbWatch
from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import AuditError
from edge_lpr.core.log import Log
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.sent_account import ACCOUNT_NAME, read_account
from edge_lpr.core.service import StopRequest
from edge_lpr.core.told_to_audit import TOLD_FOLDER, TOLD_NAME, Told, read_told
from edge_lpr.core.wake_up import WakeUp

LOOK_EVERY_S: Final = 30.0
"""How often files and processes are looked at."""

MAXIMUM_OF_A_DAY: Final = 200
"""Entries of one event about one thing: who plugs something in and out all day pushes none out."""

MAXIMUM_SAID_A_DAY: Final = 48
"""Likewise, of what processes say about themselves: one that was taken over chooses when."""

_SAID: Final = frozenset({"camera", "broker", "keys", "epochs"})

PROCESSES: Final = ("vision", "tokeniser", "publisher")

_ACCOUNT_FILE: Final = Path("/run/edge-lpr/publisher") / ACCOUNT_NAME
_TOLD_FILE: Final = TOLD_FOLDER / TOLD_NAME
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RuntimeFiles:
    """Small files in memory."""

    head: Path = HEAD_FILE
    """Where size and root go."""
    account: Path = _ACCOUNT_FILE
    """Where the publisher says what it has sent."""
    told: Path = _TOLD_FILE
    """Where the tokeniser tells about keys, list and gaps."""


class Recorder:
    """The parts of the service, put together."""

    def __init__(
        self,
        log: AuditLog,
        observer: Observer,
        clock: Clock,
        complaints: Complaints,
        files: RuntimeFiles | None = None,
    ) -> None:
        """Record nothing yet.

        Args:
            log: Where to.
            observer: Knows what is news.
            clock: Its monotonic time cuts the windows.
            complaints: Hears of a disk that takes nothing; the next entry is tried all the same.
            files: For tests alone.
        """
        self._log = log
        self._observer = observer
        self._clock = clock
        self._complaints = complaints
        self._files = files or RuntimeFiles()
        self._gaps = GapBook(clock)
        self._ledger = Ledger()
        self._window_ns = clock.monotonic_ns()
        self._plugged_in: list[str] = []

    def begin(self) -> None:
        """Record the start, take the first counters, and let the root be signed."""
        self._resume_gaps()
        self._record("audit_started", "service", {})
        self._record("boot", "system", self._observer.boot())
        self._plugged_in = self._observer.plugged_in()
        units = unit_states(PROCESSES)
        self._ledger.close(units, read_account(self._files.account))
        self._window_ns = self._clock.monotonic_ns()
        self.look()
        self._say_head()

    def look(self) -> None:
        """Record what is news, and the ledger when its five minutes are over."""
        self._plugged_in = [
            product
            for product in self._plugged_in
            if not self._record("usb", "present", {"product": product})
        ]
        units = unit_states(PROCESSES)
        told = read_told(self._files.told)
        for fact in self._observer.news(units, told):
            if self._record(*fact):
                self._observer.noted(fact)
        self._record_gaps(told)
        passed_ns = self._clock.monotonic_ns() - self._window_ns
        if passed_ns < WINDOW_S * _NS:
            return
        account = read_account(self._files.account)
        sums = self._ledger.window(units, account)
        if not self._record("ledger", "window", {"seconds": passed_ns // _NS, **sums}):
            # The window goes on until a look at which the disk takes it.
            return
        self._window_ns += passed_ns
        self._ledger.close(units, account)
        self._say_head()

    def clock_was_set(self, step_s: int) -> None:
        """Record that somebody set the clock.

        Args:
            step_s: By how much, in seconds; negative for back.
        """
        self._record("clock_step", "clock", {"seconds": step_s})

    def usb_changed(self, change: str, product: str) -> None:
        """Record that a USB device came or went.

        Args:
            change: ``appeared`` or ``left``.
            product: Vendor and product.
        """
        self._record("usb", change, {"product": product})

    def _record(self, event: str, what: str, details: Details) -> bool:
        """Add one entry, unless there are too many like it today; return whether that is settled.

        It is not where the disk takes nothing.
        """
        about = "unit" if what in PROCESSES else "what"
        try:
            self._log.append_at_most(
                _most_of_a_day(event),
                about,
                event,
                **{about: what},
                **details,
            )
        except AuditError as error:
            self._complaints.about("not_recorded", error)
            return False
        return True

    def _resume_gaps(self) -> None:
        """Go on behind the gaps that are in the log already."""
        try:
            self._gaps.resume(self._log.newest(GAPS))
        except AuditError as error:
            self._complaints.about("not_recorded", error)

    def _record_gaps(self, told: Told | None) -> None:
        """Keep gaps in mind, and record those of an hour when it is over."""
        if told is not None:
            self._gaps.hear(told)
        hour = self._gaps.hour_that_is_over()
        if hour is None:
            return
        # The sums come last: what is behind them is not recorded again.
        for details in (*hour.listed, hour.sums):
            event = GAPS if details is hour.sums else GAP
            if not self._record(event, "tokeniser", details):
                return
        self._gaps.recorded()

    def _say_head(self) -> None:
        """Let the tokeniser sign the root."""
        try:
            write_head(self._files.head, self._log.head())
        except AuditError as error:
            self._complaints.about("not_recorded", error)
        except OSError as error:
            self._complaints.about(
                "not_recorded",
                AuditError(f"{self._files.head}: cannot be written ({error.strerror})"),
            )


def _most_of_a_day(event: str) -> int:
    """Return how many entries of one event about one thing there may be on one day."""
    if event == "ledger":
        # One every five minutes is 288 a day; a clock may be set on each of them.
        return 2 * 86_400 // WINDOW_S
    return MAXIMUM_SAID_A_DAY if event in _SAID else MAXIMUM_OF_A_DAY


def unit_files() -> str:
    """Return the units of the three processes, with all their drop-ins."""
    return ask_systemctl("cat", *(f"edge-lpr-{name}.service" for name in PROCESSES))


def serve(stop: StopRequest) -> None:
    """Record until told to stop.

    Args:
        stop: Made to end.

    Raises:
        AuditError: The kernel does not tell about the clock or about USB.
    """
    clock = SystemClock()
    log = Log("audit")
    recorder = Recorder(
        AuditLog(RECORD_FOLDER, clock),
        Observer(Places(), clock, unit_files),
        clock,
        Complaints(log, clock),
    )
    try:
        clock_watch, usb_watch = ClockWatch(), UsbWatch()
    except OSError as error:
        raise AuditError(
            f"the kernel tells nothing about clock or USB ({error.strerror}); see the unit's "
            "address families"
        ) from error
    wake_up = WakeUp()
    stop.tell(wake_up.set)
    recorder.begin()
    notifier = ServiceNotifier()
    notifier.ready()
    log.info("started")
    sources: list[ClockWatch | UsbWatch | WakeUp] = [clock_watch, usb_watch, wake_up]
    look_at_s = clock.monotonic_ns() / _NS + LOOK_EVERY_S
    while not stop.event.is_set():
        wait_s = max(look_at_s - clock.monotonic_ns() / _NS, 0.0)
        select.select(sources, [], [], wait_s)
        wake_up.clear()
        step_s = clock_watch.step_s()
        if step_s is not None:
            recorder.clock_was_set(step_s)
        for change, product in usb_watch.changes():
            recorder.usb_changed(change, product)
        if clock.monotonic_ns() / _NS < look_at_s:
            # Something was plugged in or set; a look is dear, and has its own time.
            continue
        look_at_s = clock.monotonic_ns() / _NS + LOOK_EVERY_S
        recorder.look()
        # Once a look: one that hangs starves the unit's watchdog, which is three looks long.
        notifier.alive()
    log.info("stopped")
