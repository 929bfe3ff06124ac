"""The disk under the outbox fails while the publisher runs, and works again later.

Real errors of the calls that SQLite makes, from ``tests/reliability/shims/fail_disk.c``. A folder
that is full or read-only for the kernel itself is in ``test_outbox_disk.py``.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.sighting_message import pack_sighting
from tests.reliability.faulty_disk import DiskOrder, FaultyDisk
from tests.support.broker import Mosquitto, running_mosquitto
from tests.support.publisher_bench import Consumer, PublisherProcess, TokeniserStandIn
from tests.support.signer import Signer

pytestmark = pytest.mark.broker

ALARM_S = 60


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def publisher(tmp_path: Path, broker: Mosquitto) -> Iterator[PublisherProcess]:
    with closing(PublisherProcess(tmp_path / "publisher", broker.port)) as process:
        yield process


@pytest.fixture
def disk(tmp_path: Path, publisher: PublisherProcess) -> FaultyDisk:
    return FaultyDisk(publisher.outbox_file, tmp_path)


@pytest.mark.parametrize(
    "order",
    [
        DiskOrder.BE_FULL,
        DiskOrder.BE_READ_ONLY,
        DiskOrder.FAIL_TO_WRITE,
        DiskOrder.FAIL_TO_SYNC,
    ],
    ids=lambda order: order.name.lower(),
)
def test_nothing_is_acknowledged_that_the_disk_did_not_take(
    publisher: PublisherProcess, disk: FaultyDisk, broker: Mosquitto, order: DiskOrder
) -> None:
    publisher.start(environment=disk.environment)
    with (
        closing(TokeniserStandIn(publisher.socket_path, Signer())) as tokeniser,
        closing(Consumer(broker.port, tokeniser.signer)) as consumer,
    ):
        # Its birth is committed; with a sighting on its way the session would wait ten seconds.
        tokeniser.greet()
        disk.order(order)
        message = pack_sighting(1, tokeniser.signer.sighting())
        for _ in range(3):
            with pytest.raises(HandoffError):
                tokeniser.exchange(message)
            tokeniser.close()
        publisher.wait_for_event("failure", deadline_s=ALARM_S)
        assert publisher.events("failure")[0]["kind"] == "OutboxError"
        disk.order(DiskOrder.WORK)
        tokeniser.hand_over_again(message)
        tokeniser.handed_over.append((tokeniser.signer.boot, 1))
        tokeniser.hand_over(2)
        consumer.wait_for(tokeniser.handed_over)
        # One start: it never went down.
        assert len(publisher.events("started")) == 1
        assert publisher.stop() == 0


def test_outbox_that_cannot_be_read_is_not_taken_for_a_damaged_one(
    publisher: PublisherProcess, disk: FaultyDisk, broker: Mosquitto
) -> None:
    broker.stop()
    publisher.start(environment=disk.environment)
    with closing(TokeniserStandIn(publisher.socket_path, Signer())) as tokeniser:
        tokeniser.greet()
        tokeniser.hand_over(3)
        publisher.kill()
        disk.order(DiskOrder.FAIL_TO_READ)
        publisher.start(environment=disk.environment)
        assert publisher.wait() == 1
        assert "cannot be used" in str(publisher.events("failure")[-1]["detail"])
        disk.order(DiskOrder.WORK)
        broker.start()
        publisher.start(environment=disk.environment)
        with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
            consumer.wait_for(tokeniser.handed_over)
    assert not list(publisher.folder.glob("*.damaged-*"))
