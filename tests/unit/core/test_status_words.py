"""A process says nothing but what is listed, and nothing else is read."""

import contextlib
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.status_words import SENTENCES, Saying, StatusWords, read_status
from tests.support.clock import SetClock


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where the service manager listens."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def heard(manager: socket.socket) -> list[str]:
    """Return what has come since the last call."""
    notices = []
    with contextlib.suppress(BlockingIOError):
        while True:
            notices.append(manager.recv(4096).decode())
    return notices


def test_what_is_said_is_read_again(manager: socket.socket) -> None:
    words = StatusWords(ServiceNotifier(), SetClock())
    said: dict[Saying, str] = {"models_loaded": "", "camera_delivers": "10"}
    words.say(said)
    (notice,) = heard(manager)
    assert notice == "STATUS=models loaded; camera delivers 10 frames a second"
    assert read_status(notice.removeprefix("STATUS=")) == said


def test_every_sentence_is_read_as_itself_alone() -> None:
    values = {"{number}": "7", "{date}": "2026-11-30", "{time}": "12:01:03"}
    for saying, sentence in SENTENCES.items():
        text, value = sentence, ""
        for place, example in values.items():
            value = example if place in sentence else value
            text = text.replace(place, example)
        assert read_status(text) == {saying: value}


def test_same_words_are_said_once_and_others_not_too_fast(manager: socket.socket) -> None:
    clock = SetClock()
    words = StatusWords(ServiceNotifier(), clock)
    for number in range(100):
        words.say({"unsent": str(number)})
    assert len(heard(manager)) == 1
    clock.advance_s(1)
    words.say({"unsent": "99"})
    words.say({"unsent": "99"})
    assert heard(manager) == ["STATUS=99 sightings wait"]


def test_step_of_a_start_is_said_at_once(manager: socket.socket) -> None:
    words = StatusWords(ServiceNotifier(), SetClock())
    words.say({"models_loading": ""}, is_step=True)
    words.say({"models_loaded": ""}, is_step=True)
    assert len(heard(manager)) == 2


@pytest.mark.parametrize("value", ["AB123CD", "1; broker reached", "\n", "1234567890", ""])
def test_nothing_but_a_number_can_stand_for_a_number(value: str) -> None:
    with pytest.raises(ValueError, match="nothing else"):
        StatusWords(ServiceNotifier(), SetClock()).say({"unsent": value})


@pytest.mark.parametrize(
    "text",
    [
        "AB123CD",
        "camera delivers AB123CD frames a second",
        "models loaded\n; broker reached now",
        "\x1b[2J",
        "x" * 10_000 + "; models loaded",
    ],
)
def test_what_is_not_listed_is_not_read(text: str) -> None:
    assert read_status(text) == {}
