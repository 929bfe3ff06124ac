"""The broker misbehaves in ways that a real one does only when something else breaks."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import OutboxDamagedError, OutboxError
from edge_lpr.core.log import Log
from edge_lpr.publisher.broker_address import BrokerAddress
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.session import CONNACK_TIMEOUT_S, PUBACK_TIMEOUT_S, BrokerSession
from edge_lpr.publisher.wake_up import WakeUp
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import SetClock
from tests.support.scripted_broker import CONNACK, DISCONNECT, PUBLISH, Publish, ScriptedBroker
from tests.support.waiting import wait_until

BOOT = "00112233445566aa"
LATER_BOOT = "00112233445566bb"
NOT_AUTHORISED, QUOTA_EXCEEDED, NO_SUBSCRIBERS = 0x87, 0x97, 0x10
BOTH_VERSIONS = pytest.mark.parametrize("mqtt_version", ["5", "3.1.1"])


class UnreliableOutbox(Outbox):
    """Fails when told to, as on a full disk."""

    error: OutboxError | None = None

    def mark_sent(self, places: "list[int]") -> None:  # type: ignore[override]
        if self.error is not None:
            raise self.error
        super().mark_sent(places)


class Bench:
    """A session in the test's thread, turn by turn, with the scripted broker."""

    def __init__(self, folder: Path, mqtt_version: str) -> None:
        self.clock = SetClock()
        self.outbox = UnreliableOutbox(
            folder / "outbox.sqlite3", Log("test"), maximum_unsent=1000, keep_sent=1000
        )
        self.outbox.store_birth(BOOT, b"birth")
        self.broker = ScriptedBroker(mqtt_version=mqtt_version)
        self.wake_up = WakeUp()
        self.session = BrokerSession(
            MqttClient(DeviceAddress("agency", "north", "booth-1"), mqtt_version),
            BrokerAddress("localhost", ("127.0.0.1",), self.broker.port),
            self.outbox,
            wake_up=self.wake_up,
            clock=self.clock,
            log=Log("test"),
        )
        self.seq = 0

    def add(self, count: int) -> None:
        for _ in range(count):
            self.seq += 1
            self.outbox.add_sighting(BOOT, self.seq, b"%d" % self.seq)

    def turn(self) -> None:
        self.session.turn(0.01)
        self.broker.poll()

    def turn_until(self, condition: Callable[[], bool]) -> None:
        def turned() -> bool:
            self.turn()
            return condition()

        wait_until(turned, deadline_s=5)

    def turn_a_while(self, turns: int = 10) -> None:
        for _ in range(turns):
            self.turn()

    def connect(self) -> None:
        """Go as far as the client's CONNECT."""
        count = len(self.broker.connects())
        self.turn_until(lambda: len(self.broker.connects()) > count)

    def announce(self) -> None:
        """Go as far as birth and status, acknowledged."""
        self.connect()
        self.broker.accept_client()
        self.turn_until(lambda: len(self.announcements()) >= 2)
        for publish in self.announcements():
            self.broker.acknowledge(publish)

    def announcements(self) -> list[Publish]:
        return [each for each in self.broker.publishes() if each.kind != "sighting"]

    def sent(self) -> list[bytes]:
        return [sighting.payload for sighting in self.broker.sightings()]

    def close(self) -> None:
        self.broker.close()
        self.session.close(0)
        self.outbox.close()
        self.wake_up.close()


@pytest.fixture
def bench(
    tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[Bench]:
    caplog.set_level(logging.DEBUG)
    mqtt_version = (
        request.node.callspec.params.get("mqtt_version", "5")
        if hasattr(request.node, "callspec")
        else "5"
    )
    with closing(Bench(tmp_path, mqtt_version)) as bench:
        yield bench


def logged(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, object]]:
    return [vars(record)["edge_lpr_fields"] for record in caplog.records if record.msg == event]


@BOTH_VERSIONS
def test_broker_dying_between_publish_and_puback_gets_the_sighting_again(
    bench: Bench, mqtt_version: str
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
    ], mqtt_version
    assert bench.outbox.unsent_count == 2
    for publish in bench.broker.publishes():
        bench.broker.acknowledge(publish)
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)
    assert len(bench.sent()) == 2


def test_refused_sighting_stays_unsent_and_is_sent_again_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.broker.acknowledge(bench.broker.sightings()[0], reason=QUOTA_EXCEEDED)
    bench.turn_until(lambda: bench.session.counters.refused_by_broker == 1)
    bench.turn_a_while()
    assert bench.sent() == [b"1"]
    assert bench.outbox.unsent_count == 1
    assert logged(caplog, "sighting_refused") == [{"reason": "Quota exceeded"}]
    bench.clock.advance_s(1)
    bench.turn_until(lambda: bench.sent() == [b"1", b"1"])
    bench.broker.acknowledge(bench.broker.sightings()[1])
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)
    assert bench.session.counters.published == 1


