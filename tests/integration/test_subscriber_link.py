"""The link against a broker that does what no real one would."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_lpr.core import broker_back_off
from edge_lpr.core.errors import BrokerError, BrokerRefusedError, SettingsError
from edge_lpr.subscriber import mqtt_link
from edge_lpr.subscriber.broker_url import BrokerUrl
from edge_lpr.subscriber.key_files import TlsFiles
from edge_lpr.subscriber.messages import Message
from edge_lpr.subscriber.mqtt_link import MqttLink
from edge_lpr.subscriber.paho_session import SessionWishes
from tests.support.scripted_broker import (
    CONNECT,
    DISCONNECT,
    PUBACK,
    PUBLISH,
    QOS_1,
    SUBSCRIBE,
    ScriptedBroker,
)
from tests.support.waiting import wait_until

TOPIC = "lpr/v1/tenant-a/lane-07/booth-1/sighting"


class Stage:
    """A link, and the broker that it talks to."""

    def __init__(self, broker: ScriptedBroker, link: MqttLink) -> None:
        self.broker = broker
        self.link = link

    def packets(self, kind: int) -> list[bytes]:
        return [packet.body for packet in self.broker.packets if packet.kind == kind]

    def wait_for(self, kind: int, count: int = 1) -> None:
        self.wait_until(lambda: len(self.packets(kind)) >= count)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Let the broker take what arrives until something holds."""

        def holds() -> bool:
            self.broker.poll()
            return condition()

        wait_until(holds)

    def let_in(self, *, reason: int = 1) -> None:
        """Accept the next connection and its subscription."""
        before = len(self.packets(SUBSCRIBE))
        self.wait_for(CONNECT, before + 1)
        self.broker.accept_client()
        self.wait_for(SUBSCRIBE, before + 1)
        self.broker.grant(self.broker.subscriptions()[-1], reason=reason)

    def taken(self) -> Message:
        """Return the next message."""
        messages: list[Message | None] = []

        def has_come() -> bool:
            messages[:] = [self.link.take()]
            return messages != [None]

        self.wait_until(has_come)
        assert messages[0] is not None
        return messages[0]

    def is_refused(self, sentence: str) -> None:
        """Check that the link gives up with a sentence."""
        self.wait_until(lambda: self.link.trouble is not None)
        with pytest.raises(BrokerRefusedError, match=sentence):
            self.link.is_ready()


@contextmanager
def running_stage(mqtt_version: str = "5") -> Iterator[Stage]:
    broker = ScriptedBroker(mqtt_version=mqtt_version)
    wishes = SessionWishes("server", True, mqtt_version == "5", [(TOPIC, 1)])  # noqa: FBT003
    url = BrokerUrl("127.0.0.1", broker.port, is_tls=False)
    link = MqttLink(url, TlsFiles(None, None, None), wishes)
    link.start()
    try:
        yield Stage(broker, link)
    finally:
        link.close()
        broker.close()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(broker_back_off, "SHORTEST_WAIT_S", 0.01)
    with running_stage() as running:
        yield running


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_broker_that_refuses_the_session_is_quoted(version: str) -> None:
    with running_stage(version) as stage:
        stage.wait_for(CONNECT)
        stage.broker.accept_client(reason=135 if version == "5" else 5)
        stage.is_refused("refused .Not authorized.*must be let in by the broker's configuration")


def test_broker_that_refuses_the_subscription_is_named(stage: Stage) -> None:
    stage.let_in(reason=135)
    stage.is_refused(f"does not let this consumer read {TOPIC}")


def test_broker_that_answers_nothing_is_none(stage: Stage) -> None:
    stage.wait_for(CONNECT)
    stage.broker.hang_up()
    stage.is_refused("closed the connection without an answer")


def test_broker_that_sends_more_than_the_contract_is_left(stage: Stage) -> None:
    stage.let_in()
    stage.wait_until(stage.link.is_ready)
    stage.broker.send_octets(bytes([PUBLISH | QOS_1, 0xFF, 0xFF, 0xFF, 0x7F]))
    stage.wait_until(lambda: "more than 8192 bytes" in str(stage.link.trouble))


def test_consumer_that_was_thrown_out_is_told_by_whom(stage: Stage) -> None:
    stage.let_in()
    stage.wait_until(stage.link.is_ready)
    stage.broker.send(DISCONNECT, bytes([142, 0]))
    stage.wait_until(
        lambda: "with the same certificate or the same name" in str(stage.link.trouble)
    )


def test_reason_for_which_a_broker_ends_a_session_is_told(stage: Stage) -> None:
    stage.let_in()
    stage.wait_until(stage.link.is_ready)
    stage.broker.send(DISCONNECT, bytes([139, 0]))
    stage.wait_until(lambda: "ended the session (Server shutting down)" in str(stage.link.trouble))


@pytest.mark.parametrize(
    "body",
    [b"", b"\0", b"\0\x04ab", b"\0\x01a\0\1\x80", b"\0\x01a\0\1\x7fabc"],
    ids=["empty", "no topic", "short topic", "no length", "short properties"],
)
def test_publish_that_ends_too_early_ends_the_connection(stage: Stage, body: bytes) -> None:
    stage.let_in()
    stage.wait_until(stage.link.is_ready)
    stage.broker.send(PUBLISH | QOS_1, body)
    stage.wait_until(lambda: stage.link.trouble is not None)
    assert stage.link.take() is None


