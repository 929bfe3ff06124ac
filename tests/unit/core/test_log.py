"""A log line holds what the allow-list names, and nothing a library or an exception quotes."""

import json
import logging

import pytest

from edge_lpr.core.errors import FrameSourceError
from edge_lpr.core.log import Log, start_logging


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging()
    Log("vision").info("camera_opened", width_px=1280, height_px=720)
    (line,) = lines(capsys)
    assert line["process"] == "vision"
    assert line["event"] == "camera_opened"
    assert line["width_px"] == 1280


def test_field_outside_the_allow_list_is_refused() -> None:
    with pytest.raises(ValueError, match="allow-list"):
        Log("vision").info("read", plate="whatever")


def test_library_messages_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("DEBUG")
    logging.getLogger("paho").warning("payload was %s", "secret words")
    (line,) = lines(capsys)
    assert line["library"] == "paho"
    assert "secret words" not in json.dumps(line)


def test_own_errors_are_logged_with_their_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging()
    Log("vision").failure(FrameSourceError("camera 0 cannot be opened; is it plugged in?"))
    (line,) = lines(capsys)
    assert line["detail"] == "camera 0 cannot be opened; is it plugged in?"


def test_foreign_errors_are_logged_without_their_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    start_logging()
    try:
        int("secret words")
    except ValueError as error:
        Log("vision").failure(error)
    (line,) = lines(capsys)
    assert line["kind"] == "ValueError"
    assert "test_log.py" in str(line["detail"])
    assert "secret words" not in json.dumps(line)


def test_long_words_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging()
    Log("vision").info("camera_opened", address="x" * 1000)
    (line,) = lines(capsys)
    assert len(str(line["address"])) == 600


class _FailingFinalizer:
    def __del__(self) -> None:
        raise ValueError(self.__class__.words)

    words = "secret words"


def test_fault_that_nobody_could_catch_is_logged_without_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    start_logging()
    _FailingFinalizer()
    (line,) = lines(capsys)
    assert line["kind"] == "ValueError"
    assert "secret words" not in json.dumps(line)
