"""A thread of the publisher hangs: the process ends by itself, and the next one goes on."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.watchdog import HANG_LIMIT_S
from edge_lpr.handoff.sighting_message import pack_sighting
from tests.support.broker import Mosquitto, running_mosquitto
from tests.support.publisher_bench import Consumer, PublisherProcess, TokeniserStandIn
from tests.support.signer import Signer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

RECOVERED_S = 15.0
"""From the hang to the next process's session."""


class HangingPublisher(PublisherProcess):
    """Hangs as it is told, once ``flag`` is there."""

    how = "politely"
    thread = "session"

    @property
    def flag(self) -> Path:
        return self.folder / "hang"

    @property
    def program(self) -> list[str]:
        if self.flag.exists():
            # What hung has been repaired by the restart.
            self.flag.unlink()
        return ["tests.support.hanging_publisher", self.how, self.thread, str(self.flag)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def publisher(broker: Mosquitto, tmp_path: Path) -> Iterator[HangingPublisher]:
    with closing(HangingPublisher(tmp_path / "publisher", broker.port)) as publisher:
        yield publisher


@pytest.mark.parametrize("thread", ["session", "relay"])
def test_hanging_thread_is_named_and_the_next_process_goes_on(
    broker: Mosquitto, publisher: HangingPublisher, thread: str
) -> None:
    publisher.thread = thread
    publisher.start()
    with (
        closing(TokeniserStandIn(publisher.socket_path, Signer())) as tokeniser,
        closing(Consumer(broker.port, tokeniser.signer)) as consumer,
    ):
        tokeniser.greet()
        tokeniser.hand_over(3)
        consumer.wait_for(tokeniser.handed_over)
        publisher.flag.touch()
        began = time.monotonic()
        message = pack_sighting(4, tokeniser.signer.sighting())
        tokeniser.send(message)
        assert publisher.wait() == 1
        publisher.start()
        publisher.wait_for_event("broker_connected", 2)
        assert time.monotonic() - began < RECOVERED_S
        (line,) = publisher.events("thread_hangs")
        assert line["thread"] == thread
        assert "hanging_publisher.py" in str(line["detail"])
        tokeniser.hand_over_again(message)
        tokeniser.handed_over.append((tokeniser.signer.boot, 4))
        consumer.wait_for(tokeniser.handed_over)


def test_code_that_lets_no_thread_run_is_ended_too(publisher: HangingPublisher) -> None:
    publisher.how = "alone"
    publisher.start()
    publisher.wait_for_event("started")
    publisher.flag.touch()
    began = time.monotonic()
    assert publisher.wait() == 1
    # Counted from the watching thread's last turn, a moment before.
    assert HANG_LIMIT_S - 1 < time.monotonic() - began < RECOVERED_S
    # No thread could write a line of ours; the timer's own words name the place.
    text = publisher.log_file.read_text()
    assert "Timeout" in text
    assert "hanging_publisher.py" in text


def test_publisher_without_work_is_no_hanging_one(publisher: HangingPublisher) -> None:
    publisher.start()
    publisher.wait_for_event("started")
    idle_until = time.monotonic() + HANG_LIMIT_S + 2
    wait_until(lambda: time.monotonic() > idle_until)
    assert publisher.stop() == 0
    assert publisher.events("thread_hangs") == []
