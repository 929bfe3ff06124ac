"""Keys, transport keys and watch-lists: who may send and hear them, asked of any broker."""

import pytest

from tests.support.contract_broker import ContractBroker
from tests.support.mqtt_peer import Peer, connected, listening

pytestmark = pytest.mark.broker

NOT_AUTHORISED = 135
TAKEN = (0, 16)

NORTH = "lpr/v1/agency/north-crossing"
SOUTH = "lpr/v1/agency/south-crossing"
LONGEST_PART = 3072


@pytest.fixture
def authority(broker: ContractBroker, peers: list[Peer]) -> Peer:
    return connected(broker.authority("custodian"), peers)


def test_keys_reach_the_booth_that_they_are_for_and_nobody_else(
    broker: ContractBroker, authority: Peer, peers: list[Peer]
) -> None:
    own = listening(broker.booth("booth-1"), peers, f"{NORTH}/booth-1/keys")
    others = [
        listening(broker.booth("booth-2"), peers, f"{NORTH}/booth-1/keys", f"{NORTH}/+/keys"),
        listening(broker.booth("booth-3"), peers, "#", f"{SOUTH}/booth-3/keys"),
        listening(broker.consumer("analytics"), peers, "#", "lpr/v1/agency/+/+/keys"),
        listening(broker.authority("rival-custodian"), peers, "#", "lpr/v1/+/+/+/keys"),
    ]
    assert authority.publish(f"{NORTH}/booth-1/keys", b"sealed") == 0
    own.wait_for(b"sealed")
    say_last_words(broker, authority, peers)
    for other in others:
        other.wait_for(b"last")
        assert b"sealed" not in other.payloads()


@pytest.mark.parametrize("name", ["analytics", "display", "rival-analytics"])
@pytest.mark.parametrize(
    "topic",
    [f"{NORTH}/booth-1/keys", f"{NORTH}/booth-1/transport", f"{NORTH}/watchlist/20000/manifest"],
)
def test_no_consumer_sends_what_the_authority_sends(
    topic: str, name: str, broker: ContractBroker, peers: list[Peer]
) -> None:
    consumer = connected(broker.consumer(name), peers)
    assert consumer.publish(topic, b"forged", is_retained=True) == NOT_AUTHORISED


@pytest.mark.parametrize(
    "topic",
    [
        f"{NORTH}/booth-1/keys",
        f"{NORTH}/booth-2/keys",
        f"{NORTH}/booth-2/transport",
        f"{NORTH}/watchlist/20000/manifest",
        f"{NORTH}/watchlist/20000/0",
    ],
)
def test_no_booth_sends_keys_watch_lists_or_anothers_transport_key(
    topic: str, broker: ContractBroker, peers: list[Peer]
) -> None:
    booth = connected(broker.booth("booth-1"), peers)
    assert booth.publish(topic, b"forged", is_retained=True) == NOT_AUTHORISED


@pytest.mark.parametrize(
    "topic",
    [
        f"{NORTH}/booth-1/keys",
        f"{NORTH}/watchlist/20000/manifest",
        f"{NORTH}/booth-1/sighting",
        f"{NORTH}/booth-1/request",
    ],
)
def test_authority_of_another_tenant_is_refused(
    topic: str, broker: ContractBroker, peers: list[Peer]
) -> None:
    rival = connected(broker.authority("rival-custodian"), peers)
    assert rival.publish(topic, b"forged", is_retained=True) == NOT_AUTHORISED


@pytest.mark.parametrize("kind", ["birth", "status", "sighting", "health", "transport", "request"])
def test_authority_speaks_for_no_booth_and_no_consumer(kind: str, authority: Peer) -> None:
    assert authority.publish(f"{NORTH}/booth-1/{kind}", b"forged") == NOT_AUTHORISED


def test_transport_key_is_there_for_the_authority_that_comes_later_and_for_no_consumer(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    booth = connected(broker.booth("booth-1"), peers)
    for announcement in (b"first key", b"second key"):
        assert booth.publish(f"{NORTH}/booth-1/transport", announcement, is_retained=True) in TAKEN
    authority = listening(broker.authority("custodian"), peers, "lpr/v1/agency/+/+/transport")
    consumer = listening(broker.consumer("analytics"), peers, "#", "lpr/v1/agency/+/+/transport")
    authority.wait_for(b"second key")
    assert authority.payloads() == [b"second key"]
    say_last_words(broker, authority, peers)
    consumer.wait_for(b"last")
    assert b"second key" not in consumer.payloads()


def test_authority_hears_no_sighting(broker: ContractBroker, peers: list[Peer]) -> None:
    topics = ("#", "lpr/v1/agency/+/+/sighting", "lpr/v1/agency/+/+/status")
    authority = listening(broker.authority("custodian"), peers, *topics)
    booth = connected(broker.booth("booth-1"), peers)
    assert booth.publish(f"{NORTH}/booth-1/sighting", b"who passed") in TAKEN
    assert booth.publish(f"{NORTH}/booth-1/status", b"here") in TAKEN
    authority.wait_for(b"here")
    assert b"who passed" not in authority.payloads()


def test_watch_list_is_there_for_the_booths_of_its_site_and_can_be_taken_back(
    broker: ContractBroker, authority: Peer, peers: list[Peer]
) -> None:
    chunk = b"c" * LONGEST_PART
    for part, content in (("manifest", b"signed"), ("0", chunk), ("1", b"to be taken back")):
        topic = f"{NORTH}/watchlist/20000/{part}"
        assert authority.publish(topic, content, is_retained=True, expiry_s=172_800) in TAKEN
    assert authority.publish(f"{NORTH}/watchlist/20000/1", b"", is_retained=True) in TAKEN
    north = listening(broker.booth("booth-2"), peers, f"{NORTH}/watchlist/+/+")
    south = listening(broker.booth("booth-3"), peers, f"{NORTH}/watchlist/+/+", "#")
    consumer = listening(broker.consumer("analytics"), peers, f"{NORTH}/watchlist/+/+", "#")
    north.wait_for(chunk)
    north.wait_for(b"signed")
    say_last_words(broker, authority, peers)
    for other in (south, consumer):
        other.wait_for(b"last")
        assert not {b"signed", chunk} & set(other.payloads())
    assert sorted(north.payloads()) == sorted([b"signed", chunk])


def say_last_words(broker: ContractBroker, authority: Peer, peers: list[Peer]) -> None:
    """Let everybody hear something that they may: what comes after it was not sent before it."""
    # booth-3 hears its keys, consumers and the rival authority what booths say.
    listening_booth = f"{SOUTH}/booth-3/keys"
    authority.publish(listening_booth, b"last")
    authority.publish(f"{NORTH}/booth-2/keys", b"last")
    rival = connected(broker.booth("booth-4"), peers)
    assert rival.publish("lpr/v1/rival/east-crossing/booth-4/status", b"last") in TAKEN
    booth = connected(broker.booth("booth-1"), peers)
    assert booth.publish(f"{NORTH}/booth-1/status", b"last") in TAKEN
