"""What Prometheus is told, and what the dashboard asks for."""

import json
import re
from pathlib import Path

from edge_lpr.store.figures import read_figures
from edge_lpr.store.metrics import FIGURES, IngestMetrics
from edge_lpr.store.records import AuditReport, Stored
from edge_lpr.subscriber.verdicts import RefusalReason

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana-dashboard.json"
SUFFIXES = ("_bucket", "_sum", "_count")


def sample_names(metrics: IngestMetrics) -> set[str]:
    return {sample.name for family in metrics.registry.collect() for sample in family.samples}


def value(metrics: IngestMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"edge_lpr_{name}", labels)


def test_dashboard_asks_only_for_what_there_is() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for each in expressions for name in re.findall(r"edge_lpr_\w+", each)}
    assert asked <= sample_names(IngestMetrics())
    assert len(expressions) > 12


def test_every_figure_is_on_the_dashboard() -> None:
    text = DASHBOARD.read_text()
    assert [name for name in FIGURES if f"edge_lpr_{name}" not in text] == []


def test_labels_cannot_name_a_booth_or_a_vehicle() -> None:
    metrics = IngestMetrics()
    labels = {
        label
        for family in metrics.registry.collect()
        for sample in family.samples
        for label in sample.labels
    }
    assert labels == {"result", "reason", "what", "le"}


def test_batches_refusals_audits_and_deliveries_are_counted() -> None:
    metrics = IngestMetrics()
    metrics.note_stored(Stored(new=3, duplicates=2, hits=1), 0.02)
    metrics.note_refusal(RefusalReason.UNVERIFIED)
    metrics.note_audit(AuditReport(arrivals=5, opened=2))
    metrics.note_delivery(is_taken=False)
    metrics.set_figures({"gaps_open": 2})
    assert value(metrics, "sightings_total", result="new") == 3
    assert value(metrics, "sightings_total", result="duplicates") == 2
    assert value(metrics, "hits_total") == 1
    assert value(metrics, "refused_total", reason="unverified") == 1
    assert value(metrics, "audited_total", what="opened") == 2
    assert value(metrics, "hit_deliveries_total", result="failed") == 1
    assert value(metrics, "gaps_open") == 2


def test_store_counts_what_metrics_show() -> None:
    class Empty:
        def rows(self, *_: object) -> list[tuple[None]]:
            return [(None,)]

    figures = read_figures(Empty(), 0)  # type: ignore[arg-type]
    assert set(figures) == set(FIGURES)
