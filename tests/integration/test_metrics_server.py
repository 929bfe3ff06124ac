"""The metrics' real process, handed one real socket, and scraped."""

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.metrics import server as server_module
from edge_lpr.metrics.server import PATH, STALE_S, TEXT_FORMAT, MetricsServer
from tests.integration.test_aim_page_unit import ONLY_UNIX
from tests.support.metrics import scraped, series
from tests.support.waiting import wait_until

# What the service manager says of the socket that it hands over: it is for this process.
HANDED = ONLY_UNIX.replace(
    "    os.execv(", '    os.environ["LISTEN_PID"] = str(os.getpid())\n    os.execv('
)

TEXT = '# TYPE edge_lpr_process_up gauge\nedge_lpr_process_up{process="vision"} 1.0\n'
PATIENCE_S = 20.0


def ask(
    port: int, path: str = PATH, host: str = "127.0.0.1", method: str = "GET"
) -> tuple[int, str, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as link:
        link.request(method, path, headers={"Host": host})
        answer = link.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()


@contextmanager
def process(file: Path) -> Iterator[int]:
    """Start the server as its unit does; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as handed:
        port = handed.getsockname()[1]
        with subprocess.Popen(
            [
                *(sys.executable, "-c", HANDED, str(handed.fileno())),
                *("metrics", "--serve", "--file", str(file)),
            ],
            pass_fds=[handed.fileno()],
            env={**os.environ, "LISTEN_FDS": "1"},
        ) as started:
            handed.close()
            try:
                yield port
            finally:
                started.terminate()
                assert started.wait(PATIENCE_S) == 0


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("metrics") / "metrics.prom"


@pytest.fixture(scope="module")
def port(file: Path) -> Iterator[int]:
    with process(file) as port:
        yield port


def test_text_is_given_where_no_socket_can_be_made(port: int, file: Path) -> None:
    file.write_text(TEXT)
    assert ask(port) == (200, TEXT_FORMAT, TEXT.encode())
    assert scraped(TEXT) == {series("edge_lpr_process_up", process="vision"): 1}


@pytest.mark.parametrize(
    ("path", "host", "method", "status"),
    [
        ("/", "127.0.0.1", "GET", 404),
        ("/metrics/../../etc/passwd", "127.0.0.1", "GET", 404),
        (PATH, "rebinding.example", "GET", 403),
        (PATH, "127.0.0.1.example:80", "GET", 403),
        (PATH, "localhost:9000", "GET", 200),
        (PATH, "127.0.0.1", "POST", 501),
    ],
)
def test_everything_else_gets_a_no(
    port: int, file: Path, path: str, host: str, method: str, status: int
) -> None:
    file.write_text(TEXT)
    assert ask(port, path, host, method)[0] == status


def test_old_text_is_none(port: int, file: Path) -> None:
    file.write_text(TEXT)
    long_ago_s = file.stat().st_mtime - STALE_S - 60
    os.utime(file, (long_ago_s, long_ago_s))
    status, _, why = ask(port)
    assert status == 503
    assert b"edge-lpr-metrics-collect.service" in why
    file.unlink()
    assert ask(port)[0] == 503


def test_who_holds_connections_open_keeps_nobody_out_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_PATIENCE_S", 0.3)
    file = tmp_path / "metrics.prom"
    file.write_text(TEXT)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with MetricsServer(listening, file, SystemClock()) as server, ExitStack() as held:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        held.callback(thread.join)
        held.callback(server.shutdown)
        for _ in range(8):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: ")
        assert ask(port)[0] == 200


def test_collector_writes_and_server_gives_it(tmp_path: Path) -> None:
    file = tmp_path / "metrics.prom"
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "edge_lpr", "metrics", "--collect"),
            *("--file", str(file), "--root", str(tmp_path)),
            *("--settings", str(tmp_path / "booth.toml")),
        ]
    ) as collector:
        try:
            wait_until(file.exists, deadline_s=60)
            with process(file) as port:
                said = scraped(ask(port)[2].decode())
        finally:
            collector.terminate()
            assert collector.wait(PATIENCE_S) == 0
    # A booth without settings says so, and that nobody runs.
    assert said[series("edge_lpr_first_cause_info", code="LPR-I01")] == 1
    assert said[series("edge_lpr_process_up", process="vision")] == 0
