from dataclasses import replace

import pytest

from edge_lpr.core.clock import Clock
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import (
    Continuity,
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.birth import PreviousBoot
from edge_lpr.wire.health import sign_health
from edge_lpr.wire.request import RequestClaims, sign_request
from edge_lpr.wire.sighting import FIRST_PREV, sighting_hash
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.fleet import AUTHORITY, HEALTH, SIGHTING, SignedBooth

OLD_BOOT = "0" * 16


class Server:
    """A central server that has received the birth of one booth."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.booth = SignedBooth()
        self.verifier = FleetVerifier(AUTHORITY.public_key, clock or SetClock())
        self.receive(TopicKind.BIRTH, self.booth.birth())

    def receive(self, kind: TopicKind, document: bytes, *, joins_late: bool = False) -> Verdict:
        return self.verifier.receive(self.booth.topic(kind), document, joins_late=joins_late)

    def sighting(self, document: bytes) -> VerifiedSighting:
        verdict = self.receive(TopicKind.SIGHTING, document)
        assert isinstance(verdict, VerifiedSighting), verdict
        return verdict

    def health(self, document: bytes) -> VerifiedHealth:
        verdict = self.receive(TopicKind.HEALTH, document)
        assert isinstance(verdict, VerifiedHealth), verdict
        return verdict

    def gap(self, document: bytes) -> VerifiedGap:
        verdict = self.receive(TopicKind.GAP, document)
        assert isinstance(verdict, VerifiedGap), verdict
        return verdict

    def reason(self, kind: TopicKind, document: bytes) -> RefusalReason:
        verdict = self.receive(kind, document)
        assert isinstance(verdict, Refusal), verdict
        return verdict.reason


@pytest.fixture
def server() -> Server:
    return Server()


def test_newest_sightings_that_were_dropped_show_in_the_next_health_record(server: Server) -> None:
    documents = server.booth.sightings(4)
    server.sighting(documents[0])
    assert server.health(server.booth.health(4)).missing == SequenceRange(2, 4)
    late = [server.sighting(document) for document in documents[1:]]
    assert [each.is_linked for each in late] == [True] * 3
    assert server.health(server.booth.health(4, up_s=120)).missing is None


def test_health_record_is_new_once(server: Server) -> None:
    old, new = server.booth.health(0, up_s=60), server.booth.health(0, up_s=120)
    assert [server.health(each).is_duplicate for each in (old, new, new, old)] == [
        False,
        False,
        True,
        True,
    ]


def test_health_record_that_names_another_chain_is_refused(server: Server) -> None:
    server.sighting(server.booth.sightings(1)[0])
    document = sign_health(replace(HEALTH, seq=1, link=b"x" * 16), server.booth.event_key)
    assert server.reason(TopicKind.HEALTH, document) is RefusalReason.BROKEN_CHAIN


def test_sightings_that_will_never_come_are_no_longer_missing(server: Server) -> None:
    documents = server.booth.sightings(5)
    server.sighting(documents[0])
    server.sighting(documents[4])
    gap = server.gap(server.booth.gap(2, 3))
    assert (gap.lost, gap.missing) == (2, None)
    record = server.verifier.device(server.booth.address).find(SIGHTING.boot)
    assert record is not None
    assert record.gaps() == (SequenceRange(4, 4),)


def test_gap_said_again_counts_once(server: Server) -> None:
    assert [server.gap(server.booth.gap(1, 2)).lost for _ in range(2)] == [2, 0]


def test_sighting_that_comes_in_spite_of_its_gap_is_new(server: Server) -> None:
    (document,) = server.booth.sightings(1)
    server.gap(server.booth.gap(1, 1))
    assert not server.sighting(document).is_duplicate
    assert server.sighting(document).is_duplicate


@pytest.mark.parametrize("kind", [TopicKind.HEALTH, TopicKind.GAP], ids=lambda kind: kind.value)
def test_document_before_the_birth_can_be_tried_again(kind: TopicKind) -> None:
    booth = SignedBooth()
    verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
    document = {TopicKind.HEALTH: booth.health(0), TopicKind.GAP: booth.gap(1, 1)}[kind]
    verdict = verifier.receive(booth.topic(kind), document)
    assert isinstance(verdict, Refusal)
    assert verdict.reason is RefusalReason.NO_BIRTH


@pytest.mark.parametrize("topic", list(TopicKind), ids=lambda kind: f"under {kind.value}")
@pytest.mark.parametrize("kind", ["birth", "sighting", "health", "gap"])
def test_document_of_one_kind_is_none_of_another(
    server: Server, kind: str, topic: TopicKind
) -> None:
    booth = server.booth
    document = {
        "birth": booth.birth(),
        "sighting": booth.sightings(1)[0],
        "health": booth.health(0),
        "gap": booth.gap(1, 1),
    }[kind]
    assert isinstance(server.receive(topic, document), Refusal) is (topic.value != kind)


def test_request_is_not_for_us(server: Server) -> None:
    claims = RequestClaims(server.booth.address, SIGHTING.boot, 1, 2, NOON_OF_THE_VECTORS)
    document = sign_request(claims, server.booth.event_key)
    assert server.reason(TopicKind.REQUEST, document) is RefusalReason.NOT_FOR_US


def test_end_of_a_boot_that_the_next_birth_names_is_missing_until_it_arrives(
    server: Server,
) -> None:
    booth = server.booth
    documents = booth.sightings(3)
    server.sighting(documents[0])
    birth = booth.birth("f" * 16, booth.previous(3))
    verdicts = [server.receive(TopicKind.BIRTH, birth) for _ in range(2)]
    assert [(v.continuity, v.missing) for v in verdicts if isinstance(v, VerifiedBirth)] == [
        (Continuity.UNKNOWN, SequenceRange(2, 3))
    ] * 2
    for document in documents[1:]:
        server.sighting(document)
    again = server.receive(TopicKind.BIRTH, birth)
    assert isinstance(again, VerifiedBirth)
    assert (again.continuity, again.missing) == (Continuity.CONTINUES, None)


def test_whole_boot_that_never_arrived_is_missing(server: Server) -> None:
    previous = PreviousBoot("a" * 16, 7, b"l" * 16)
    birth = server.receive(TopicKind.BIRTH, server.booth.birth("f" * 16, previous))
    assert isinstance(birth, VerifiedBirth)
    assert birth.missing == SequenceRange(1, 7)


def test_nobody_misses_the_boot_before_the_first_that_was_heard_of() -> None:
    booth = SignedBooth()
    verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
    birth = booth.birth(previous=booth.previous(3, OLD_BOOT))
    for _ in range(2):
        verdict = verifier.receive(booth.topic(TopicKind.BIRTH), birth)
        assert isinstance(verdict, VerifiedBirth)
        assert (verdict.continuity, verdict.missing) == (Continuity.UNKNOWN, None)
    late = verifier.receive(booth.topic(TopicKind.SIGHTING), booth.sightings(2, OLD_BOOT)[1])
    assert isinstance(late, VerifiedSighting)
    assert not late.is_duplicate


def test_server_that_joins_late_misses_only_what_comes_after() -> None:
    booth = SignedBooth()
    verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
    verifier.receive(booth.topic(TopicKind.BIRTH), booth.birth(), joins_late=True)
    missing = []
    for document in booth.sightings(8)[3::4]:
        verdict = verifier.receive(booth.topic(TopicKind.SIGHTING), document)
        assert isinstance(verdict, VerifiedSighting)
        missing.append(verdict.missing)
    assert missing == [None, SequenceRange(5, 7)]


def test_server_has_received_nothing_of_what_it_never_heard_of(server: Server) -> None:
    assert list(server.verifier.device(SignedBooth("booth-2").address).boots()) == []
    assert server.verifier.device(server.booth.address).find("e" * 16) is None
    ((address, device),) = server.verifier.devices()
    assert address == server.booth.address
    assert [boot for boot, _ in device.boots()] == [SIGHTING.boot]


def test_what_is_missing_of_all_boots_is_added_up(server: Server) -> None:
    server.health(server.booth.health(3))
    server.health(server.booth.health(2, OLD_BOOT))
    assert server.verifier.device(server.booth.address).missing == 5


def test_first_sighting_begins_where_the_health_record_before_it_says(server: Server) -> None:
    (document,) = server.booth.sightings(1)
    assert server.health(server.booth.health(0)).missing is None
    assert server.sighting(document).is_linked
    assert sighting_hash(document) != FIRST_PREV
