"""What a worker tells Prometheus: counts and ages, and nothing that tells one vehicle from another.

No label is a booth, a token or an entry of a watch-list: a metric is kept for years and read by
people with other rights than the store's.
"""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from edge_lpr.core.errors import SettingsError
from edge_lpr.store.records import AuditReport, Stored
from edge_lpr.subscriber.verdicts import RefusalReason

FIGURES: Final[Mapping[str, str]] = {
    "booths": "Booths that the store knows.",
    "booths_silent": "Booths whose health record is older than three minutes.",
    "gaps_open": "Gaps with numbers that have neither come nor been given up.",
    "numbers_missing": "Numbers of sightings that are missing in open gaps.",
    "numbers_given_up": "Numbers of sightings that devices have said will never come.",
    "oldest_gap_seconds": "Age of the oldest open gap.",
    "findings": "What does not fit: conflicts, broken chains, forgotten boots.",
    "checkpoint_contradictions": "Audit logs of booths that were put back, or forked.",
    "arrivals_waiting": "Batches that the audit has yet to enter into the ledger.",
    "documents_parked": "Documents that wait for the birth of their key.",
    "hits_waiting": "Hits that nobody has taken yet.",
    "oldest_hit_seconds": "Age of the oldest hit that nobody has taken yet.",
}
"""What the store counts, by the name of its gauge; every worker says the same."""

_PREFIX: Final = "edge_lpr"
_RESULTS: Final = ("new", "duplicates", "too_old", "too_new", "conflicts", "parked", "not_parked")


class IngestMetrics:
    """The metrics of one worker."""

    def __init__(self) -> None:
        """Begin at zero, every label shown from the start so that a rise is seen."""
        self.registry = CollectorRegistry()
        self._sightings = self._counter("sightings", "Sightings by what became of them.", "result")
        self._refusals = self._counter("refused", "Messages that were not believed.", "reason")
        self._hits = self._counter("hits", "Hits on the watch-list that were not known.")
        self._deliveries = self._counter("hit_deliveries", "Attempts to deliver hits.", "result")
        self._audited = self._counter("audited", "What this worker's audits did.", "what")
        self.store_failures = self._counter("store_failures", "Times the database was away.")
        """Counted by whoever noticed."""
        self._seconds = Histogram(
            f"{_PREFIX}_commit_seconds",
            "Time to commit a batch.",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        self.is_connected = Gauge(
            f"{_PREFIX}_connected", "Whether there is a session.", registry=self.registry
        )
        """1 while there is a session with the broker."""
        self._figures = {
            name: Gauge(f"{_PREFIX}_{name}", text, registry=self.registry)
            for name, text in FIGURES.items()
        }
        for result in _RESULTS:
            self._sightings.labels(result)
        for reason in RefusalReason:
            self._refusals.labels(reason.value)
        for result in ("taken", "failed"):
            self._deliveries.labels(result)
        for what in ("arrivals", "findings", "opened", "closed", "requests"):
            self._audited.labels(what)

    def serve(self, port: int) -> None:
        """Answer Prometheus on 127.0.0.1.

        Args:
            port: TCP port.

        Raises:
            SettingsError: The port is taken.
        """
        try:
            start_http_server(port, addr="127.0.0.1", registry=self.registry)
        except OSError as error:
            raise SettingsError(
                f"--metrics-port {port}: {error.strerror}; every worker needs a port of its own"
            ) from error

    def note_stored(self, stored: Stored, seconds: float) -> None:
        """Count a batch.

        Args:
            stored: What became of it.
            seconds: How long it took.
        """
        for result in _RESULTS:
            self._sightings.labels(result).inc(getattr(stored, result))
        self._hits.inc(stored.hits)
        self._seconds.observe(seconds)

    def note_refusal(self, reason: RefusalReason) -> None:
        """Count a message that was not believed."""
        self._refusals.labels(reason.value).inc()

    def note_audit(self, report: AuditReport) -> None:
        """Count what an audit did."""
        self._audited.labels("arrivals").inc(report.arrivals)
        self._audited.labels("findings").inc(report.findings)
        self._audited.labels("opened").inc(report.opened)
        self._audited.labels("closed").inc(report.closed)
        self._audited.labels("requests").inc(len(report.requests))

    def note_delivery(self, *, is_taken: bool) -> None:
        """Count an attempt to deliver a hit."""
        self._deliveries.labels("taken" if is_taken else "failed").inc()

    def set_figures(self, figures: Mapping[str, int]) -> None:
        """Show what the store counts.

        Args:
            figures: By the names of ``FIGURES``.
        """
        for name, value in figures.items():
            self._figures[name].set(value)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        """Return a counter of ours."""
        return Counter(f"{_PREFIX}_{name}", text, labels, registry=self.registry)
