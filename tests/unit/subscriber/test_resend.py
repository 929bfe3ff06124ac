import pytest

from edge_lpr.subscriber import resend
from edge_lpr.subscriber.continuity import BootRecord
from edge_lpr.subscriber.resend import FIRST_WAIT_NS, LONGEST_WAIT_NS, ResendDesk
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import MAXIMUM_REQUESTED, REQUEST_TYP, RequestClaims, parse_request
from edge_lpr.wire.topics import TopicKind, topic
from tests.support.clock import SetClock
from tests.support.fleet import SignedBooth

ADDRESS = SignedBooth().address
BOOT = "b" * 16


class Server:
    """A server that misses something."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.key = SigningKey.generate()
        self.desk = ResendDesk(self.key, self.clock)
        self.record = BootRecord()

    def miss(self, first: int, last: int, boot: str = BOOT) -> None:
        self.record.expect(last, b"l" * 16)
        self.record.give_up(SequenceRange(1, first - 1))
        self.desk.notice(ADDRESS, boot, self.record)

    def asks(self) -> list[tuple[int, int]]:
        """Return what is asked for now."""
        asked = []
        for request_topic, document in self.desk.due():
            assert request_topic == topic(ADDRESS, TopicKind.REQUEST)
            payload = parse_request(document).verified(REQUEST_TYP, self.key.public_key)
            claims = RequestClaims.decode(payload)
            assert (claims.address, claims.at) == (ADDRESS, self.clock.unix_s())
            asked.append((claims.first, claims.last))
        return asked

    def wait(self, wait_ns: int) -> None:
        self.clock.advance_s(wait_ns / 1e9)


@pytest.fixture
def server() -> Server:
    return Server()


def test_nothing_is_asked_for_that_may_only_be_late(server: Server) -> None:
    server.miss(2, 5)
    assert server.asks() == []
    server.wait(FIRST_WAIT_NS)
    assert server.asks() == [(2, 5)]


def test_what_has_come_meanwhile_is_not_asked_for(server: Server) -> None:
    server.miss(2, 5)
    server.record.give_up(SequenceRange(2, 5))
    server.wait(FIRST_WAIT_NS)
    assert server.asks() == []


def test_waits_double_while_nothing_comes_of_it(server: Server) -> None:
    server.miss(2, 5)
    server.wait(FIRST_WAIT_NS)
    asked_after = []
    for second in range(1, 200):
        asked_after += [second] * len(server.asks())
        server.wait(1_000_000_000)
    assert asked_after == [1, 21, 61, 141]


def test_waits_have_an_end(server: Server) -> None:
    server.miss(2, 5)
    for _ in range(20):
        server.wait(LONGEST_WAIT_NS)
        assert server.asks() == [(2, 5)]


def test_answer_makes_it_ask_soon_for_the_rest(server: Server) -> None:
    server.miss(2, 50)
    for _ in range(6):
        server.wait(LONGEST_WAIT_NS)
        server.asks()
    server.record.give_up(SequenceRange(2, 30))
    server.wait(LONGEST_WAIT_NS)
    assert server.asks() == []
    for _ in range(2):
        server.wait(FIRST_WAIT_NS)
        assert server.asks() == [(31, 50)]


def test_what_is_queued_for_a_consumer_that_is_behind_is_not_asked_for(server: Server) -> None:
    asked = []
    for second in range(900):
        if second % 60 == 0:
            # The health record has passed by the sightings: five minutes of them at first.
            server.miss(1, 300 + second)
        if second % 10 == 0:
            server.record.give_up(SequenceRange(second + 1, second + 10))
        asked += server.asks()
        server.wait(1_000_000_000)
    assert asked == []


def test_what_is_lost_is_asked_for_although_others_are_still_coming(server: Server) -> None:
    server.miss(15, 2_000)
    asked = []
    for second in range(60):
        server.record.give_up(SequenceRange(16, 16 + 10 * second))
        asked += server.asks()
        server.wait(1_000_000_000)
    assert asked == [(15, 15)]


def test_one_device_is_not_asked_twice_at_once(server: Server) -> None:
    other = BootRecord()
    other.expect(3, b"l" * 16)
    server.miss(2, 5)
    server.desk.notice(ADDRESS, "c" * 16, other)
    server.wait(FIRST_WAIT_NS)
    assert server.asks() == [(2, 5)]
    server.wait(10_000_000_000)
    assert server.asks() == [(1, 3)]


def test_small_gaps_are_asked_for_together_and_distant_ones_apart(server: Server) -> None:
    server.record.expect(1_000, b"l" * 16)
    server.record.give_up(SequenceRange(1, 9))
    server.record.give_up(SequenceRange(11, 99))
    server.record.give_up(SequenceRange(101, 999))
    server.desk.notice(ADDRESS, BOOT, server.record)
    server.wait(FIRST_WAIT_NS)
    assert server.asks() == [(10, 100)]


def test_no_more_is_asked_for_at_once_than_a_booth_gives(server: Server) -> None:
    server.record.expect(3 * MAXIMUM_REQUESTED, b"l" * 16)
    server.desk.notice(ADDRESS, BOOT, server.record)
    server.wait(FIRST_WAIT_NS)
    assert server.asks() == [(1, MAXIMUM_REQUESTED)]


def test_only_so_many_boots_are_kept_in_mind(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resend, "_MAXIMUM_PLACES", 1)
    server.miss(2, 5)
    server.desk.notice(ADDRESS, "c" * 16, server.record)
    server.wait(LONGEST_WAIT_NS)
    assert len(server.asks()) == 1
    server.wait(LONGEST_WAIT_NS)
    assert len(server.asks()) == 1
