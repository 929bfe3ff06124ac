from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from edge_lpr.subscriber import early
from edge_lpr.subscriber.messages import Message
from edge_lpr.subscriber.reception import Reception, ReceptionRules
from edge_lpr.subscriber.resend import FIRST_WAIT_NS, ResendDesk
from edge_lpr.subscriber.verdicts import (
    DeviceStatus,
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.subscriber.watch_list import Hit, Match, WatchList
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SIGHTING, SignedBooth

ORDER_S = 2.0


@dataclass
class Broker:
    """Delivers messages and counts what is acknowledged."""

    acknowledged: list[int] = field(default_factory=list)
    delivered: int = 0

    def message(self, topic: str, payload: bytes, *, is_retained: bool = False) -> Message:
        self.delivered += 1
        return Message(topic, payload, is_retained, self._acknowledge(self.delivered))

    def _acknowledge(self, number: int) -> Callable[[], None]:
        return lambda: self.acknowledged.append(number)


class Consumer:
    """One consumer and one booth."""

    def __init__(self, *, watch_list: WatchList | None = None, asks: bool = False) -> None:
        self.booth = SignedBooth()
        self.clock = SetClock()
        self.broker = Broker()
        desk = ResendDesk(SigningKey.generate(), self.clock) if asks else None
        rules = ReceptionRules(ORDER_S, watch_list)
        verifier = FleetVerifier(AUTHORITY.public_key, self.clock)
        self.reception = Reception(verifier, self.clock, rules, desk)

    def receive(
        self, kind: TopicKind, *documents: bytes, is_retained: bool = False
    ) -> list[Verdict]:
        """Receive messages, and return what is handed out."""
        for document in documents:
            topic = self.booth.topic(kind)
            self.reception.receive(self.broker.message(topic, document, is_retained=is_retained))
        return self.taken()

    def taken(self) -> list[Verdict]:
        return list(iter(self.reception.take, None))


@pytest.fixture
def consumer() -> Consumer:
    """Return a consumer that has heard the booth's birth, which is message 1."""
    consumer = Consumer()
    consumer.receive(TopicKind.BIRTH, consumer.booth.birth())
    return consumer


def numbers(found: list[Verdict]) -> list[int]:
    return [each.claims.seq for each in found if isinstance(each, VerifiedSighting)]


def test_sighting_is_acknowledged_when_the_consumer_is_done(consumer: Consumer) -> None:
    (event,) = consumer.receive(TopicKind.SIGHTING, consumer.booth.sightings(1)[0])
    assert consumer.broker.acknowledged == []
    event.done()
    event.done()
    assert consumer.broker.acknowledged == [2]


def test_copy_of_what_is_done_is_acknowledged_at_once(consumer: Consumer) -> None:
    (document,) = consumer.booth.sightings(1)
    (event,) = consumer.receive(TopicKind.SIGHTING, document)
    event.done()
    assert consumer.receive(TopicKind.SIGHTING, document) == []
    assert consumer.broker.acknowledged == [2, 3]


def test_copy_of_what_is_in_hand_is_acknowledged_together_with_it(consumer: Consumer) -> None:
    (document,) = consumer.booth.sightings(1)
    (event,) = consumer.receive(TopicKind.SIGHTING, document)
    assert consumer.receive(TopicKind.SIGHTING, document) == []
    assert consumer.broker.acknowledged == []
    event.done()
    assert consumer.broker.acknowledged == [2, 3]


def test_sightings_are_put_in_order(consumer: Consumer) -> None:
    first, second, third = consumer.booth.sightings(3)
    assert numbers(consumer.receive(TopicKind.SIGHTING, first, third)) == [1]
    assert consumer.reception.due_in_s() == ORDER_S
    assert numbers(consumer.receive(TopicKind.SIGHTING, second)) == [2, 3]
    assert consumer.reception.due_in_s() is None


def test_sighting_that_waited_long_enough_is_handed_out(consumer: Consumer) -> None:
    documents = consumer.booth.sightings(3)
    consumer.receive(TopicKind.SIGHTING, documents[0], documents[2])
    consumer.clock.advance_s(ORDER_S)
    assert numbers(consumer.taken()) == [3]


def test_what_came_before_its_birth_is_handed_out_after_it() -> None:
    consumer = Consumer()
    assert consumer.receive(TopicKind.SIGHTING, *consumer.booth.sightings(2)) == []
    assert consumer.receive(TopicKind.HEALTH, consumer.booth.health(2)) == []
    found = consumer.receive(TopicKind.BIRTH, consumer.booth.birth(), is_retained=True)
    kinds = [type(each) for each in found]
    assert kinds == [VerifiedBirth, VerifiedSighting, VerifiedSighting, VerifiedHealth]


def test_what_waits_for_a_birth_too_long_is_refused() -> None:
    consumer = Consumer()
    consumer.receive(TopicKind.SIGHTING, consumer.booth.sightings(1)[0])
    consumer.clock.advance_s(early.EARLY_PATIENCE_NS / 1e9)
    (refusal,) = consumer.taken()
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.NO_BIRTH
    refusal.done()
    assert consumer.broker.acknowledged == [1]


def test_births_are_fetched_less_and_less_often_while_one_is_waited_for() -> None:
    consumer = Consumer()
    assert not consumer.reception.is_fetch_due()
    consumer.receive(TopicKind.SIGHTING, consumer.booth.sightings(1)[0])
    fetched_after = []
    for second in range(59):
        fetched_after += [second] * consumer.reception.is_fetch_due()
        consumer.clock.advance_s(1)
    assert fetched_after == [5, 15, 35]
    consumer.receive(TopicKind.BIRTH, consumer.booth.birth())
    consumer.clock.advance_s(60)
    assert not consumer.reception.is_fetch_due()


def test_crowd_without_births_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "_CROWD", 2)
    consumer = Consumer()
    consumer.receive(TopicKind.SIGHTING, *consumer.booth.sightings(2))
    consumer.clock.advance_s(early.CROWDED_PATIENCE_NS / 1e9)
    assert len(consumer.taken()) == 2


