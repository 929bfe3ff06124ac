"""Whatever a broker does to the order and number of messages, a consumer is given each once."""

from dataclasses import dataclass, field
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.subscriber.messages import Message
from edge_lpr.subscriber.reception import Reception, ReceptionRules
from edge_lpr.subscriber.verdicts import VerifiedSighting
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SignedBooth

COUNT = 6
BOOTH = SignedBooth()
BIRTH = BOOTH.birth()
SIGHTINGS = BOOTH.sightings(COUNT)
ORDER_S = 2.0

patient = settings(deadline=None, max_examples=60)
"""A busy machine breaks no law."""


@dataclass
class Delivery:
    """A consumer, and which copies of a sighting the broker was told to forget."""

    clock: SetClock = field(default_factory=SetClock)
    acknowledged: list[int] = field(default_factory=list)
    given: list[VerifiedSighting] = field(default_factory=list)

    def __post_init__(self) -> None:
        verifier = FleetVerifier(AUTHORITY.public_key, self.clock)
        self.reception = Reception(verifier, self.clock, ReceptionRules(ORDER_S, None), None)
        self._deliver(TopicKind.BIRTH, BIRTH, copy=-1)

    def sighting(self, number: int, copy: int) -> None:
        self._deliver(TopicKind.SIGHTING, SIGHTINGS[number - 1], copy)
        self.take()

    def _deliver(self, kind: TopicKind, document: bytes, copy: int) -> None:
        acknowledge = partial(self.acknowledged.append, copy)
        self.reception.receive(
            Message(BOOTH.topic(kind), document, is_retained=False, acknowledge=acknowledge)
        )

    def take(self) -> None:
        """Take what is handed out, without being done with it."""
        for event in iter(self.reception.take, None):
            if isinstance(event, VerifiedSighting):
                self.given.append(event)

    @property
    def numbers(self) -> list[int]:
        return [event.claims.seq for event in self.given]


arrivals = st.lists(st.integers(1, COUNT), max_size=2 * COUNT).flatmap(
    lambda copies: st.permutations([*range(1, COUNT + 1), *copies])
)
"""Every number at least once, in any order, some of them again."""


@patient
@given(arrivals)
def test_every_sighting_is_given_once_and_in_order(order: list[int]) -> None:
    delivery = Delivery()
    for copy, number in enumerate(order):
        delivery.sighting(number, copy)
    assert delivery.numbers == list(range(1, COUNT + 1))


@patient
@given(arrivals)
def test_nothing_is_acknowledged_before_it_is_done_and_everything_after(order: list[int]) -> None:
    delivery = Delivery()
    for copy, number in enumerate(order):
        delivery.sighting(number, copy)
    # The birth is never done with here.
    assert delivery.acknowledged == []
    for event in delivery.given:
        before = len(delivery.acknowledged)
        event.done()
        told = delivery.acknowledged[before:]
        assert {order[copy] for copy in told} == {event.claims.seq}
    assert sorted(delivery.acknowledged) == list(range(len(order)))


@patient
@given(arrivals, st.lists(st.booleans(), min_size=3 * COUNT, max_size=3 * COUNT))
def test_patience_that_ends_costs_the_order_and_nothing_else(
    order: list[int], pauses: list[bool]
) -> None:
    delivery = Delivery()
    for (copy, number), pauses_here in zip(enumerate(order), pauses, strict=False):
        delivery.sighting(number, copy)
        if pauses_here:
            delivery.clock.advance_s(ORDER_S)
            delivery.take()
    assert sorted(delivery.numbers) == list(range(1, COUNT + 1))


@patient
@given(arrivals, st.integers(0, COUNT))
def test_what_is_missing_is_said_of_the_next_and_of_nothing_else(
    order: list[int], lost: int
) -> None:
    delivery = Delivery()
    for copy, number in enumerate(order):
        if number != lost:
            delivery.sighting(number, copy)
    delivery.clock.advance_s(ORDER_S)
    delivery.take()
    said = {
        event.claims.seq: (event.missing.first, event.missing.last)
        for event in delivery.given
        if event.missing is not None
    }
    assert said == ({lost + 1: (lost, lost)} if 0 < lost < COUNT else {})
