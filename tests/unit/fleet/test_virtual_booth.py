"""A virtual booth's documents, as a server judges them."""

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.fleet.virtual_booth import Committed, Ring, VirtualBooth, address_of, key_from
from edge_lpr.subscriber.verdicts import (
    Continuity,
    VerifiedBirth,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.gap import GapReason
from edge_lpr.wire.health import BoothFigures
from edge_lpr.wire.sighting import SightingClaims, parse_sighting
from edge_lpr.wire.topics import TopicKind, topic
from edge_lpr.wire.transport import verify_transport
from tests.support.clock import SetClock

SEED = 7
FIGURES = BoothFigures(counters={}, unsent=0, oldest_unsent_s=0, kept=0)


class Server:
    """Believes the fleet's authority."""

    def __init__(self, booth: VirtualBooth, clock: SetClock) -> None:
        self._booth = booth
        self._verifier = FleetVerifier(key_from(SEED, "authority").public_key, clock)

    def receive(self, kind: TopicKind, document: bytes) -> object:
        return self._verifier.receive(topic(self._booth.address, kind), document)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def booth(clock: SetClock) -> VirtualBooth:
    address = address_of("fleet", 1)
    authority_key, event_key = key_from(SEED, "authority"), key_from(SEED, address.device)
    return VirtualBooth(address, authority_key, event_key, clock)


@pytest.fixture
def server(booth: VirtualBooth, clock: SetClock) -> Server:
    server = Server(booth, clock)
    assert isinstance(server.receive(TopicKind.BIRTH, booth.birth()), VerifiedBirth)
    return server


def test_sightings_verify_and_are_chained(booth: VirtualBooth, server: Server) -> None:
    for _ in range(3):
        verdict = server.receive(TopicKind.SIGHTING, booth.commit(5).document)
        assert isinstance(verdict, VerifiedSighting)
        assert verdict.is_linked


def test_everything_says_that_it_is_a_test(booth: VirtualBooth, server: Server) -> None:
    sighting = server.receive(TopicKind.SIGHTING, booth.commit(5).document)
    health = server.receive(TopicKind.HEALTH, booth.health(FIGURES))
    birth = server.receive(TopicKind.BIRTH, booth.birth())
    assert isinstance(sighting, VerifiedSighting)
    assert isinstance(health, VerifiedHealth)
    assert isinstance(birth, VerifiedBirth)
    assert (sighting.claims.test, health.claims.test, birth.claims.test) == (True, True, True)


def test_restarted_booth_names_the_end_of_its_boot(booth: VirtualBooth, server: Server) -> None:
    server.receive(TopicKind.SIGHTING, booth.commit(5).document)
    before = booth.boot
    booth.restart()
    birth = server.receive(TopicKind.BIRTH, booth.birth())
    assert isinstance(birth, VerifiedBirth)
    assert birth.continuity is Continuity.CONTINUES
    assert birth.claims.previous is not None
    assert (birth.claims.previous.boot, birth.claims.previous.seq) == (before, 1)
    assert booth.commit(5).seq == 1


def test_boot_without_a_sighting_is_passed_over(booth: VirtualBooth, server: Server) -> None:
    server.receive(TopicKind.SIGHTING, booth.commit(5).document)
    before = booth.boot
    booth.restart()
    booth.restart()
    birth = server.receive(TopicKind.BIRTH, booth.birth())
    assert isinstance(birth, VerifiedBirth)
    assert birth.claims.previous is not None
    assert birth.claims.previous.boot == before


def test_health_names_the_last_sighting(booth: VirtualBooth, server: Server) -> None:
    last = [booth.commit(vehicle) for vehicle in range(3)][-1]
    health = server.receive(TopicKind.HEALTH, booth.health(FIGURES))
    assert isinstance(health, VerifiedHealth)
    assert (health.claims.seq, health.claims.link) == (3, last.link)


def test_gap_verifies(booth: VirtualBooth, server: Server) -> None:
    document = booth.gap(booth.boot, 1, 2, GapReason.OUTBOX_FULL)
    verdict = server.receive(TopicKind.GAP, document)
    assert isinstance(verdict, VerifiedGap)
    assert (verdict.claims.first, verdict.claims.last) == (1, 2)


def test_vehicle_has_the_same_tokens_for_a_day(booth: VirtualBooth, server: Server) -> None:
    first, again, other = (
        server.receive(TopicKind.SIGHTING, booth.commit(vehicle).document) for vehicle in (5, 5, 6)
    )
    assert isinstance(first, VerifiedSighting)
    assert isinstance(again, VerifiedSighting)
    assert isinstance(other, VerifiedSighting)
    assert first.claims.exact == again.claims.exact
    assert first.claims.exact != other.claims.exact


def test_keys_follow_from_seed_and_owner() -> None:
    assert key_from(1, "authority").kid == key_from(1, "authority").kid
    assert len({key_from(seed, owner).kid for seed in (1, 2) for owner in ("a", "b")}) == 4


def test_ten_booths_share_a_site() -> None:
    assert address_of("fleet", 10).site == address_of("fleet", 1).site
    assert address_of("fleet", 11).site != address_of("fleet", 10).site
    assert len({address_of("fleet", number) for number in range(1, 200)}) == 199


def test_ring_forgets_the_oldest() -> None:
    ring = Ring(2)
    for seq in (1, 2, 3):
        ring.keep(Committed(address_of("fleet", 1), "0" * 16, seq, bytes(16), b"%d" % seq))
    assert [ring.find("0" * 16, seq) for seq in (1, 2, 3)] == [None, b"2", b"3"]
    assert len(ring) == 2


def hit_only_booth(clock: SetClock, number: int = 1) -> VirtualBooth:
    address = address_of("fleet", number)
    authority_key, event_key = key_from(SEED, "authority"), key_from(SEED, address.device)
    return VirtualBooth(address, authority_key, event_key, clock, "hit-only")


def test_booth_of_hits_alone_publishes_what_is_listed(clock: SetClock) -> None:
    booth = hit_only_booth(clock)
    assert [each for each in range(60) if booth.publishes(each)] == [0, 20, 40]
    server = Server(booth, clock)
    birth = server.receive(TopicKind.BIRTH, booth.birth())
    assert isinstance(birth, VerifiedBirth)
    assert birth.claims.mode == "hit-only"
    hits = [server.receive(TopicKind.SIGHTING, booth.commit(each).document) for each in (0, 20, 0)]
    entries = [hit.claims.entry for hit in hits if isinstance(hit, VerifiedSighting)]
    marks = [hit.claims.possible for hit in hits if isinstance(hit, VerifiedSighting)]
    assert entries[0] is not None
    assert entries[0] == entries[2] != entries[1]
    assert marks == [True, False, True]


def test_entry_of_a_vehicle_is_another_one_at_every_site_and_on_every_day(clock: SetClock) -> None:
    def entry(number: int) -> bytes | None:
        document = hit_only_booth(clock, number).commit(20).document
        return SightingClaims.decode(parse_sighting(document).untrusted_payload).entry

    here, beside, elsewhere = entry(1), entry(2), entry(11)
    clock.advance_s(EPOCH_LENGTH_S)
    assert here == beside
    assert len({here, elsewhere, entry(1)}) == 3


def test_booth_that_publishes_everything_names_no_entry(
    booth: VirtualBooth, server: Server
) -> None:
    sighting = server.receive(TopicKind.SIGHTING, booth.commit(20).document)
    assert isinstance(sighting, VerifiedSighting)
    assert sighting.claims.entry is None
    assert booth.publishes(21)


def test_announcements_are_numbered_upwards(booth: VirtualBooth, clock: SetClock) -> None:
    authority = key_from(SEED, "authority").public_key
    found = [verify_transport(booth.announcement(), authority, clock.unix_s()) for _ in range(2)]
    (certificate, first), (_, second) = found
    assert certificate.address == booth.address
    assert (first.number, second.number) == (clock.unix_s(), clock.unix_s() + 1)
    assert first.epochs == (20_454, 20_455, 20_456, 20_457)