def test_one_booth_without_a_birth_holds_up_the_others_once_and_not_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(early, "_MAXIMUM_OF_ONE", 2)
    consumer = Consumer()
    documents = consumer.booth.sightings(6)
    # A broker's queue comes before the births of a new subscription, whatever its length.
    assert consumer.receive(TopicKind.SIGHTING, *documents[:5]) == []
    consumer.clock.advance_s(early.CROWDED_PATIENCE_NS / 1e9)
    assert len(consumer.taken()) == 3
    assert len(consumer.receive(TopicKind.SIGHTING, documents[5])) == 1
    consumer.clock.advance_s(early.CROWDER_BANISHED_NS / 1e9)
    assert len(consumer.taken()) == 2
    assert consumer.receive(TopicKind.SIGHTING, *documents) == []


def test_only_so_many_booths_that_held_up_others_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(early, "_MAXIMUM_OF_ONE", 1)
    monkeypatch.setattr(early, "_MAXIMUM_CROWDERS", 1)
    consumer = Consumer()
    for device in ("booth-1", "booth-2"):
        consumer.booth = SignedBooth(device)
        consumer.receive(TopicKind.SIGHTING, *consumer.booth.sightings(2))
        consumer.clock.advance_s(early.EARLY_PATIENCE_NS / 1e9)
        assert len(consumer.taken()) == 2
    assert len(consumer.receive(TopicKind.SIGHTING, *consumer.booth.sightings(2))) == 1
    consumer.booth = SignedBooth("booth-1")
    assert consumer.receive(TopicKind.SIGHTING, *consumer.booth.sightings(2)) == []


