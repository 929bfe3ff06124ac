"""A publisher that dies, stalls or talks nonsense loses no sighting and doubles none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.log import Log
from edge_lpr.handoff.seqpacket import Listener
from edge_lpr.tokeniser import delivery as delivery_module
from edge_lpr.tokeniser.delivery import Delivery
from edge_lpr.tokeniser.funnel import Funnel
from tests.support.passages import PASSAGE, boot_of
from tests.support.scripted_publisher import accepted, listening
from tests.support.waiting import wait_until

DEADLINE_S = 10.0


@pytest.fixture
def funnel() -> Funnel:
    return Funnel()


@pytest.fixture
def delivery(tmp_path: Path, funnel: Funnel) -> Iterator[Delivery]:
    """Deliver one sighting."""
    clock = SystemClock()
    delivery = Delivery(
        tmp_path / "sightings.sock",
        10,
        boot=boot_of(),
        funnel=funnel,
        complaints=Complaints(Log("test"), clock),
        clock=clock,
    )
    delivery.offer(PASSAGE, timeout_s=0)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.finish(0)


@pytest.fixture
def listener(tmp_path: Path, delivery: Delivery) -> Iterator[Listener]:
    del delivery
    with listening(tmp_path / "sightings.sock") as open_listener:
        yield open_listener


def test_sighting_is_sent_again_when_the_publisher_dies_after_its_commit(
    listener: Listener, funnel: Funnel
) -> None:
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        committed = publisher.take_sighting()
    with accepted(listener) as restarted:
        restarted.say_hello(committed.untrusted_jws)
        restarted.take_birth()
        # Byte for byte, so that the publisher knows it by boot and number.
        assert restarted.commit_sighting() == committed
        wait_until(lambda: funnel.counters()["delivered"] == 1)
        assert restarted.has_nothing_to_take()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"A" + bytes(7) + b"\x02", id="for another sighting"),
        pytest.param(b"X" + bytes(7) + b"\x01", id="of an unknown kind"),
        pytest.param(b"A", id="without a number"),
        pytest.param(b"A" * 600, id="too long"),
    ],
)
def test_wrong_answer_commits_nothing(
    listener: Listener, funnel: Funnel, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with accepted(listener) as confused:
        confused.say_hello()
        confused.take_birth()
        sighting = confused.take_sighting()
        confused.connection.send(answer)
        with accepted(listener) as sound:
            sound.say_hello()
            sound.take_birth()
            assert sound.take_sighting() == sighting
    assert funnel.counters()["delivered"] == 0
    assert "publisher_at_fault" in caplog.messages


def test_publisher_that_commits_nothing_in_time_is_asked_again(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "ANSWER_TIMEOUT_S", 0.3)
    with accepted(listener) as stalled:
        stalled.say_hello()
        stalled.take_birth()
        sighting = stalled.take_sighting()
        with accepted(listener) as again:
            again.say_hello()
            again.take_birth()
            assert again.commit_sighting() == sighting


def test_sighting_refused_for_good_holds_up_no_other(
    listener: Listener, delivery: Delivery, funnel: Funnel
) -> None:
    delivery.offer(PASSAGE, timeout_s=DEADLINE_S)
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        publisher.take_sighting()
        publisher.answer(1, is_committed=False)
        assert publisher.commit_sighting().sequence_number == 2
        wait_until(lambda: funnel.counters()["delivered"] == 1)
    assert funnel.counters()["refused_by_publisher"] == 1


def test_refused_birth_lets_no_sighting_pass(listener: Listener) -> None:
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take()
        publisher.answer(0, is_committed=False)
        with accepted(listener) as again:
            again.say_hello()
            again.take_birth()
            assert again.commit_sighting().sequence_number == 1


@pytest.mark.parametrize("hello", [b"X", b"A" + bytes(8), b"H" + b"s" * 513, b"H" + b"s" * 600])
def test_hello_that_is_none_starts_the_connection_anew(listener: Listener, hello: bytes) -> None:
    with accepted(listener) as confused:
        confused.connection.send(hello)
        with accepted(listener) as sound:
            sound.say_hello()
            sound.take_birth()
            assert sound.commit_sighting().sequence_number == 1


def test_hello_with_a_foreign_sighting_does_not_stop_the_deliveries(listener: Listener) -> None:
    with accepted(listener) as publisher:
        publisher.say_hello(b"header.payload.signature")
        publisher.take_birth()
        assert publisher.commit_sighting().sequence_number == 1


def test_publisher_that_chatters_while_idle_is_hung_up_on(listener: Listener) -> None:
    with accepted(listener) as chatty:
        chatty.say_hello()
        chatty.take_birth()
        chatty.commit_sighting()
        chatty.say_hello()
        with accepted(listener) as sound:
            sound.say_hello()
            sound.take_birth()
            assert sound.has_nothing_to_take()
