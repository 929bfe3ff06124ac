"""The library against a real broker: nothing lost, nothing twice, in order."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_lpr.core.errors import BrokerUnreachableError, SettingsError
from edge_lpr.subscriber import (
    AsyncSubscriber,
    Refusal,
    RefusalReason,
    SequenceRange,
    Subscriber,
    Verdict,
    VerifiedBirth,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.wire.request import RequestClaims, parse_request
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import TopicKind
from tests.support.broker import Mosquitto, free_port, running_mosquitto
from tests.support.crossing import Crossing
from tests.support.fleet import AUTHORITY, HEALTH, SIGHTING
from tests.support.mqtt_peer import Peer, closing_peers, connected, listening
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    # As many under way as is shipped; nothing written to disk at every message.
    broker.configure(is_persistent=False, more="max_inflight_messages 1000")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def crossing(broker: Mosquitto) -> Iterator[Crossing]:
    with closing_peers() as peers:
        crossing = Crossing(broker, peers)
        # The session of the test before.
        peer = Peer("127.0.0.1", broker.port, None, client_id="server")
        connected(peer, peers)
        peer.close()
        yield crossing
        for kind in (TopicKind.BIRTH, TopicKind.STATUS):
            crossing.say(kind, b"")


def events(fleet: Subscriber, count: int) -> list[Verdict]:
    """Return the next events, or fewer if they do not come."""
    taken = (fleet.next_within(PATIENCE_S) for _ in range(count))
    return [event for event in taken if event is not None]


def numbers(found: list[Verdict]) -> list[int]:
    """Return the numbers of sightings."""
    return [event.claims.seq for event in found if isinstance(event, VerifiedSighting)]


def test_consumer_hears_the_birth_first_and_then_the_sightings(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    with crossing.subscriber() as fleet:
        (birth,) = events(fleet, 1)
        crossing.say(TopicKind.SIGHTING, *crossing.booth.sightings(3))
        assert isinstance(birth, VerifiedBirth)
        assert numbers(events(fleet, 3)) == [1, 2, 3]
        assert fleet.devices[crossing.booth.address].sightings == 3


def test_sighting_waits_for_its_birth(crossing: Crossing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.subscriber.early.FIRST_FETCH_NS", 0)
    with crossing.subscriber() as fleet:
        crossing.say(TopicKind.SIGHTING, *crossing.booth.sightings(2))
        assert fleet.next_within(0.5) is None
        crossing.say(TopicKind.BIRTH, crossing.booth.birth())
        assert numbers(events(fleet, 3)) == [1, 2]


def test_nothing_is_lost_while_the_consumer_is_away(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    documents = crossing.booth.sightings(5)
    with crossing.subscriber() as fleet:
        crossing.say(TopicKind.SIGHTING, *documents[:2])
        assert numbers(events(fleet, 3)) == [1, 2]
    crossing.say(TopicKind.SIGHTING, *documents[2:])
    with crossing.subscriber() as fleet:
        assert numbers(events(fleet, 4)) == [3, 4, 5]
        assert fleet.next_within(0.5) is None


def test_sighting_whose_handling_raised_is_delivered_again(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    with pytest.raises(RuntimeError), crossing.subscriber() as fleet:  # noqa: PT012
        crossing.say(TopicKind.SIGHTING, *crossing.booth.sightings(2))
        events(fleet, 3)
        raise RuntimeError
    with crossing.subscriber() as fleet:
        assert numbers(events(fleet, 2)) == [2]


def test_event_that_is_done_is_not_delivered_again(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    with pytest.raises(RuntimeError), crossing.subscriber() as fleet:  # noqa: PT012
        crossing.say(TopicKind.SIGHTING, *crossing.booth.sightings(1))
        events(fleet, 2)[1].done()
        raise RuntimeError
    with crossing.subscriber() as fleet:
        assert numbers(events(fleet, 1)) == []
        assert fleet.next_within(0.5) is None


def test_sightings_that_the_broker_mixed_up_come_in_order_and_once(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    first, second, third = crossing.booth.sightings(3)
    with crossing.subscriber(order_s=PATIENCE_S) as fleet:
        crossing.say(TopicKind.HEALTH, crossing.booth.health(0))
        crossing.say(TopicKind.SIGHTING, third, first, first, third, second)
        assert numbers(events(fleet, 5)) == [1, 2, 3]
        assert fleet.next_within(0.5) is None


def test_what_does_not_come_is_missing_and_asked_for(
    crossing: Crossing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.subscriber.resend.FIRST_WAIT_NS", 0)
    key_file = tmp_path / "request-key"
    key_file.write_bytes(AUTHORITY.private_octets())
    key_file.chmod(0o600)
    request_topic = crossing.booth.topic(TopicKind.REQUEST)
    booth = listening(Peer("127.0.0.1", crossing.broker.port, None), crossing.peers, request_topic)
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    documents = crossing.booth.sightings(4)
    with crossing.subscriber(order_s=0.2, request_key_file=key_file) as fleet:
        crossing.say(TopicKind.SIGHTING, documents[0], documents[3])
        late = events(fleet, 3)[2]
        assert isinstance(late, VerifiedSighting)
        assert (late.claims.seq, late.missing) == (4, SequenceRange(2, 3))
        assert fleet.devices[crossing.booth.address].missing == 2
        while not booth.heard.messages:
            fleet.next_within(0.1)
        claims = RequestClaims.decode(parse_request(booth.payloads()[0]).untrusted_payload)
        assert (claims.boot, claims.first, claims.last) == (SIGHTING.boot, 2, 3)
        crossing.say(TopicKind.SIGHTING, documents[1])
        crossing.say(TopicKind.GAP, crossing.booth.gap(3, 3))
        resent, gap = events(fleet, 2)
        assert numbers([resent]) == [2]
        assert isinstance(gap, VerifiedGap)
        device = fleet.devices[crossing.booth.address]
        assert (device.missing, device.lost) == (0, 1)


def test_consumer_with_a_memory_misses_nothing_across_a_restart(
    crossing: Crossing, tmp_path: Path
) -> None:
    memory = tmp_path / "memory"
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    documents = crossing.booth.sightings(6)
    with crossing.subscriber(memory_file=memory) as fleet:
        crossing.say(TopicKind.SIGHTING, *documents[:2])
        assert numbers(events(fleet, 3)) == [1, 2]
    # Number 3 was lost while nobody listened, and number 2 comes again from a broker that forgot.
    crossing.say(TopicKind.SIGHTING, documents[1], documents[3])
    with crossing.subscriber(memory_file=memory, order_s=0.1) as fleet:
        found = events(fleet, 2)
        assert numbers(found) == [4]
        (late,) = [event for event in found if isinstance(event, VerifiedSighting)]
        assert late.missing == SequenceRange(3, 3)
        assert late.is_linked is False


def test_what_was_not_done_with_is_not_kept_in_mind(crossing: Crossing, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    with pytest.raises(RuntimeError), crossing.subscriber(memory_file=memory) as fleet:  # noqa: PT012
        crossing.say(TopicKind.SIGHTING, *crossing.booth.sightings(2))
        assert numbers(events(fleet, 3)) == [1, 2]
        raise RuntimeError
    with crossing.subscriber(memory_file=memory) as fleet:
        assert numbers(events(fleet, 2)) == [2]


def test_nothing_is_lost_by_a_consumer_that_goes_on_when_its_memory_cannot_be_written(
    crossing: Crossing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.subscriber.consumption._KEEP_PAUSE_NS", 50_000_000)
    memory = tmp_path / "disk" / "memory"
    memory.parent.mkdir()
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    with crossing.subscriber(memory_file=memory) as fleet:
        assert len(events(fleet, 1)) == 1
        shutil.rmtree(memory.parent)
        first, second = crossing.booth.sightings(2)
        crossing.say(TopicKind.SIGHTING, first)
        found: list[Verdict] = []
        complaints: list[SettingsError] = []

        def goes_on() -> bool:
            try:
                found.extend(events(fleet, 1))
            except SettingsError as error:
                complaints.append(error)
            return bool(numbers(found) and complaints)

        wait_until(goes_on)
        memory.parent.mkdir()
        crossing.say(TopicKind.SIGHTING, second)
        found += events(fleet, 1)
    assert numbers(found) == [1, 2]


def test_what_was_missing_before_a_restart_is_asked_for_after_it(
    crossing: Crossing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.subscriber.resend.FIRST_WAIT_NS", 0)
    key_file, memory = tmp_path / "request-key", tmp_path / "memory"
    key_file.write_bytes(AUTHORITY.private_octets())
    key_file.chmod(0o600)
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    documents = crossing.booth.sightings(3)
    with crossing.subscriber(memory_file=memory, order_s=0.1) as fleet:
        crossing.say(TopicKind.SIGHTING, documents[0], documents[2])
        assert numbers(events(fleet, 3)) == [1, 3]
    request_topic = crossing.booth.topic(TopicKind.REQUEST)
    booth = listening(Peer("127.0.0.1", crossing.broker.port, None), crossing.peers, request_topic)
    with crossing.subscriber(memory_file=memory, request_key_file=key_file) as fleet:
        while not booth.heard.messages:
            fleet.next_within(0.1)
    claims = RequestClaims.decode(parse_request(booth.payloads()[0]).untrusted_payload)
    assert (claims.first, claims.last) == (2, 2)


def test_fleet_knows_how_its_booths_are(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    crossing.say(TopicKind.STATUS, encode_status(SIGHTING.boot, is_online=True))
    with crossing.subscriber() as fleet:
        events(fleet, 2)
        crossing.say(TopicKind.HEALTH, crossing.booth.health(0))
        (health,) = events(fleet, 1)
        assert isinstance(health, VerifiedHealth)
        device = fleet.devices[crossing.booth.address]
        assert device.is_online
        assert device.health is not None
        assert device.health.key_days == HEALTH.key_days
        assert device.seen_at > 0


def test_message_that_is_not_believed_is_an_event_too(crossing: Crossing) -> None:
    with crossing.subscriber() as fleet:
        crossing.say(TopicKind.SIGHTING, b"nonsense")
        (refusal,) = events(fleet, 1)
        assert isinstance(refusal, Refusal)
        assert (refusal.address, refusal.kind) == (crossing.booth.address, TopicKind.SIGHTING)


def test_passage_longer_ago_than_the_consumer_keeps_is_refused(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    crossing.booth.at -= 3_600
    with crossing.subscriber(oldest_s=60) as fleet:
        crossing.say(TopicKind.SIGHTING, *crossing.booth.sightings(1))
        _, refusal = events(fleet, 2)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.TOO_OLD


def test_consumer_comes_back_by_itself_when_the_broker_does(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path) as broker, closing_peers() as peers:
        crossing = Crossing(broker, peers)
        crossing.say(TopicKind.BIRTH, crossing.booth.birth())
        documents = crossing.booth.sightings(2)
        with crossing.subscriber() as fleet:
            crossing.say(TopicKind.SIGHTING, documents[0])
            assert numbers(events(fleet, 2)) == [1]
            broker.stop()
            while fleet.trouble is None:
                assert fleet.next_within(0.1) is None
            broker.start()
            again = Crossing(broker, peers)
            again.booth = crossing.booth
            again.say(TopicKind.SIGHTING, documents[1])
            assert numbers(events(fleet, 1)) == [2]
            wait_until(lambda: fleet.trouble is None)


def test_async_consumer_is_given_the_same(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())

    async def take() -> list[Verdict]:
        found: list[Verdict] = []
        url = f"mqtt://127.0.0.1:{crossing.broker.port}"
        authority = AUTHORITY.public_key
        async with AsyncSubscriber(url, authority_key=authority, name="server") as fleet:
            say = asyncio.create_task(
                asyncio.to_thread(crossing.say, TopicKind.SIGHTING, *crossing.booth.sightings(2))
            )
            async for event in fleet:
                found.append(event)
                if len(found) == 3:
                    break
            await say
            assert fleet.devices[crossing.booth.address].sightings == 2
            wait_until(lambda: fleet.trouble is None)
        return found

    assert numbers(asyncio.run(asyncio.wait_for(take(), PATIENCE_S))) == [1, 2]
    with crossing.subscriber() as fleet:
        assert numbers(events(fleet, 1)) == []
        assert fleet.next_within(0.5) is None


def test_loop_ends_when_it_is_stopped(crossing: Crossing) -> None:
    with crossing.subscriber() as fleet:
        stopper = threading.Timer(0.2, fleet.stop)
        stopper.start()
        assert list(fleet) == []
        stopper.join()


@pytest.mark.parametrize(
    "make",
    [
        lambda url: Subscriber(url, authority_key=AUTHORITY.public_key, connect_timeout_s=0.2),
        lambda url: Subscriber(url, authority_key=AUTHORITY.public_key, connect_timeout_s=0.0),
    ],
    ids=["a moment", "not at all"],
)
def test_consumer_that_finds_no_broker_says_so(make: Callable[[str], Subscriber]) -> None:
    fleet = make(f"mqtt://127.0.0.1:{free_port()}")
    with pytest.raises(BrokerUnreachableError), fleet:
        pytest.fail("nobody is there")


def test_async_consumer_that_finds_no_broker_says_so() -> None:
    async def connect() -> None:
        url = f"mqtt://127.0.0.1:{free_port()}"
        fleet = AsyncSubscriber(url, authority_key=AUTHORITY.public_key, connect_timeout_s=0.2)
        async with fleet:
            pytest.fail("nobody is there")

    with pytest.raises(BrokerUnreachableError):
        asyncio.run(connect())


def test_subscriber_outside_a_with_statement_says_so(crossing: Crossing) -> None:
    with pytest.raises(SettingsError, match="with statement"):
        next(crossing.subscriber())
    fleet = AsyncSubscriber("mqtt://127.0.0.1", authority_key=AUTHORITY.public_key)
    with pytest.raises(SettingsError, match="async with"):
        _ = fleet.trouble


def test_consumer_of_mqtt_3_is_given_the_same(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    with crossing.subscriber(mqtt_version="3.1.1") as fleet:
        crossing.say(TopicKind.SIGHTING, *crossing.booth.sightings(2))
        assert numbers(events(fleet, 3)) == [1, 2]


def test_many_more_than_may_be_under_way_all_arrive(crossing: Crossing) -> None:
    crossing.say(TopicKind.BIRTH, crossing.booth.birth())
    with crossing.subscriber() as fleet:
        events(fleet, 1)
    documents = crossing.booth.sightings(2_500)
    crossing.say_quickly(TopicKind.SIGHTING, documents)
    with crossing.subscriber() as fleet:
        assert numbers(events(fleet, 2_501)) == list(range(1, 2_501))
