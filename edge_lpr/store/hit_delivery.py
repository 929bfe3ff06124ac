"""The thread that delivers hits until they are taken, to a webhook or under a topic."""

import threading
from collections.abc import Callable
from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import StoreError
from edge_lpr.core.log import Log
from edge_lpr.store.metrics import IngestMetrics
from edge_lpr.store.records import DueHit
from edge_lpr.store.store import Store

Delivery: TypeAlias = Callable[[DueHit], bool]
"""Tells somebody of a hit; whether it was taken."""

_INTERVAL_S: Final = 0.5
_AT_ONCE: Final = 50


class HitDelivery:
    """Delivers until it is stopped; every worker has one, and no two try the same hit at a time."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        deliver: Delivery,
        metrics: IngestMetrics,
        clock: Clock,
    ) -> None:
        """Prepare; nothing happens before ``start``.

        Args:
            open_store: Gives a store of the thread's own.
            deliver: Tries once.
            metrics: Counts the attempts.
            clock: For the pauses between attempts.
        """
        self._open_store = open_store
        self._deliver = deliver
        self._metrics = metrics
        self._clock = clock
        self._log = Log("ingest")
        self._complaints = Complaints(self._log, clock)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hits", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the attempt that is being made."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        """Deliver what is due, whatever the database says."""
        store: Store | None = None
        while not self._stop.is_set():
            try:
                store = store or self._open_store()
                self._turn(store)
            except StoreError as error:
                self._complaints.failure(error)
                self._metrics.store_failures.inc()
            self._stop.wait(_INTERVAL_S)
        if store is not None:
            store.close()

    def _turn(self, store: Store) -> None:
        """Try everything that is due once."""
        for hit in store.hits.take_due(self._clock.unix_s(), _AT_ONCE):
            if self._stop.is_set():
                return
            is_taken = self._deliver(hit)
            self._metrics.note_delivery(is_taken=is_taken)
            if is_taken:
                store.hits.mark_sent(hit.id, self._clock.unix_s())
