"""The broker dies before it acknowledges, says no, or says nothing."""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import OutboxDamagedError, OutboxError
from edge_lpr.publisher.session import PUBACK_TIMEOUT_S
from tests.support.scripted_broker import PUBLISH
from tests.support.session_bench import BOTH_VERSIONS, SessionBench, logged

QUOTA_EXCEEDED, NO_SUBSCRIBERS = 0x97, 0x10


@pytest.fixture
def mqtt_version() -> str:
    """Give the version of tests that are not run for both."""
    return "5"


@pytest.fixture
def bench(
    tmp_path: Path, mqtt_version: str, caplog: pytest.LogCaptureFixture
) -> Iterator[SessionBench]:
    caplog.set_level(logging.DEBUG)
    with closing(SessionBench(tmp_path, mqtt_version)) as bench:
        yield bench


@BOTH_VERSIONS
def test_broker_dying_between_publish_and_puback_gets_the_sighting_again(
    bench: SessionBench,
) -> None:
    bench.add(3)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 3)
    bench.broker.acknowledge(bench.broker.sightings()[0])
    bench.turn_until(lambda: bench.outbox.unsent_count == 2)
    bench.broker.hang_up()
    bench.broker.forget()
    bench.turn_a_while()
    bench.clock.advance_s(61)
    bench.connect()
    bench.broker.accept_client()
    bench.turn_until(lambda: len(bench.broker.publishes()) >= 4)
    assert [(each.payload, each.is_duplicate) for each in bench.broker.sightings()] == [
        (b"2", True),
        (b"3", True),
    ]
    assert bench.outbox.unsent_count == 2
    for publish in bench.broker.publishes():
        bench.broker.acknowledge(publish)
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)
    assert len(bench.sent()) == 2


def test_refused_sighting_stays_unsent_and_is_sent_again_later(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.broker.acknowledge(bench.broker.sightings()[0], reason=QUOTA_EXCEEDED)
    bench.turn_until(lambda: bench.session.counters.refused_by_broker == 1)
    bench.turn_a_while()
    assert bench.sent() == [b"1"]
    assert bench.outbox.unsent_count == 1
    (line,) = logged(caplog, "sighting_refused")
    assert line["reason"] == "Quota exceeded"
    assert "raise the broker's quota" in str(line["detail"])
    bench.clock.advance_s(1)
    bench.turn_until(lambda: bench.sent() == [b"1", b"1"])
    bench.broker.acknowledge(bench.broker.sightings()[1])
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)
    assert bench.session.counters.published == 1


def test_broker_that_refuses_all_is_not_hammered(bench: SessionBench) -> None:
    bench.add(40)
    bench.announce()
    answered = 0
    for _ in range(60):
        bench.turn_a_while(3)
        for sighting in bench.broker.sightings()[answered:]:
            bench.broker.acknowledge(sighting, reason=QUOTA_EXCEEDED)
            answered += 1
        bench.turn_a_while(3)
        bench.clock.advance_s(1)
    # 16 at 0, 1, 3, 7, 15, 31 s; never the younger ones before the older ones.
    assert 5 * 16 <= answered <= 7 * 16
    assert set(bench.sent()) == {b"%d" % seq for seq in range(1, 17)}


def test_one_sighting_that_is_never_taken_does_not_hold_the_others(bench: SessionBench) -> None:
    bench.add(30)
    bench.announce()
    answered = 0
    for _ in range(12):
        bench.turn_a_while()
        for sighting in bench.broker.sightings()[answered:]:
            is_poison = sighting.payload == b"5"
            bench.broker.acknowledge(sighting, reason=QUOTA_EXCEEDED if is_poison else 0)
            answered += 1
        bench.turn_a_while()
        bench.clock.advance_s(1)
    assert bench.outbox.unsent_count == 1
    assert 3 <= bench.sent().count(b"5") <= 5


def test_puback_that_nobody_subscribes_is_a_success(bench: SessionBench) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.broker.acknowledge(bench.broker.sightings()[0], reason=NO_SUBSCRIBERS)
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)


def test_broker_that_stops_acknowledging_is_left(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.clock.advance_s(PUBACK_TIMEOUT_S - 1)
    bench.turn_a_while()
    assert bench.session.is_connected
    bench.clock.advance_s(2)
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_unreachable")
    assert line["reason"] == "the broker does not acknowledge messages"
    assert bench.outbox.unsent_count == 1


def test_no_more_is_on_its_way_than_the_broker_takes(bench: SessionBench) -> None:
    bench.add(40)
    bench.connect()
    # Receive Maximum 8.
    bench.broker.accept_client(properties=bytes([0x21, 0x00, 0x08]))
    bench.turn_until(lambda: len(bench.announcements()) == 2)
    for publish in bench.announcements():
        bench.broker.acknowledge(publish)
    bench.turn_until(lambda: len(bench.sent()) > 0)
    bench.turn_a_while()
    assert len(bench.sent()) <= 8


@pytest.mark.parametrize("receive_maximum", [1, 2, 5])
def test_broker_that_takes_few_messages_at_once_gets_no_more(
    bench: SessionBench, receive_maximum: int
) -> None:
    def connect() -> None:
        bench.broker.forget()
        bench.connect()
        bench.broker.accept_client(properties=bytes([0x21, 0x00, receive_maximum]))

    def answer(number: int) -> None:
        """Acknowledge a message, the first has number 0, after seeing how many have come."""
        bench.turn_until(lambda: len(bench.broker.publishes()) > number)
        bench.turn_a_while(3)
        assert len(bench.broker.publishes()) <= number + receive_maximum
        bench.broker.acknowledge(bench.broker.publishes()[number])

    bench.add(10)
    connect()
    for number in range(4):
        answer(number)
    bench.turn_until(lambda: len(bench.sent()) > 2)
    bench.broker.hang_up()
    bench.turn_until(lambda: not bench.session.is_connected)
    bench.clock.advance_s(61)
    connect()
    # Status, birth, and the eight sightings that were not acknowledged.
    for number in range(10):
        answer(number)
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)


def test_sighting_expires_after_a_week_and_the_birth_never(bench: SessionBench) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bodies = {
        kind: packet.body
        for packet in bench.broker.packets
        if packet.kind == PUBLISH
        for kind in (b"birth", b"status", b"sighting")
        if packet.body.partition(b"booth-1/")[2].startswith(kind)
    }
    expiry = bytes([0x02]) + (7 * 86_400).to_bytes(4, "big")
    assert expiry in bodies[b"sighting"]
    assert expiry not in bodies[b"birth"] + bodies[b"status"]


def test_puback_is_remembered_while_the_disk_is_full(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.outbox.error = OutboxError("the disk is full")
    bench.broker.acknowledge(bench.broker.sightings()[0])
    bench.turn_until(lambda: len(logged(caplog, "failure")) == 1)
    bench.turn_a_while()
    assert len(logged(caplog, "failure")) == 1
    bench.outbox.error = None
    bench.clock.advance_s(11)
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)
    assert bench.sent() == [b"1"]


def test_damaged_outbox_ends_the_session(bench: SessionBench) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.outbox.error = OutboxDamagedError("its pages contradict each other")
    bench.broker.acknowledge(bench.broker.sightings()[0])
    with pytest.raises(OutboxDamagedError):
        bench.turn_until(lambda: False)
