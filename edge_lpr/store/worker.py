"""A worker: takes what the broker delivers, commits it in batches, and only then acknowledges it.

While this thread waits for the database, the link's thread reads what comes next. Any number of
workers share the sightings of a fleet, and each may be killed at any time: what it had not
acknowledged comes again, to it or to another, and changes nothing if it was committed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import StoreError
from edge_lpr.core.log import Log
from edge_lpr.store.intake import Intake, Work, parking_topics
from edge_lpr.store.metrics import IngestMetrics
from edge_lpr.store.store import Store
from edge_lpr.subscriber.mqtt_link import MqttLink

_Answer = TypeVar("_Answer")

_NS_PER_S: Final = 1_000_000_000
_IDLE_WAIT_S: Final = 0.5
_RETRY_S: Final = 1.0
_UNPARK_INTERVAL_NS: Final = 10 * _NS_PER_S
"""Another worker may have parked what waits for a birth that this one has known for long."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is committed at once."""

    most: int = 500
    """Messages of a batch, at least 1."""
    gather_ns: int = 50_000_000
    """How long a batch is gathered, after its first message."""


class Worker:
    """One worker. ``run`` is its only thread besides the link's."""

    def __init__(
        self, store: Store, intake: Intake, link: MqttLink, metrics: IngestMetrics, clock: Clock
    ) -> None:
        """Put a worker together; nothing happens before ``run``.

        Args:
            store: Used by this alone.
            intake: Likewise.
            link: Not started.
            metrics: Counts what is done.
            clock: For the pace.
        """
        self._store = store
        self._intake = intake
        self._link = link
        self._metrics = metrics
        self._clock = clock
        self._log = Log("ingest")
        self._complaints = Complaints(self._log, clock)
        self._pause = threading.Event()
        self._unpark_ns = 0
        self._trouble = ""

    def run(self, pace: Pace, is_stopped: Callable[[], bool]) -> None:
        """Work until somebody stops it.

        Args:
            pace: How much is committed at once.
            is_stopped: Asked between batches.
        """
        births = self._patiently(self._store.births, is_stopped) or []
        for address, untrusted_birth, received_at in births:
            if not self._intake.learn(address, untrusted_birth, received_at):
                self._log.warning("kept_birth_refused", address=address.device)
        self._link.start()
        try:
            while not is_stopped():
                self._tell_of_trouble()
                work = self._gather(pace)
                if work.acknowledgements or work.batch:
                    self._commit(work, is_stopped)
        finally:
            self._link.close()

    def _gather(self, pace: Pace) -> Work:
        """Judge what was delivered, until there is enough or it has taken long enough."""
        work = Work()
        end_ns = self._clock.monotonic_ns() + int(_IDLE_WAIT_S * _NS_PER_S)
        while len(work.acknowledgements) < pace.most:
            message = self._link.take()
            if message is not None:
                if not work.acknowledgements:
                    end_ns = self._clock.monotonic_ns() + pace.gather_ns
                self._intake.receive(message, work)
                continue
            left_ns = end_ns - self._clock.monotonic_ns()
            if left_ns <= 0:
                break
            self._link.wait(left_ns / _NS_PER_S)
        self._judge_parked(work)
        return work

    def _judge_parked(self, work: Work) -> None:
        """Judge again what waited for a birth that has come."""
        is_due = self._clock.monotonic_ns() >= self._unpark_ns
        if not is_due and not work.new_births:
            return
        self._intake.receive_waiting(work)
        try:
            topics = self._store.parked.topics()
            if is_due:
                self._unpark_ns = self._clock.monotonic_ns() + _UNPARK_INTERVAL_NS
            else:
                topics &= {topic for each in work.new_births for topic in parking_topics(each)}
            parked = [each for topic in sorted(topics) for each in self._store.parked.under(topic)]
        except StoreError as error:
            self._complaints.failure(error)
            return
        for each in parked:
            self._intake.receive_parked(each, work)

    def _commit(self, work: Work, is_stopped: Callable[[], bool]) -> None:
        """Commit a batch, however long the database is away, and acknowledge it."""
        began_ns = self._clock.monotonic_ns()
        if work.batch:
            stored = self._patiently(lambda: self._store.add(work.batch), is_stopped)
            if stored is None:
                # Stopped before the database came back; the broker delivers all of it again.
                return
            self._metrics.note_stored(stored, (self._clock.monotonic_ns() - began_ns) / _NS_PER_S)
            if stored.conflicts:
                self._log.error("conflicting_sightings", rows=stored.conflicts)
            for address, growth in stored.contradictions:
                names = f"{address.tenant}/{address.site}/{address.device}"
                self._log.error("audit_log_contradicts", address=names, reason=growth.value)
        for reason in work.refusals:
            self._metrics.note_refusal(reason)
        for acknowledge in work.acknowledgements:
            acknowledge()

    def _patiently(
        self, attempt: Callable[[], _Answer], is_stopped: Callable[[], bool]
    ) -> _Answer | None:
        """Try until the database takes it; give up only when stopped."""
        while True:
            try:
                return attempt()
            except StoreError as error:
                self._complaints.failure(error)
                self._metrics.store_failures.inc()
            if is_stopped():
                return None
            self._pause.wait(_RETRY_S)

    def _tell_of_trouble(self) -> None:
        """Log once why there is no session, and that there is one again."""
        trouble = str(self._link.trouble or "")
        self._metrics.is_connected.set(not trouble)
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble:
            self._log.warning("broker_away", detail=trouble)
        else:
            self._log.info("broker_back")