def test_quality_of_service_that_nobody_asked_for_ends_the_connection(stage: Stage) -> None:
    stage.let_in()
    stage.wait_until(stage.link.is_ready)
    stage.broker.send(PUBLISH | 0x04, b"\0\x01a\0\x01\0payload")
    stage.wait_until(lambda: stage.link.trouble is not None)
    assert stage.link.take() is None


def test_message_of_an_impossible_topic_is_delivered_and_none_of_the_contract(
    stage: Stage,
) -> None:
    stage.let_in()
    stage.broker.send(PUBLISH | QOS_1, b"\0\x01\xff\0\x01\0payload")
    message = stage.taken()
    assert (message.untrusted_topic, message.untrusted_payload) == ("", b"payload")


def test_message_is_acknowledged_when_it_is_told(stage: Stage) -> None:
    stage.let_in()
    stage.broker.publish(TOPIC, b"one", message_id=7)
    message = stage.taken()
    assert stage.packets(PUBACK) == []
    message.acknowledge()
    stage.wait_for(PUBACK)
    assert struct.unpack("!H", stage.packets(PUBACK)[0][:2]) == (7,)


def test_properties_of_any_length_are_passed_over(stage: Stage) -> None:
    stage.let_in()
    reason = b"\x1f\0\xc0" + b"r" * 192
    body = b"\0\x01a\0\x01" + bytes([len(reason) & 0x7F | 0x80, len(reason) >> 7]) + reason
    stage.broker.send(PUBLISH | QOS_1, body + b"payload")
    assert stage.taken().untrusted_payload == b"payload"


def test_retained_messages_are_fetched_by_subscribing_once_more(stage: Stage) -> None:
    stage.let_in()
    stage.wait_until(stage.link.is_ready)
    stage.link.fetch("lpr/v1/+/+/+/birth")
    stage.wait_for(SUBSCRIBE, 2)
    again = stage.broker.subscriptions()[-1]
    assert (again.topic, again.qos) == ("lpr/v1/+/+/+/birth", 0)
    stage.broker.grant(again, reason=135)
    stage.broker.publish(TOPIC, b"one", message_id=7)
    assert stage.taken().untrusted_payload == b"one"
    assert stage.link.trouble is None


def test_old_acknowledgement_is_not_taken_for_another_message(stage: Stage) -> None:
    stage.let_in()
    stage.broker.publish(TOPIC, b"one", message_id=1)
    old = stage.taken()
    stage.broker.hang_up()
    stage.let_in()
    stage.broker.publish(TOPIC, b"two", message_id=1)
    new = stage.taken()
    old.acknowledge()
    stage.broker.publish(TOPIC, b"three", message_id=2)
    stage.taken().acknowledge()
    stage.wait_for(PUBACK)
    new.acknowledge()
    stage.wait_for(PUBACK, 2)
    acknowledged = [struct.unpack("!H", body[:2])[0] for body in stage.packets(PUBACK)]
    assert acknowledged == [2, 1]


def test_what_waits_to_be_acknowledged_is_at_the_end(stage: Stage) -> None:
    stage.let_in()
    stage.broker.publish(TOPIC, b"one", message_id=1)
    stage.taken().acknowledge()
    stage.link.close()
    stage.wait_for(DISCONNECT)
    assert len(stage.packets(PUBACK)) == 1


def test_no_more_is_read_than_somebody_takes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_link, "_MAXIMUM_WAITING", 2)
    stage.let_in()
    for number in range(1, 9):
        stage.broker.publish(TOPIC, b"x" * 100, message_id=number)
    assert [stage.taken().untrusted_payload for _ in range(8)] == [b"x" * 100] * 8


def test_message_of_quality_0_needs_no_acknowledgement(stage: Stage) -> None:
    stage.let_in()
    stage.broker.send(PUBLISH | 0x01, b"\0\x01a\0payload")
    message = stage.taken()
    assert message.is_retained
    message.acknowledge()
    stage.link.close()
    stage.wait_for(DISCONNECT)
    assert stage.packets(PUBACK) == []


def test_failure_of_the_thread_is_told_to_whoever_takes_messages(stage: Stage) -> None:
    stage.let_in()
    stage.wait_until(stage.link.is_ready)
    # What the MQTT library does not take, it raises about in the link's thread.
    stage.link.publish(TOPIC, object())  # type: ignore[arg-type]
    with pytest.raises(BrokerError, match=r"thread has failed \(TypeError in .* start this"):
        stage.taken()
    with pytest.raises(BrokerError, match="thread has failed"):
        stage.link.is_ready()
    stage.link.wait(timeout_s=60)
    stage.link.close()


@pytest.mark.parametrize(
    ("name", "files", "complaint"),
    [
        pytest.param("a", TlsFiles(None, Path("c"), Path("k")), "write mqtts://", id="certificate"),
        pytest.param("a" * 129, TlsFiles(None, None, None), "1 to 128 characters", id="long name"),
        pytest.param("", TlsFiles(None, None, None), "1 to 128 characters", id="no name"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_connected(
    name: str, files: TlsFiles, complaint: str
) -> None:
    wishes = SessionWishes(name, keeps_place=True, is_mqtt5=True, subscriptions=[(TOPIC, 1)])
    with pytest.raises(SettingsError, match=complaint):
        MqttLink(BrokerUrl("127.0.0.1", 1, is_tls=False), files, wishes)
