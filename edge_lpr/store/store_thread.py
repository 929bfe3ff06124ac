"""A worker's threads beside its own: each has a session of its own and does one thing.

A database that is away is waited for. Anything else that goes wrong ends the worker, because a
thread that is missing is noticed by nobody.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import StoreError
from edge_lpr.core.log import Log
from edge_lpr.store.metrics import IngestMetrics
from edge_lpr.store.store import Store


class StoreThread(ABC):
    """Takes turns until it is stopped. Its heirs say what a turn is."""

    def __init__(
        self,
        name: str,
        interval_s: float,
        open_store: Callable[[], Store],
        metrics: IngestMetrics,
        clock: Clock,
    ) -> None:
        """Prepare; nothing happens before ``start``.

        Args:
            name: Of the thread.
            interval_s: Pause between two turns.
            open_store: Gives a store of the thread's own.
            metrics: Counts when the database is away.
            clock: For the pauses between complaints.
        """
        self._interval_s = interval_s
        self._open_store = open_store
        self._metrics = metrics
        self._clock = clock
        self._log = Log("ingest")
        self._complaints = Complaints(self._log, clock)
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def failure(self) -> Exception | None:
        """What has ended the thread before it was to end: the worker should end too."""
        return self._failure

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the turn that is being taken."""
        self._stop.set()
        self._thread.join()

    @abstractmethod
    def turn(self, store: Store) -> None:
        """Do what is due.

        Args:
            store: The thread's own.

        Raises:
            StoreError: The database is away; the next turn tries again.
        """

    def _run(self) -> None:
        """Take turns, whatever the database says."""
        store: Store | None = None
        try:
            while not self._stop.is_set():
                try:
                    store = store or self._open_store()
                    self.turn(store)
                except StoreError as error:
                    self._complaints.failure(error)
                    self._metrics.store_failures.inc()
                self._stop.wait(self._interval_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker must hear of it
            self._log.failure(error)
            self._failure = error
        finally:
            if store is not None:
                store.close()