def test_only_so_much_waits_for_births(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "_MAXIMUM_EARLY", 1)
    consumer = Consumer()
    found = consumer.receive(TopicKind.SIGHTING, *consumer.booth.sightings(2))
    assert [type(each) for each in found] == [Refusal]


def test_birth_that_says_the_same_again_is_not_handed_out(consumer: Consumer) -> None:
    birth = consumer.booth.birth()
    assert consumer.receive(TopicKind.BIRTH, birth, is_retained=True) == []
    assert len(consumer.receive(TopicKind.BIRTH, consumer.booth.birth("f" * 16))) == 1


def test_health_and_gap_are_handed_out_once(consumer: Consumer) -> None:
    booth = consumer.booth
    documents = booth.health(3), booth.health(3)
    assert [type(each) for each in consumer.receive(TopicKind.HEALTH, *documents)] == [
        VerifiedHealth
    ]
    assert [
        type(each) for each in consumer.receive(TopicKind.GAP, booth.gap(1, 2), booth.gap(1, 2))
    ] == [VerifiedGap]
    # The copies; what was handed out has not been done with.
    assert consumer.broker.acknowledged == [3, 5]


def test_gap_lets_go_what_waited_for_it(consumer: Consumer) -> None:
    documents = consumer.booth.sightings(3)
    consumer.receive(TopicKind.SIGHTING, documents[0], documents[2])
    assert numbers(consumer.receive(TopicKind.GAP, consumer.booth.gap(2, 2))) == [3]


def test_status_is_handed_out_and_noted(consumer: Consumer) -> None:
    status = encode_status(SIGHTING.boot, is_online=True)
    (event,) = consumer.receive(TopicKind.STATUS, status)
    assert isinstance(event, DeviceStatus)
    assert consumer.reception.fleet.devices[consumer.booth.address].is_online


def test_sighting_on_the_watch_list_is_a_hit() -> None:
    watch_list = WatchList()
    watch_list.add(
        b'{"site":"lane-07","epoch":20454,"exact":"ZWVlZWVlZWVlZWVlZWVlZQ",'
        b'"fold":"ZmZmZmZmZmZmZmZmZmZmZg","entry":"case-4711"}'
    )
    consumer = Consumer(watch_list=watch_list)
    consumer.receive(TopicKind.BIRTH, consumer.booth.birth())
    (event,) = consumer.receive(TopicKind.SIGHTING, consumer.booth.sightings(1)[0])
    assert isinstance(event, VerifiedSighting)
    assert event.hit == Hit(("case-4711",), Match.EXACT)


def test_what_is_missing_of_any_boot_is_asked_for() -> None:
    consumer = Consumer(asks=True)
    booth = consumer.booth
    consumer.receive(TopicKind.BIRTH, booth.birth())
    consumer.receive(TopicKind.HEALTH, booth.health(3))
    consumer.receive(TopicKind.BIRTH, booth.birth("f" * 16, booth.previous(5)))
    assert list(consumer.reception.requests()) == []
    consumer.clock.advance_s(FIRST_WAIT_NS / 1e9)
    ((topic, _),) = consumer.reception.requests()
    assert topic == booth.topic(TopicKind.REQUEST)


def test_nothing_is_asked_for_without_a_key(consumer: Consumer) -> None:
    consumer.receive(TopicKind.HEALTH, consumer.booth.health(3))
    consumer.clock.advance_s(FIRST_WAIT_NS / 1e9)
    assert list(consumer.reception.requests()) == []


def test_consumer_that_joins_late_does_not_ask_for_what_was_before() -> None:
    consumer = Consumer(asks=True)
    consumer.receive(TopicKind.BIRTH, consumer.booth.birth(), is_retained=True)
    assert numbers(consumer.receive(TopicKind.SIGHTING, consumer.booth.sightings(9)[8])) == [9]
    assert consumer.reception.fleet.devices[consumer.booth.address].missing == 0
