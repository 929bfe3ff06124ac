"""A process ends with a status that says whether starting it again can help."""

import json
import os
import signal
from pathlib import Path

import pytest

from edge_lpr.core.errors import (
    BrokerError,
    EdgeLprError,
    FrameSourceError,
    KeyFileError,
    ModelError,
    NoSuchSourceError,
)
from edge_lpr.core.log import Log
from edge_lpr.core.service import EXIT_FAILURE, EXIT_MISCONFIGURED, StopRequest, run_service
from edge_lpr.core.settings import BoothSettings

TEMPLATE = Path(__file__).parents[3] / "firmware_config" / "booth.toml"
ARGUMENTS = ["--settings", str(TEMPLATE)]


def work_in_peace(settings: BoothSettings, log: Log, stop: StopRequest) -> None:
    del settings, log, stop


def test_orderly_end_is_status_0() -> None:
    assert run_service("vision", "", work_in_peace, ARGUMENTS) == 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(KeyFileError("no key"), EXIT_MISCONFIGURED, id="key file"),
        pytest.param(ModelError("no model"), EXIT_MISCONFIGURED, id="model"),
        pytest.param(NoSuchSourceError("no file"), EXIT_MISCONFIGURED, id="no such source"),
        pytest.param(FrameSourceError("no camera"), EXIT_FAILURE, id="silent camera"),
        pytest.param(BrokerError("no broker"), EXIT_FAILURE, id="other fault of ours"),
    ],
)
def test_own_fault_is_told_in_its_sentence(
    error: EdgeLprError, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(settings: BoothSettings, log: Log, stop: StopRequest) -> None:
        del settings, log, stop
        raise error

    assert run_service("vision", "", fail, ARGUMENTS) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["detail"] == str(error)


def test_foreign_fault_is_told_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(settings: BoothSettings, log: Log, stop: StopRequest) -> None:
        del settings, log, stop
        int("secret words")

    assert run_service("vision", "", fail, ARGUMENTS) == EXIT_FAILURE
    assert "secret words" not in capsys.readouterr().err


def test_missing_settings_are_no_reason_to_try_again() -> None:
    assert run_service("vision", "", work_in_peace, ["--settings", "/none"]) == EXIT_MISCONFIGURED


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_signal_asks_for_an_orderly_stop(signal_number: signal.Signals) -> None:
    heard: list[str] = []

    def be_stopped(settings: BoothSettings, log: Log, stop: StopRequest) -> None:
        del settings, log
        stop.tell(lambda: heard.append("early"))
        os.kill(os.getpid(), signal_number)
        stop.event.wait(5)
        stop.tell(lambda: heard.append("late"))

    handler = signal.getsignal(signal_number)
    assert run_service("vision", "", be_stopped, ARGUMENTS) == 0
    assert heard == ["early", "late"]
    assert signal.getsignal(signal_number) is handler
