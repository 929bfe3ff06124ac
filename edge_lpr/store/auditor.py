"""The thread that audits every few seconds, asks booths for what is missing, and keeps house.

Every worker has one; whichever comes first does the audit, and if it dies another one does.
"""

from collections.abc import Callable
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.store.metrics import IngestMetrics
from edge_lpr.store.records import AuditReport, DueRequest
from edge_lpr.store.store import Store
from edge_lpr.store.store_thread import StoreThread
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims, sign_request
from edge_lpr.wire.topics import TopicKind, topic

AUDIT_INTERVAL_S: Final = 2.0
"""A gap is noticed this long after it has settled, at the latest."""

_HOUSE_INTERVAL_NS: Final = 600_000_000_000
"""A day's partition is there two days ahead, and a day too long in the end hurts nobody."""

_FIGURES_INTERVAL_NS: Final = 15_000_000_000


class Auditor(StoreThread):
    """Audits until it is stopped."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        publish: Callable[[str, bytes], None],
        request_key: SigningKey | None,
        metrics: IngestMetrics,
        clock: Clock,
    ) -> None:
        """Prepare; nothing happens before ``start``.

        Args:
            open_store: Gives a store of the thread's own.
            publish: Takes topic and document of a request.
            request_key: Signs requests; ``None``: what is missing is noticed and not asked for.
            metrics: Shows what was found.
            clock: For the time in a request.
        """
        super().__init__("audit", AUDIT_INTERVAL_S, open_store, metrics, clock)
        self._publish = publish
        self._request_key = request_key
        self._house_ns = 0
        self._figures_ns = 0

    def turn(self, store: Store) -> None:
        """Do what is due."""
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._house_ns:
            store.keep_house()
            self._house_ns = now_ns + _HOUSE_INTERVAL_NS
        report = store.audit()
        if report is not None:
            self._metrics.note_audit(report)
            self._tell(report)
            for request in report.requests:
                self._ask(request)
        if now_ns >= self._figures_ns:
            self._metrics.set_figures(store.figures())
            self._figures_ns = now_ns + _FIGURES_INTERVAL_NS

    def _tell(self, report: AuditReport) -> None:
        """Log what somebody should look at some day."""
        if report.findings:
            self._log.error("findings", rows=report.findings)
        if report.opened or report.closed:
            self._log.info("gaps", counters={"opened": report.opened, "closed": report.closed})

    def _ask(self, due: DueRequest) -> None:
        """Publish a request."""
        if self._request_key is None:
            return
        claims = RequestClaims(due.address, due.boot, due.first, due.last, self._clock.unix_s())
        document = sign_request(claims, self._request_key)
        self._publish(topic(due.address, TopicKind.REQUEST), document)
