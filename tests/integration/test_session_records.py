"""Gaps, health records and requests over a session, packet by packet."""

import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import OutboxError
from edge_lpr.publisher.broker_replies import MOST_WAITING_REQUESTS
from edge_lpr.publisher.record_sending import LOOK_EVERY_S, REFUSED_WAIT_S, SELDOM_S
from edge_lpr.wire.gap import GapReason
from edge_lpr.wire.request import MAXIMUM_REQUEST_BYTES
from edge_lpr.wire.topics import TopicKind
from tests.support.scripted_broker import PUBACK, PUBLISH, QOS_1, Publish
from tests.support.session_bench import BOOT, BOTH_VERSIONS, SessionBench, logged

NOT_AUTHORISED = 0x87
EXPIRY = b"\x02"
"""Identifier of the property "message expiry interval" (MQTT 5, 2.2.2.2)."""

DAY_S = 86_400
MEGABYTE = 1_000_000


@pytest.fixture
def mqtt_version() -> str:
    """Give the version of tests that are not run for both."""
    return "5"


@pytest.fixture
def bench(tmp_path: Path, mqtt_version: str) -> Iterator[SessionBench]:
    with closing(SessionBench(tmp_path, mqtt_version, daily_megabytes=1)) as bench:
        yield bench


def published(bench: SessionBench, kind: TopicKind) -> list[Publish]:
    return [each for each in bench.broker.publishes() if each.kind == kind.value]


def add_gap(bench: SessionBench, first: int, document: bytes) -> None:
    """Let the outbox miss sightings, and the tokeniser sign that they are missed."""
    bench.outbox.ask_again("ffffffffffffffff", first, first)
    gap = bench.outbox.next_gap()
    assert gap is not None
    assert gap.wish.reason is GapReason.NOT_KEPT
    bench.outbox.store_gap(gap.place, document)


def wait_for_gap(bench: SessionBench, count: int = 1) -> Publish:
    bench.clock.advance_s(LOOK_EVERY_S)
    bench.turn_until(lambda: len(published(bench, TopicKind.GAP)) >= count)
    return published(bench, TopicKind.GAP)[count - 1]


@BOTH_VERSIONS
def test_gap_is_published_until_the_broker_has_taken_it(bench: SessionBench) -> None:
    add_gap(bench, 7, b"signed gap")
    bench.announce()
    gap = wait_for_gap(bench)
    assert gap.payload == b"signed gap"
    assert not gap.is_retained
    assert bench.outbox.pending_gap() is not None
    bench.broker.acknowledge(gap)
    bench.turn_until(lambda: bench.outbox.pending_gap() is None)
    bench.clock.advance_s(LOOK_EVERY_S)
    bench.turn_a_while()
    assert len(published(bench, TopicKind.GAP)) == 1
    assert bench.session.counters.published == 0


def test_gaps_go_one_at_a_time_in_their_order(bench: SessionBench) -> None:
    add_gap(bench, 7, b"first")
    add_gap(bench, 9, b"second")
    bench.announce()
    first = wait_for_gap(bench)
    bench.clock.advance_s(LOOK_EVERY_S)
    bench.turn_a_while()
    assert [gap.payload for gap in published(bench, TopicKind.GAP)] == [b"first"]
    bench.broker.acknowledge(first)
    assert wait_for_gap(bench, 2).payload == b"second"