def test_broker_that_refuses_all_is_not_hammered(bench: Bench) -> None:
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


def test_one_sighting_that_is_never_taken_does_not_hold_the_others(bench: Bench) -> None:
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


def test_puback_that_nobody_subscribes_is_a_success(bench: Bench) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.broker.acknowledge(bench.broker.sightings()[0], reason=NO_SUBSCRIBERS)
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)


def test_broker_that_stops_acknowledging_is_left(
    bench: Bench, caplog: pytest.LogCaptureFixture
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


def test_broker_that_never_answers_the_connection_is_left(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.connect()
    bench.clock.advance_s(CONNACK_TIMEOUT_S + 1)
    bench.turn()
    (line,) = logged(caplog, "broker_unreachable")
    assert (
        line["reason"]
        == "the broker does not answer; it stands still, or speaks another MQTT version"
    )


@pytest.mark.parametrize(
    ("mqtt_version", "code", "reason"),
    [
        pytest.param("5", NOT_AUTHORISED, "Not authorized", id="5"),
        pytest.param("3.1.1", 5, "Not authorized", id="3.1.1"),
        pytest.param("3.1.1", 4, "Bad user name or password", id="3.1.1 password"),
        pytest.param("3.1.1", 1, "Protocol error", id="3.1.1 version"),
    ],
)
def test_refused_connection_is_told_from_an_unreachable_broker(
    bench: Bench, caplog: pytest.LogCaptureFixture, mqtt_version: str, code: int, reason: str
) -> None:
    bench.connect()
    bench.broker.accept_client(reason=code)
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_refused")
    assert line["reason"] == reason, mqtt_version
    assert logged(caplog, "broker_unreachable") == []


def test_broker_of_the_older_version_is_named_as_such(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.connect()
    bench.broker.send(CONNACK, bytes([0, 1]))
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_refused")
    assert line["reason"] == "Unsupported protocol version"


def test_nobody_at_the_port_is_unreachable(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.broker.close()
    bench.session.turn(0.01)
    (line,) = logged(caplog, "broker_unreachable")
    assert line["reason"] == "Connection refused"
    assert line["wait_s"] == 1.0


def test_broker_that_hangs_up_on_the_greeting_has_refused(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.connect()
    bench.broker.hang_up()
    bench.turn_until(lambda: not bench.session.is_connected)
    assert len(logged(caplog, "broker_refused")) == 1


def test_reason_of_the_brokers_goodbye_is_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.send(DISCONNECT, bytes([0x8B, 0]))
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_unreachable")
    assert line["reason"] == "Server shutting down"


@BOTH_VERSIONS
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(bytes([0x20, 0x01, 0x00]), id="short CONNACK"),
        pytest.param(bytes([0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), id="endless length"),
        pytest.param(bytes([0x20, 0x05, 0x00, 0x00, 0x02, 0x21, 0x00]), id="cut property"),
        pytest.param(bytes([0x20, 0x03, 0x00, 0x42, 0x00]), id="unknown reason"),
        pytest.param(bytes([0xF0, 0x00]), id="packet of another kind"),
    ],
)
def test_what_is_no_broker_is_left_and_tried_again(
    bench: Bench, octets: bytes, mqtt_version: str
) -> None:
    bench.connect()
    bench.broker.send_octets(octets)
    bench.turn_until(lambda: not bench.session.is_connected)
    bench.clock.advance_s(61)
    bench.announce()
    bench.add(1)
    bench.turn_until(lambda: bench.sent() == [b"1"])
    assert bench.broker.connections == 2, mqtt_version


@BOTH_VERSIONS
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="web server"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="ssh server"),
        pytest.param(bytes([0x40, 0x02, 0x00, 0x07]), id="PUBACK for nothing"),
        pytest.param(bytes([0x20]), id="half a CONNACK"),
    ],
)
def test_what_sends_no_connack_is_left_in_the_end(
    bench: Bench, octets: bytes, mqtt_version: str
) -> None:
    bench.connect()
    bench.broker.send_octets(octets)
    bench.turn_a_while()
    assert bench.session.is_connected, mqtt_version
    bench.clock.advance_s(CONNACK_TIMEOUT_S + 1)
    bench.turn_until(lambda: not bench.session.is_connected)


def test_no_more_is_on_its_way_than_the_broker_takes(bench: Bench) -> None:
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


@BOTH_VERSIONS
def test_sightings_wait_until_the_birth_is_taken(bench: Bench, mqtt_version: str) -> None:
    bench.add(1)
    bench.connect()
    bench.broker.accept_client()
    bench.turn_until(lambda: len(bench.announcements()) == 2)
    bench.turn_a_while()
    assert bench.sent() == [], mqtt_version
    assert [publish.is_retained for publish in bench.announcements()] == [True, True]
    for publish in bench.announcements():
        bench.broker.acknowledge(publish)
    bench.turn_until(lambda: bench.sent() == [b"1"])
    assert not bench.broker.sightings()[0].is_retained


def test_broker_that_refuses_the_birth_has_refused_the_session(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add(1)
    bench.connect()
    bench.broker.accept_client()
    bench.turn_until(lambda: len(bench.announcements()) == 2)
    for publish in bench.announcements():
        bench.broker.acknowledge(publish, reason=NOT_AUTHORISED)
    bench.turn_until(lambda: not bench.session.is_connected)
    assert logged(caplog, "broker_refused")[0]["reason"] == "Not authorized"
    assert bench.sent() == []
    bench.broker.forget()
    bench.clock.advance_s(61)
    bench.announce()
    bench.turn_until(lambda: bench.sent() == [b"1"])


def test_unanswered_birth_is_not_piled_up_over_many_connections(bench: Bench) -> None:
    for _ in range(5):
        bench.connect()
        bench.broker.accept_client()
        bench.turn_a_while()
        bench.broker.hang_up()
        bench.turn_until(lambda: not bench.session.is_connected)
        bench.clock.advance_s(61)
    bench.broker.forget()
    bench.connect()
    bench.broker.accept_client()
    bench.turn_a_while()
    assert sorted(publish.kind for publish in bench.announcements()) == ["birth", "status"]


def test_new_boot_gets_a_session_with_its_own_last_will(bench: Bench) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.outbox.store_birth(LATER_BOOT, b"later birth")
    bench.broker.forget()
    bench.turn_until(lambda: len(bench.broker.connects()) == 1)
    assert b'{"boot":"00112233445566bb","state":"offline"}' in bench.broker.connects()[0]
    bench.broker.accept_client()
    bench.turn_until(lambda: len(bench.announcements()) == 2)
    assert {publish.payload for publish in bench.announcements()} == {
        b'{"boot":"00112233445566bb","state":"online"}',
        b"later birth",
    }


def test_other_birth_of_the_same_boot_is_published_at_once(bench: Bench) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.forget()
    bench.outbox.store_birth(BOOT, b"birth with another clock")
    bench.turn_until(lambda: len(bench.broker.publishes()) == 1)
    assert bench.broker.publishes()[0].payload == b"birth with another clock"
    assert bench.broker.connections == 1


def test_nothing_is_connected_before_the_first_birth(tmp_path: Path) -> None:
    with closing(Bench(tmp_path, "5")) as bench:
        with bench.outbox._owned() as connection:
            connection.execute("DELETE FROM birth")
        bench.turn_a_while()
        assert bench.broker.connections == 0


def test_session_begins_anew_once_and_is_resumed_later(bench: Bench) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.hang_up()
    bench.turn_until(lambda: not bench.session.is_connected)
    bench.clock.advance_s(61)
    bench.connect()
    first, second = bench.broker.connects()
    # Flags behind the name "MQTT" and the version: retained Will at QoS 1, clean start or not.
    assert (first[7], second[7]) == (0x2E, 0x2C)
    assert bytes([0x11, 0, 0, 1, 0x2C]) in first, "session expiry of 300 s"
    assert bytes([0x18, 0, 0, 0, 30]) in first, "Last Will delay of 30 s"


def test_sighting_expires_after_a_week_and_the_birth_never(bench: Bench) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bodies = {
        packet.body.partition(b"booth-1/")[2][:5]: packet.body
        for packet in bench.broker.packets
        if packet.kind == PUBLISH
    }
    expiry = bytes([0x02]) + (7 * 86_400).to_bytes(4, "big")
    assert expiry in bodies[b"sight"]
    assert expiry not in bodies[b"birth"] + bodies[b"statu"]


@BOTH_VERSIONS
def test_close_says_offline_and_ends_in_order(bench: Bench, mqtt_version: str) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.forget()
    # The answer cannot be waited for, because the scripted broker speaks only between turns.
    bench.session.close(0)
    bench.broker.poll()
    (status,) = bench.announcements()
    assert b'"offline"' in status.payload, mqtt_version
    assert status.is_retained
    assert bench.broker.packets[-1].kind == DISCONNECT


def test_close_does_not_wait_for_a_broker_that_has_gone(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.hang_up()
    bench.session.close(30)
    assert logged(caplog, "failure")[0]["kind"] == "BrokerUnreachableError"


def test_puback_is_remembered_while_the_disk_is_full(
    bench: Bench, caplog: pytest.LogCaptureFixture
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
    bench.clock.advance_s(3)
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)
    assert bench.sent() == [b"1"]


def test_damaged_outbox_ends_the_session(bench: Bench) -> None:
    bench.add(1)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.outbox.error = OutboxDamagedError("its pages contradict each other")
    bench.broker.acknowledge(bench.broker.sightings()[0])
    with pytest.raises(OutboxDamagedError):
        bench.turn_until(lambda: False)
