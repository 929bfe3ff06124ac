"""``metrics`` by a real sshd: a technician sees what an agent on the booth would scrape."""

from collections.abc import Iterator

import pytest

from edge_lpr.metrics.collector import METRICS_FILE
from tests.support.login_booth import LoginBooth, need_login

TEXT = "# TYPE edge_lpr_up gauge\nedge_lpr_up 1.0\n"


@pytest.fixture
def booth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginBooth]:
    need_login()
    with LoginBooth(tmp_path_factory.mktemp("b")) as booth:
        yield booth


def test_technician_reads_the_metrics_where_a_booth_has_them(booth: LoginBooth) -> None:
    certificate = booth.certify("anna")
    said = booth.ssh("metrics", certificate=certificate)
    assert (said.status, said.out) == (1, "")
    assert "metrics = true" in said.err
    script = f"mkdir -p {METRICS_FILE.parent} && cat >{METRICS_FILE}"
    assert booth.inside("sh", "-c", script, sent=TEXT).returncode == 0
    said = booth.ssh("metrics", certificate=certificate)
    assert (said.status, said.out) == (0, TEXT)
    told = [(line["event"], line.get("word"), line.get("status")) for line in booth.record()]
    assert told[-2:] == [("asked", "metrics", None), ("ended", None, 0)]
