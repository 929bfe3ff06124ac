"""The thread that delivers hits until they are taken, to a webhook or under a topic."""

from collections.abc import Callable
from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.store.metrics import IngestMetrics
from edge_lpr.store.records import DueHit
from edge_lpr.store.store import Store
from edge_lpr.store.store_thread import StoreThread

Delivery: TypeAlias = Callable[[DueHit], bool]
"""Tells somebody of a hit; whether it was taken."""

_INTERVAL_S: Final = 0.5


class HitDelivery(StoreThread):
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
        super().__init__("hits", _INTERVAL_S, open_store, metrics, clock)
        self._deliver = deliver

    def turn(self, store: Store) -> None:
        """Try everything that is due once."""
        # One at a time: whoever holds several may still be trying the first when the others'
        # lease ends, and another worker would deliver them too.
        while not self._stop.is_set():
            hit = store.hits.take_due(self._clock.unix_s())
            if hit is None:
                return
            is_taken = self._deliver(hit)
            self._metrics.note_delivery(is_taken=is_taken)
            if is_taken:
                store.hits.mark_sent(hit.id, self._clock.unix_s())
