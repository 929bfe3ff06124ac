"""The publisher is killed, again and again, while sightings flow through it."""

import random
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.broker import running_mosquitto
from tests.support.publisher_bench import Consumer, publisher_process

pytestmark = pytest.mark.broker

KILLS = 30
SEED = 20_454


def test_nothing_is_lost_or_doubled_when_the_publisher_is_killed(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - moments of a test, repeatable
    with (
        running_mosquitto(tmp_path) as broker,
        publisher_process(tmp_path / "publisher", broker.port) as (process, tokeniser),
        closing(Consumer(broker.port, tokeniser.signer)) as consumer,
    ):
        is_over = threading.Event()

        def drive() -> None:
            tokeniser.greet()
            while not is_over.is_set():
                tokeniser.hand_over(1)

        driver = threading.Thread(target=drive)
        driver.start()
        try:
            for kill in range(1, KILLS + 1):
                # Any step: opening, greeting, committing, acknowledging, sending, marking.
                process.wait_for_event("started", kill)
                is_over.wait(chance.uniform(0.0, 0.4))
                process.kill()
                process.start()
        finally:
            is_over.set()
            driver.join()
        assert len(tokeniser.handed_over) > KILLS
        consumer.wait_for(tokeniser.handed_over)
        assert process.stop() == 0
        assert process.counters()["unsent"] == 0
        assert process.events("failure") == []


def test_commit_comes_before_the_acknowledgement(tmp_path: Path) -> None:
    # No broker: what is acknowledged can only be in the outbox.
    with publisher_process(tmp_path / "publisher", 1) as (process, tokeniser):
        tokeniser.greet()
        for handed_over in range(1, 6):
            tokeniser.hand_over(1)
            process.kill()
            process.start()
            tokeniser.close()
            tokeniser.greet()
            assert process.stop() == 0
            assert process.counters()["unsent"] == handed_over
            process.start()