def test_refused_gap_is_tried_again_later_and_holds_nothing_back(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    add_gap(bench, 7, b"signed gap")
    bench.announce()
    bench.broker.acknowledge(wait_for_gap(bench), reason=NOT_AUTHORISED)
    bench.add(1)
    bench.turn_until(lambda: bench.sent() == [b"1"])
    (line,) = logged(caplog, "record_refused")
    assert line["reason"] == "Not authorized"
    assert "allow this client" in str(line["detail"])
    bench.clock.advance_s(REFUSED_WAIT_S - 1)
    bench.broker.acknowledge(bench.broker.sightings()[0])
    bench.turn_a_while()
    assert len(published(bench, TopicKind.GAP)) == 1
    assert wait_for_gap(bench, 2).payload == b"signed gap"


def test_gap_on_its_way_when_the_connection_breaks_is_sent_again(bench: SessionBench) -> None:
    add_gap(bench, 7, b"signed gap")
    bench.announce()
    wait_for_gap(bench)
    bench.broker.hang_up()
    bench.turn_until(lambda: not bench.session.is_connected)
    bench.clock.advance_s(60)
    bench.broker.forget()
    bench.announce()
    gap = wait_for_gap(bench)
    assert gap.is_duplicate
    bench.broker.acknowledge(gap)
    bench.turn_until(lambda: bench.outbox.pending_gap() is None)


def test_newest_health_record_replaces_one_that_waits(bench: SessionBench) -> None:
    documents = [b"first", b"second", b"third"]
    bench.session.serve(take_health=lambda: documents.pop(0) if documents else None)
    bench.announce()
    bench.turn_until(lambda: len(published(bench, TopicKind.HEALTH)) == 1)
    bench.turn_until(lambda: documents == [])
    (first,) = published(bench, TopicKind.HEALTH)
    bench.broker.acknowledge(first)
    bench.turn_until(lambda: len(published(bench, TopicKind.HEALTH)) == 2)
    assert [health.payload for health in published(bench, TopicKind.HEALTH)] == [
        b"first",
        b"third",
    ]
    assert not first.is_retained


def test_spent_budget_holds_back_what_can_wait_and_no_live_sighting(bench: SessionBench) -> None:
    documents = [b"health"]
    bench.session.serve(take_health=lambda: documents.pop() if documents else None)
    bench.add(2)
    bench.announce()
    bench.turn_until(lambda: len(bench.sent()) == 2)
    for publish in bench.broker.sightings():
        bench.broker.acknowledge(publish)
    bench.turn_until(lambda: bench.session.counters.published == 2)
    bench.turn_until(lambda: len(published(bench, TopicKind.HEALTH)) == 1)
    bench.broker.acknowledge(published(bench, TopicKind.HEALTH)[0])
    assert bench.session.alarms() == ()
    bench.session._client._client.bytes_sent += MEGABYTE
    bench.turn()
    assert bench.session.alarms() == ("bandwidth",)
    bench.broker.forget()
    assert bench.outbox.ask_again(BOOT, 1, 1) == 1
    documents.append(b"health")
    bench.add(1)
    bench.turn_until(lambda: bench.sent() == [b"3"])
    bench.turn_a_while()
    assert bench.sent() == [b"3"]
    assert published(bench, TopicKind.HEALTH) == []
    bench.broker.acknowledge(bench.broker.sightings()[0])
    bench.clock.advance_s(SELDOM_S)
    documents.append(b"health")
    bench.turn_until(lambda: len(published(bench, TopicKind.HEALTH)) == 1)
    bench.broker.acknowledge(published(bench, TopicKind.HEALTH)[0])
    bench.clock.advance_s(DAY_S)
    bench.turn_until(lambda: bench.sent() == [b"3", b"1"])


def test_bytes_are_counted_as_they_are_sent(bench: SessionBench) -> None:
    bench.announce()
    bench.turn_a_while()
    assert bench.session.counters.bytes_sent == bench.broker.octets_received
    bench.add(1)
    bench.turn_until(lambda: len(bench.sent()) == 1)
    bench.turn_a_while()
    assert bench.session.counters.bytes_sent == bench.broker.octets_received > 0


@pytest.mark.parametrize(
    ("kind", "expiry_s"),
    [
        pytest.param(TopicKind.SIGHTING, 7 * DAY_S, id="sighting"),
        pytest.param(TopicKind.GAP, 7 * DAY_S, id="gap"),
        pytest.param(TopicKind.HEALTH, 600, id="health"),
        pytest.param(TopicKind.BIRTH, None, id="birth"),
        pytest.param(TopicKind.STATUS, None, id="status"),
    ],
)
def test_each_kind_expires_at_the_broker_as_the_contract_says(
    bench: SessionBench, kind: TopicKind, expiry_s: int | None
) -> None:
    documents = [b"health"]
    bench.session.serve(take_health=lambda: documents.pop() if documents else None)
    add_gap(bench, 7, b"signed gap")
    bench.add(1)
    bench.announce()
    wait_for_gap(bench)
    bench.turn_until(lambda: len(bench.sent()) == 1)
    expiries = {}
    for packet in bench.broker.packets:
        if packet.kind == PUBLISH:
            (topic_length,) = struct.unpack_from("!H", packet.body)
            topic = packet.body[2 : 2 + topic_length].decode()
            length = packet.body[4 + topic_length]
            properties = packet.body[5 + topic_length : 5 + topic_length + length]
            expiries[topic.rpartition("/")[2]] = (
                struct.unpack("!I", properties[1:])[0] if properties[:1] == EXPIRY else None
            )
    assert expiries[kind.value] == expiry_s


class TestRequests:
    """What consumers ask for."""

    @pytest.fixture
    def taken(self, bench: SessionBench) -> list[bytes]:
        taken: list[bytes] = []
        bench.session.serve(take_request=taken.append)
        return taken

    @BOTH_VERSIONS
    def test_request_is_acknowledged_and_handed_on(
        self, bench: SessionBench, taken: list[bytes]
    ) -> None:
        bench.announce()
        bench.turn_until(lambda: bench.broker.subscriptions() != [])
        (subscription,) = bench.broker.subscriptions()
        assert subscription.topic == "lpr/v1/agency/north/booth-1/request"
        assert subscription.qos == 1
        bench.broker.grant(subscription)
        bench.broker.publish(subscription.topic, b"signed request", message_id=5)
        bench.turn_until(lambda: taken == [b"signed request"])
        bench.turn_until(lambda: any(packet.kind == PUBACK for packet in bench.broker.packets))

    def test_only_short_messages_of_the_own_topic_are_taken(
        self, bench: SessionBench, taken: list[bytes]
    ) -> None:
        bench.announce()
        own = "lpr/v1/agency/north/booth-1/request"
        bench.broker.publish(own, bytes(MAXIMUM_REQUEST_BYTES + 1), message_id=1)
        bench.broker.publish("lpr/v1/agency/north/booth-2/request", b"foreign", message_id=2)
        bench.broker.publish(own, b"own", message_id=3)
        bench.turn_until(lambda: taken == [b"own"])

    @BOTH_VERSIONS
    def test_message_whose_topic_is_no_text_is_dropped(
        self, bench: SessionBench, taken: list[bytes], mqtt_version: str
    ) -> None:
        bench.announce()
        bench.turn_a_while()
        properties = b"\0" if mqtt_version == "5" else b""
        bench.broker.send(PUBLISH | QOS_1, b"\0\2\xff\xfe\0\1" + properties + b"payload")
        bench.broker.publish("lpr/v1/agency/north/booth-1/request", b"own", message_id=2)
        bench.turn_until(lambda: taken == [b"own"])

    def test_flood_of_requests_takes_no_memory(
        self, bench: SessionBench, taken: list[bytes]
    ) -> None:
        bench.announce()
        bench.turn_a_while()
        for number in range(MOST_WAITING_REQUESTS + 20):
            bench.broker.publish(
                "lpr/v1/agency/north/booth-1/request", b"%d" % number, message_id=number + 1
            )
        bench.session.turn(0.05)
        assert len(taken) <= MOST_WAITING_REQUESTS

    def test_nobody_is_listened_to_without_a_desk(self, bench: SessionBench) -> None:
        bench.announce()
        bench.turn_a_while()
        assert bench.broker.subscriptions() == []
        bench.broker.publish("lpr/v1/agency/north/booth-1/request", b"request", message_id=1)
        bench.add(1)
        bench.turn_until(lambda: bench.sent() == [b"1"])

    @pytest.mark.parametrize(
        ("mqtt_version", "reason"),
        [pytest.param("5", NOT_AUTHORISED, id="5"), pytest.param("3.1.1", 0x80, id="3.1.1")],
    )
    @pytest.mark.usefixtures("taken")
    def test_refused_subscription_is_said_and_sightings_go_on(
        self, bench: SessionBench, caplog: pytest.LogCaptureFixture, reason: int
    ) -> None:
        bench.announce()
        bench.turn_until(lambda: bench.broker.subscriptions() != [])
        bench.broker.grant(bench.broker.subscriptions()[0], reason=reason)
        bench.turn_until(lambda: logged(caplog, "subscription_refused") != [])
        bench.add(1)
        bench.turn_until(lambda: bench.sent() == [b"1"])
        assert bench.session.is_connected


def test_health_goes_although_what_the_broker_took_cannot_be_marked(
    bench: SessionBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    health: list[bytes] = []
    bench.session.serve(take_health=lambda: health.pop() if health else None)
    bench.add(1)
    bench.outbox.error = OutboxError("the disk is read-only")
    bench.announce()
    bench.turn_until(lambda: len(bench.broker.sightings()) == 1)
    bench.broker.acknowledge(bench.broker.sightings()[0])
    bench.turn_a_while()
    health.append(b"a disk that fails")
    client_turn = bench.session._client.turn

    def takes_half_a_second(wait_s: float) -> None:
        client_turn(wait_s)
        bench.clock.advance_s(0.5)

    # The rest of ten seconds ends while packets are waited for, as it does in life.
    monkeypatch.setattr(bench.session._client, "turn", takes_half_a_second)
    bench.turn_a_while(60)
    assert [each.payload for each in published(bench, TopicKind.HEALTH)] == [b"a disk that fails"]
