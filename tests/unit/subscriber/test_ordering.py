from edge_lpr.subscriber.ordering import OrderWindow
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import VerifiedSighting
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SIGHTING, SignedBooth

PATIENCE_NS = 1_000


class Stream:
    """The sightings of one booth on their way through a window."""

    def __init__(self, maximum: int = 100) -> None:
        self.booth = SignedBooth()
        self.window = OrderWindow(PATIENCE_NS, maximum)
        self.verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
        self.verifier.receive(self.booth.topic(TopicKind.BIRTH), self.booth.birth())
        self._documents = self.booth.sightings(20)

    def arrive(self, *numbers: int, at_ns: int = 0) -> list[int]:
        """Let sightings arrive, and return the numbers of those that are let go."""
        gone = []
        for number in numbers:
            verdict = self.verifier.receive(
                self.booth.topic(TopicKind.SIGHTING), self._documents[number - 1]
            )
            assert isinstance(verdict, VerifiedSighting)
            record = self.verifier.device(self.booth.address).boot(SIGHTING.boot)
            self.window.hold(verdict, record, at_ns)
            gone += [each.claims.seq for each in self.window.release(at_ns)]
        return gone

    def later(self, now_ns: int) -> list[tuple[int, SequenceRange | None]]:
        """Let time pass, and return what is let go, with what is missing before it."""
        return [(each.claims.seq, each.missing) for each in self.window.release(now_ns)]


def test_sightings_in_order_do_not_wait() -> None:
    assert Stream().arrive(1, 2, 3) == [1, 2, 3]


def test_sighting_waits_for_those_before_it() -> None:
    stream = Stream()
    assert stream.arrive(1, 4, 3) == [1]
    assert stream.arrive(2) == [2, 3, 4]


def test_sighting_that_has_waited_long_enough_says_what_is_missing() -> None:
    stream = Stream()
    stream.arrive(1, 4)
    assert stream.window.due_ns() == PATIENCE_NS
    assert stream.later(PATIENCE_NS - 1) == []
    assert stream.later(PATIENCE_NS) == [(4, SequenceRange(2, 3))]
    assert stream.window.due_ns() is None


def test_nobody_waits_twice_for_the_same_sightings() -> None:
    stream = Stream()
    stream.arrive(1, 4)
    stream.later(PATIENCE_NS)
    assert stream.arrive(5, at_ns=PATIENCE_NS) == [5]
    assert stream.arrive(2, at_ns=PATIENCE_NS) == [2]


def test_one_that_waited_long_enough_takes_with_it_what_stands_before_it() -> None:
    stream = Stream()
    stream.arrive(1, 6)
    stream.arrive(4, at_ns=PATIENCE_NS - 1)
    assert stream.later(PATIENCE_NS) == [(4, SequenceRange(2, 3)), (6, SequenceRange(5, 5))]


def test_given_up_sightings_are_waited_for_no_longer() -> None:
    stream = Stream()
    stream.arrive(1, 4)
    stream.verifier.receive(stream.booth.topic(TopicKind.GAP), stream.booth.gap(2, 3))
    assert stream.later(1) == [(4, None)]


def test_too_many_that_wait_are_let_go() -> None:
    stream = Stream(maximum=2)
    assert stream.arrive(1, 3, 5) == [1]
    assert stream.arrive(7) == [3]
