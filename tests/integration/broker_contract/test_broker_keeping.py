"""What a broker keeps, for whom and how long, asked of any broker."""

import pytest

from tests.support.contract_broker import ContractBroker
from tests.support.mqtt_peer import Peer, Will, connected, listening
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

NORTH = "lpr/v1/agency/north-crossing"

MORE_THAN_MOSQUITTOS_DEFAULT = 1500
"""Mosquitto keeps 1,000 messages for a consumer that is away, unless it is told otherwise."""


def test_birth_is_there_for_a_consumer_that_comes_later(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    booth = connected(broker.booth("booth-1"), peers)
    booth.publish(f"{NORTH}/booth-1/birth", b"first birth", is_retained=True)
    booth.publish(f"{NORTH}/booth-1/birth", b"second birth", is_retained=True)
    consumer = listening(broker.consumer("analytics"), peers, "lpr/v1/agency/+/+/birth")
    consumer.wait_for(b"second birth")
    births = [each for each in consumer.heard.messages if each.topic == f"{NORTH}/booth-1/birth"]
    assert [(each.payload, each.retain) for each in births] == [(b"second birth", True)]


def test_sighting_is_gone_for_a_consumer_that_comes_later(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    booth = connected(broker.booth("booth-1"), peers)
    booth.publish(f"{NORTH}/booth-1/sighting", b"early")
    consumer = listening(broker.consumer("analytics"), peers, f"{NORTH}/booth-1/sighting")
    booth.publish(f"{NORTH}/booth-1/sighting", b"late")
    consumer.wait_for(b"late")
    assert consumer.payloads() == [b"late"]


def test_broker_says_offline_for_a_booth_that_stays_away_and_not_for_one_that_is_back(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    status = listening(broker.consumer("analytics"), peers, "lpr/v1/agency/+/+/status")
    back, away = (
        connected(
            broker.booth(
                name,
                session_expiry_s=300,
                will=Will(f"{NORTH}/{name}/status", f"{name} is away".encode(), delay_s),
            ),
            peers,
        )
        # The one that is back would be missed first, so its Last Will cannot just be late.
        for name, delay_s in (("booth-1", 1), ("booth-2", 3))
    )
    back.drop()
    away.drop()
    assert back.connect(clean_start=False)
    status.wait_for(b"booth-2 is away")
    assert b"booth-1 is away" not in status.payloads()


def test_session_ends_when_it_said_it_would(broker: ContractBroker, peers: list[Peer]) -> None:
    status = listening(broker.consumer("analytics"), peers, f"{NORTH}/booth-1/status")
    # The Last Will comes at the end of the session if its delay is longer than that.
    will = Will(f"{NORTH}/booth-1/status", b"session over", delay_s=3600)
    booth = connected(broker.booth("booth-1", session_expiry_s=1, will=will), peers)
    booth.drop()
    status.wait_for(b"session over")
    assert booth.connect(clean_start=False)
    assert booth.heard.is_session_present is False


def test_consumer_that_was_away_gets_everything_in_order(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    topic = f"{NORTH}/booth-1/sighting"
    consumer = listening(broker.consumer("analytics", session_expiry_s=3600), peers, topic)
    consumer.drop()
    booth = connected(broker.booth("booth-1"), peers)
    sent = [b"%d" % number for number in range(MORE_THAN_MOSQUITTOS_DEFAULT)]
    for payload in sent:
        booth.publish_only(topic, payload)
    wait_until(lambda: len(booth.heard.acknowledged) == len(sent))
    assert consumer.connect(clean_start=False)
    assert consumer.heard.is_session_present
    wait_until(lambda: len(consumer.payloads()) >= len(sent))
    assert consumer.payloads() == sent
    assert consumer.connect_anew()


def test_message_expires_for_a_consumer_that_is_away(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    topic = f"{NORTH}/booth-1/health"
    consumer = listening(broker.consumer("analytics", session_expiry_s=3600), peers, topic)
    clock = listening(broker.consumer("worker-1"), peers, f"{NORTH}/booth-2/status")
    consumer.drop()
    booth = connected(broker.booth("booth-1"), peers)
    booth.publish(topic, b"of this minute", expiry_s=1)
    booth.publish(topic, b"of this week", expiry_s=604_800)
    # Shows that more than the expiry has passed, by the broker's own clock.
    will = Will(f"{NORTH}/booth-2/status", b"three seconds later", delay_s=3)
    connected(broker.booth("booth-2", session_expiry_s=300, will=will), peers).drop()
    clock.wait_for(b"three seconds later")
    assert consumer.connect(clean_start=False)
    consumer.wait_for(b"of this week")
    assert consumer.payloads() == [b"of this week"]
    assert consumer.connect_anew()


def test_workers_of_a_shared_subscription_divide_the_sightings(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    shared = "$share/ingest/lpr/v1/agency/+/+/sighting"
    names = ("worker-1", "worker-2")
    workers = [listening(broker.consumer(name), peers, shared) for name in names]
    watcher = listening(broker.consumer("analytics"), peers, f"{NORTH}/booth-1/sighting")
    booth = connected(broker.booth("booth-1"), peers)
    sent = [b"%d" % number for number in range(200)]
    for payload in sent:
        booth.publish_only(f"{NORTH}/booth-1/sighting", payload)
    wait_until(lambda: len(watcher.payloads()) >= len(sent))
    wait_until(lambda: sum(len(worker.payloads()) for worker in workers) >= len(sent))
    assert sorted([payload for worker in workers for payload in worker.payloads()]) == sorted(sent)
    assert all(worker.payloads() for worker in workers)
    assert watcher.payloads() == sent
