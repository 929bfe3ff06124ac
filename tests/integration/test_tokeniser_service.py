"""The tokeniser as a service: ready, alive, counting, and never half dead."""

import json
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import HandoffError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import load_settings
from edge_lpr.tokeniser import __main__ as program
from edge_lpr.tokeniser.__main__ import Tokeniser
from tests.support.booth import Booth, lay_out_booth
from tests.support.tokeniser_process import running_tokeniser, vision_of
from tests.support.waiting import wait_until


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    return lay_out_booth(tmp_path)


@pytest.fixture
def service_manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listen as systemd does."""
    path = tmp_path / "notify.sock"
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager_socket:
        manager_socket.bind(str(path))
        manager_socket.settimeout(20)
        yield manager_socket


def test_service_manager_hears_ready_alive_and_stopping(
    booth: Booth, service_manager: socket.socket
) -> None:
    with running_tokeniser(booth) as tokeniser, vision_of(booth):
        assert service_manager.recv(100) == b"READY=1"
        assert service_manager.recv(100) == b"WATCHDOG=1"
        tokeniser.process.send_signal(signal.SIGINT)
        states = iter(lambda: service_manager.recv(100), b"STOPPING=1")
        said = {state for state in states if not state.startswith(b"STATUS=keys until ")}
        assert said <= {b"WATCHDOG=1"}
        assert tokeniser.wait_for_exit() == 0


def made(booth: Booth) -> Tokeniser:
    return Tokeniser(load_settings(booth.settings_file), Log("test"), SystemClock())


def test_funnel_is_written_now_and_then(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(program, "FUNNEL_INTERVAL_NS", 1)
    stop = threading.Event()
    with caplog.at_level(logging.INFO):
        thread = threading.Thread(target=made(booth).run, args=(stop,))
        thread.start()
        wait_until(lambda: caplog.messages.count("funnel") >= 2)
        stop.set()
        thread.join()
    assert caplog.messages[0] == "started"
    assert caplog.messages[-2:] == ["funnel", "stopped"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_death_of_the_delivering_thread_ends_the_process(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokeniser = made(booth)

    def break_down() -> None:
        raise MemoryError

    monkeypatch.setattr(tokeniser._delivery._thread, "_target", break_down)
    with pytest.raises(HandoffError, match="delivering thread has died"):
        tokeniser.run(threading.Event())
    assert not booth.readings_socket.exists()


def test_unforeseen_fault_is_logged_by_its_place_and_ends_the_process(booth: Booth) -> None:
    sabotage = """
import edge_lpr.tokeniser.relay as relay
def break_down(self):
    raise KeyError("B123ABC")
relay.Relay.forget_past_keys = break_down
"""
    with running_tokeniser(booth, sabotage=sabotage) as tokeniser:
        assert tokeniser.wait_for_exit() == 1
    (failure,) = (entry for entry in tokeniser.events() if entry["event"] == "failure")
    assert failure["kind"] == "KeyError"
    assert "__main__.py" in failure["detail"]
    assert "B123ABC" not in json.dumps(tokeniser.events())
