"""A real broker is absent, refuses, stands still, or is started again: nothing is lost."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.broker import Mosquitto
from tests.support.publisher_bench import (
    Consumer,
    PublisherProcess,
    TokeniserStandIn,
    publisher_process,
)

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Give a broker that does not run yet."""
    broker = Mosquitto(tmp_path)
    try:
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def running(
    broker: Mosquitto, tmp_path: Path
) -> Iterator[tuple[PublisherProcess, TokeniserStandIn]]:
    with publisher_process(tmp_path / "publisher", broker.port) as (process, tokeniser):
        tokeniser.greet()
        yield process, tokeniser


Running = tuple[PublisherProcess, TokeniserStandIn]


def test_broker_absent_at_the_start_gets_everything_when_it_comes(
    broker: Mosquitto, running: Running
) -> None:
    process, tokeniser = running
    tokeniser.hand_over(50)
    process.wait_for_event("broker_unreachable")
    assert process.events("broker_unreachable")[0]["reason"] == "Connection refused"
    broker.start()
    with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
        consumer.wait_for(tokeniser.handed_over)
        # Not once more than needed: the broker was there at the first message.
        assert len(consumer.payloads("sighting")) == 50


def test_broker_that_refuses_the_client_is_named_and_tried_again(
    broker: Mosquitto, running: Running
) -> None:
    process, tokeniser = running
    broker.configure(allow_anonymous=False)
    broker.start()
    tokeniser.hand_over(5)
    process.wait_for_event("broker_refused")
    assert process.events("broker_refused")[0]["reason"] == "Not authorized"
    broker.stop()
    broker.configure(allow_anonymous=True)
    broker.start()
    with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
        consumer.wait_for(tokeniser.handed_over, deadline_s=90)


def test_refusing_broker_does_not_keep_the_publisher_from_stopping(
    broker: Mosquitto, running: Running
) -> None:
    process, tokeniser = running
    broker.configure(allow_anonymous=False)
    broker.start()
    tokeniser.hand_over(5)
    process.wait_for_event("broker_refused")
    assert process.stop() == 0
    assert process.counters()["unsent"] == 5


def test_broker_that_stands_still_gets_everything_when_it_goes_on(
    broker: Mosquitto, running: Running
) -> None:
    process, tokeniser = running
    broker.start()
    with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
        process.wait_for_event("broker_connected")
        broker.freeze()
        # More than fits into the window; the tokeniser must not notice.
        tokeniser.hand_over(100)
        assert consumer.distinct() == 0
        broker.thaw()
        consumer.wait_for(tokeniser.handed_over)


@pytest.mark.parametrize("mqtt_version", ["5", "3.1.1"])
def test_broker_restarted_while_sightings_flow_gets_everything(
    broker: Mosquitto, tmp_path: Path, mqtt_version: str
) -> None:
    broker.start()
    with publisher_process(tmp_path / "publisher", broker.port, mqtt_version=mqtt_version) as (
        process,
        tokeniser,
    ):
        tokeniser.greet()
        with closing(
            Consumer(broker.port, tokeniser.signer, mqtt_version=mqtt_version)
        ) as consumer:
            process.wait_for_event("broker_connected")
            for _ in range(3):
                tokeniser.hand_over(20)
                broker.stop()
                tokeniser.hand_over(20)
                broker.start()
            consumer.wait_for(tokeniser.handed_over, deadline_s=90)


def test_broker_that_forgot_everything_is_told_the_birth_again(
    broker: Mosquitto, running: Running
) -> None:
    process, tokeniser = running
    broker.configure(is_persistent=False)
    broker.start()
    process.wait_for_event("broker_connected")
    broker.kill()
    broker.start()
    process.wait_for_event("broker_connected", 2, deadline_s=90)
    tokeniser.hand_over(1)
    with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
        consumer.wait_for_kinds({"birth", "status"})
        assert consumer.payloads("birth") == [tokeniser.signer.birth()]
