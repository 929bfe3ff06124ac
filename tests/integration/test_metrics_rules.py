"""Examples for Prometheus: alerts name metrics that a booth has, and fire when they should."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from edge_lpr.core.check_words import CHECK_WORDS
from edge_lpr.core.clock import TimeQuality
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.metrics.exposition import Picture, exposition
from edge_lpr.metrics.readings import GROUPS, readings_of
from edge_lpr.metrics.server import PORT
from edge_lpr.metrics.words import FAMILIES
from tests.support.metrics import DIGESTS, finding, scraped

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
RULES = EXAMPLES / "prometheus-rules.yml"
METRICS_PAGE = EXAMPLES.parent / "metrics.md"
AT_S = 1_800_000_000

MACHINE = {
    "temperature": {"hottest_c": 85},
    "memory": {"left_mb": 1, "total_mb": 2},
    "disk_space": {"free_mb": 2, "used_permille": 960},
    "disk_wear": {"used_percent": 10},
    "throttling": {"bits": 0},
    "vision_written": {"written_bytes": 0},
    **{process: {"restarts": 9} for process in ("vision", "tokeniser", "publisher")},
    **{
        f"{process}_exposure": {"exposure_tenths": 4}
        for process in ("vision", "tokeniser", "publisher")
    },
}


def whole_text() -> bytes:
    """Return the text of a booth that has everything, of which one thing is wrong."""
    found = [finding(word.name) for word in CHECK_WORDS]
    found += [Finding("", name, "good", "", "", numbers) for name, numbers in MACHINE.items()]
    found += [finding("clock", "bad", "LPR-B07")]
    readings = readings_of(found)
    counted = dict.fromkeys(GROUPS, AT_S)
    return exposition(Picture(AT_S, TimeQuality.NTP, readings, readings, counted, DIGESTS))


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promtool(*arguments: str, given: bytes = b"") -> None:
    """Have Prometheus' own tool judge something; Debian's package prometheus has it."""
    program = shutil.which("promtool")
    assert program, "promtool is missing; apt install prometheus (scripts/test does)"
    done = subprocess.run([program, *arguments], input=given, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_alerts_ask_for_what_a_booth_says() -> None:
    said = {name for name, _ in scraped(whole_text().decode())}
    for rule in rules():
        asked = set(re.findall(r"edge_lpr_\w+", rule["expr"]))
        assert asked <= said, rule["alert"]
        assert asked or "up{" in rule["expr"]
        assert "$labels.instance" in rule["annotations"]["summary"]


def test_every_family_is_said_and_stands_in_its_page() -> None:
    said = {name.removesuffix("_total") for name, _ in scraped(whole_text().decode())}
    assert said >= FAMILIES.keys()
    page = METRICS_PAGE.read_text()
    for name in said:
        assert name.removeprefix("edge_lpr_") in page, name


def test_example_scrapes_the_port_that_a_booth_has() -> None:
    settings = yaml.safe_load((EXAMPLES / "prometheus.yml").read_text())
    assert settings["rule_files"] == [RULES.name]
    (job,) = settings["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{PORT}"]}]


def test_prometheus_takes_examples_and_text() -> None:
    promtool("check", "config", str(EXAMPLES / "prometheus.yml"))
    promtool("check", "metrics", given=whole_text())


def test_prometheus_raises_the_alerts_of_a_booth_that_is_ill_and_none_of_one_that_is_well(
    tmp_path: Path,
) -> None:
    ill = {
        'up{job="edge-lpr-booth",instance="b"}': "0x20",
        'edge_lpr_process_up{instance="b",process="vision"}': "0x20",
        'edge_lpr_first_cause_info{instance="b",code="LPR-B07"}': "1x20",
        'edge_lpr_fault{instance="b",code="LPR-B07"}': "2x20",
        'edge_lpr_process_restarts_total{instance="b",process="vision"}': "0+1x20",
        'edge_lpr_broker_state{instance="b",state="taken"}': "0x20",
        'edge_lpr_clock_quality{instance="b",quality="ntp"}': "0x20",
        'edge_lpr_token_keys_remaining_seconds{instance="b"}': "3600x20",
        'edge_lpr_certificate_remaining_seconds{instance="b",certificate="tls"}': "86400x20",
        'edge_lpr_temperature_celsius{instance="b"}': "85x20",
        'edge_lpr_disk_used_ratio{instance="b"}': "0.97x20",
        'edge_lpr_queue_oldest_age_seconds{instance="b"}': "7200x20",
        'edge_lpr_budget_sent_bytes{instance="b"}': "900x20",
        'edge_lpr_budget_allowed_bytes{instance="b"}': "1000x20",
        'edge_lpr_check_verdict{instance="b",check="funnel_passages"}': "1x20",
    }
    well = {
        'up{job="edge-lpr-booth",instance="b"}': "1x20",
        'edge_lpr_process_up{instance="b",process="vision"}': "1x20",
        'edge_lpr_first_cause_info{instance="b",code="none"}': "1x20",
        'edge_lpr_process_restarts_total{instance="b",process="vision"}': "2x20",
        'edge_lpr_broker_state{instance="b",state="taken"}': "1x20",
        'edge_lpr_clock_quality{instance="b",quality="ntp"}': "1x20",
        'edge_lpr_token_keys_remaining_seconds{instance="b"}': "270000x20",
        'edge_lpr_certificate_remaining_seconds{instance="b",certificate="tls"}': "8640000x20",
        'edge_lpr_temperature_celsius{instance="b"}': "55x20",
        'edge_lpr_disk_used_ratio{instance="b"}': "0.4x20",
        'edge_lpr_queue_oldest_age_seconds{instance="b"}': "0x20",
        'edge_lpr_budget_sent_bytes{instance="b"}': "100x20",
        'edge_lpr_budget_allowed_bytes{instance="b"}': "1000x20",
        'edge_lpr_check_verdict{instance="b",check="funnel_passages"}': "0x20",
    }
    names = [rule["alert"] for rule in rules()]
    count = "count by (alertname) (ALERTS{alertstate='firing'})"
    tests = [
        {
            "interval": "10m",
            "input_series": [{"series": name, "values": values} for name, values in said.items()],
            "promql_expr_test": [
                {
                    "expr": count,
                    "eval_time": "3h",
                    "exp_samples": [
                        {"labels": f'{{alertname="{name}"}}', "value": 1} for name in firing
                    ],
                }
            ],
        }
        for said, firing in ((ill, sorted(names)), (well, []))
    ]
    document = {"rule_files": [str(RULES)], "evaluation_interval": "10m", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(document))
    promtool("test", "rules", str(tmp_path / "tests.yml"))
