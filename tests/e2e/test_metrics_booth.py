"""A whole booth is scraped every second while vehicles pass, and nothing steps when one does."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import create_server

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.log import Log
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.diagnostics.diagnosis import Diagnosis, Place, diagnose
from edge_lpr.metrics.collector import Collector, model_digests
from edge_lpr.metrics.readings import coarse, readings_of
from edge_lpr.metrics.server import PATH, MetricsServer
from tests.support.clock import SetClock
from tests.support.faulty_booth import FaultyBooth, write_frames
from tests.support.metrics import MOVING, Series, scraped, series

pytestmark = pytest.mark.broker

PATIENCE_S = 400.0
HOUR_S = 3600
PASSAGES = 4
AGREED = series("edge_lpr_passages_total", result="agreed")
DELIVERED = series("edge_lpr_tokeniser_readings_total", result="delivered")


@contextmanager
def serving(file: Path) -> Iterator[int]:
    """Serve a text as the unit does; give the port."""
    with MetricsServer(create_server(("127.0.0.1", 0)), file, SystemClock()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


class Watched:
    """A booth with a collector whose hours a test lets pass; whoever looks gets all answers."""

    def __init__(self, booth: FaultyBooth, folder: Path) -> None:
        self.clock = SetClock()
        self.answers: list[tuple[int, int]] = []
        self._place = Place(folder / "no-machine", booth.folders.settings_file)
        self.file = folder / "metrics.prom"
        digests = model_digests(None, Log("metrics"))
        self._collector = Collector(self._look, self.clock, self.file, digests)

    def _look(self, is_judging: bool) -> Diagnosis:  # noqa: FBT001 (as the collector calls it)
        diagnosis = diagnose(self._place, SystemClock(), judges_units=is_judging)
        readings = readings_of(diagnosis.findings)
        if "funnel" in readings and "funnel_tokens" in readings:
            numbers = (readings["funnel"].numbers, readings["funnel_tokens"].numbers)
            self.answers.append((numbers[0]["agreed"], numbers[1]["delivered"]))
        return diagnosis

    def scrape(self, port: int) -> dict[Series, float]:
        """Let the collector look, and scrape what it says."""
        self._collector.collect()
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as link:
            link.request("GET", PATH)
            answer = link.getresponse()
            assert answer.status == 200
            return scraped(answer.read().decode())


def test_scrape_every_second_shows_no_step_when_vehicles_pass(
    running_mosquitto: EmbeddedBroker, tmp_path: Path
) -> None:
    source = write_frames(tmp_path / "frames")
    with FaultyBooth(tmp_path, running_mosquitto, source) as booth:
        watched = Watched(booth, tmp_path)
        with serving(watched.file) as port:
            booth.start_all()
            give_up_at = time.monotonic() + PATIENCE_S
            taken = series("edge_lpr_broker_state", state="taken")
            said = watched.scrape(port)
            while not (watched.answers and watched.answers[-1][1] and said.get(taken)):
                assert time.monotonic() < give_up_at
                time.sleep(0.2)
                said = watched.scrape(port)
            assert AGREED not in said
            watched.clock.advance_s(2 * HOUR_S)
            first = watched.scrape(port)
            began = watched.answers[-1]
            assert (first[AGREED], first[DELIVERED]) == (coarse(began[0]), coarse(began[1]))
            said_then = [first]
            while watched.answers[-1][0] < began[0] + PASSAGES:
                assert time.monotonic() < give_up_at
                time.sleep(1)
                watched.clock.advance_s(1)
                said_then.append(watched.scrape(port))
            watched.clock.advance_s(HOUR_S)
            last = watched.scrape(port)
    # The processes' own answers stepped as vehicles passed; what was told did not.
    steps = {agreed for agreed, _ in watched.answers if agreed >= began[0]}
    assert len(steps) > 2
    told = [
        {name: value for name, value in each.items() if name[0] != MOVING} for each in said_then
    ]
    assert [each for each in told if each != told[0]] == []
    assert last[AGREED] == coarse(watched.answers[-1][0])
    assert last[AGREED] > first[AGREED]
    up = {labels: value for (name, labels), value in last.items() if name == "edge_lpr_process_up"}
    assert list(up.values()) == [1, 1, 1]
    assert last[series("edge_lpr_check_verdict", check="models_self_test")] == 0
    text = watched.file.read_text()
    names = ("north-crossing", "booth-1", "localhost", "127.0.0.1", str(tmp_path))
    assert [name for name in names if name in text] == []
