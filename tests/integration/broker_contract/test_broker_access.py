"""Who may publish and hear what, asked of any broker (``tests/support/contract_broker.py``)."""

import pytest

from edge_lpr.broker.access_rules import FOR_CONSUMERS
from edge_lpr.wire.topics import TopicKind
from tests.support.contract_broker import ContractBroker
from tests.support.mqtt_peer import Peer, connected, listening

pytestmark = pytest.mark.broker

NOT_AUTHORISED = 135
"""MQTT 5, 3.4.2.1: what a PUBACK says to a client that may not publish there."""

TAKEN = (0, 16)
"""What it says otherwise: taken, or taken though nobody listens."""

NORTH = "lpr/v1/agency/north-crossing"


@pytest.fixture
def booth(broker: ContractBroker, peers: list[Peer]) -> Peer:
    return connected(broker.booth("booth-1"), peers)


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.value) for kind in FOR_CONSUMERS])
def test_booth_is_heard_under_its_own_topics(
    kind: TopicKind, broker: ContractBroker, booth: Peer, peers: list[Peer]
) -> None:
    topic = f"{NORTH}/booth-1/{kind.value}"
    consumer = listening(broker.consumer("analytics"), peers, f"lpr/v1/agency/+/+/{kind.value}")
    assert booth.publish(topic, b"hello") in TAKEN
    consumer.wait_for(b"hello")
    assert consumer.heard.messages[-1].topic == topic


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param(f"{NORTH}/booth-2/sighting", id="another-booth-of-the-site"),
        pytest.param("lpr/v1/agency/south-crossing/booth-1/sighting", id="another-site"),
        pytest.param("lpr/v1/rival/east-crossing/booth-4/birth", id="another-tenant"),
        pytest.param("lpr/v1/rival/north-crossing/booth-1/sighting", id="own-name-elsewhere"),
        pytest.param(f"{NORTH}/booth-1/request", id="request-to-itself"),
        pytest.param(f"{NORTH}/booth-2/request", id="request-to-another"),
        pytest.param(f"{NORTH}/booth-1/picture", id="unknown-kind"),
        pytest.param(f"{NORTH}/booth-1/sighting/picture", id="below-its-topics"),
        pytest.param(f"{NORTH}/booth-1", id="above-its-topics"),
        pytest.param("elsewhere", id="outside-the-contract"),
    ],
)
def test_booth_that_writes_elsewhere_is_refused_and_not_heard(
    topic: str, broker: ContractBroker, booth: Peer, peers: list[Peer]
) -> None:
    listeners = [
        listening(broker.consumer("analytics"), peers, "lpr/v1/agency/+/+/sighting", topic),
        listening(broker.consumer("rival-analytics"), peers, "lpr/v1/rival/+/+/sighting", topic),
        listening(broker.booth("booth-2"), peers, f"{NORTH}/booth-2/request", topic),
    ]
    assert booth.publish(topic, b"forged") == NOT_AUTHORISED
    say_last_words(broker, booth, peers)
    for listener in listeners:
        listener.wait_for(b"last")
        assert b"forged" not in listener.payloads()


def test_booth_hears_its_requests_and_nothing_else(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    snooper = listening(
        broker.booth("booth-2"),
        peers,
        "#",
        "lpr/v1/#",
        f"{NORTH}/+/sighting",
        f"{NORTH}/booth-1/request",
        "$share/ingest/lpr/v1/+/+/+/sighting",
        f"{NORTH}/booth-2/request",
    )
    booth = connected(broker.booth("booth-1"), peers)
    consumer = connected(broker.consumer("analytics"), peers)
    booth.publish(f"{NORTH}/booth-1/sighting", b"secret")
    booth.publish(f"{NORTH}/booth-1/birth", b"secret", is_retained=True)
    consumer.publish(f"{NORTH}/booth-1/request", b"secret")
    consumer.publish(f"{NORTH}/booth-2/request", b"for booth-2")
    snooper.wait_for(b"for booth-2")
    assert set(snooper.payloads()) == {b"for booth-2"}


def test_consumer_hears_its_own_tenant_alone(broker: ContractBroker, peers: list[Peer]) -> None:
    topics = ("lpr/v1/#", "lpr/v1/+/+/+/sighting", "lpr/v1/agency/+/+/sighting")
    consumer = listening(broker.consumer("analytics"), peers, *topics)
    rival = connected(broker.booth("booth-4"), peers)
    assert rival.publish("lpr/v1/rival/east-crossing/booth-4/sighting", b"theirs") in TAKEN
    say_last_words(broker, connected(broker.booth("booth-1"), peers), peers)
    consumer.wait_for(b"last")
    assert b"theirs" not in consumer.payloads()


def test_consumer_of_one_site_hears_no_other(broker: ContractBroker, peers: list[Peer]) -> None:
    topics = ("lpr/v1/agency/+/+/sighting", f"{NORTH}/+/sighting")
    display = listening(broker.consumer("display"), peers, *topics)
    south = connected(broker.booth("booth-3"), peers)
    assert south.publish("lpr/v1/agency/south-crossing/booth-3/sighting", b"south") in TAKEN
    say_last_words(broker, connected(broker.booth("booth-1"), peers), peers)
    display.wait_for(b"last")
    assert b"south" not in display.payloads()


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        pytest.param("analytics", f"{NORTH}/booth-1/sighting", id="sighting"),
        pytest.param("analytics", f"{NORTH}/booth-1/birth", id="birth"),
        pytest.param(
            "analytics", "lpr/v1/rival/east-crossing/booth-4/request", id="request-elsewhere"
        ),
        pytest.param("display", f"{NORTH}/booth-1/request", id="request-without-the-right"),
    ],
)
def test_consumer_writes_nothing_but_its_requests(
    name: str, topic: str, broker: ContractBroker, peers: list[Peer]
) -> None:
    consumer = connected(broker.consumer(name), peers)
    assert consumer.publish(topic, b"forged") == NOT_AUTHORISED


def test_request_reaches_the_booth_that_is_asked(broker: ContractBroker, peers: list[Peer]) -> None:
    asked, other = (
        listening(broker.booth(name), peers, f"{NORTH}/{name}/request")
        for name in ("booth-1", "booth-2")
    )
    consumer = connected(broker.consumer("analytics"), peers)
    assert consumer.publish(f"{NORTH}/booth-1/request", b"again") in TAKEN
    asked.wait_for(b"again")
    consumer.publish(f"{NORTH}/booth-2/request", b"last")
    other.wait_for(b"last")
    assert other.payloads() == [b"last"]


def say_last_words(broker: ContractBroker, booth: Peer, peers: list[Peer]) -> None:
    """Let everybody hear something that they may: what comes after it was not sent before it."""
    assert booth.publish(f"{NORTH}/booth-1/sighting", b"last") in TAKEN
    rival = connected(broker.booth("booth-4"), peers)
    assert rival.publish("lpr/v1/rival/east-crossing/booth-4/sighting", b"last") in TAKEN
    # Another one than listens: the newer session of a name ends the older.
    asking = connected(broker.consumer("worker-1"), peers)
    assert asking.publish(f"{NORTH}/booth-2/request", b"last") in TAKEN
