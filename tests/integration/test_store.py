"""One contract for both stores: PostgreSQL and SQLite, each the real one."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError, StoreError
from edge_lpr.store.boot_book import FIRST_WAIT_S, SETTLE_S
from edge_lpr.store.database import migrate
from edge_lpr.store.records import Batch
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.wire.gap import GapClaims, GapReason, sign_gap
from edge_lpr.wire.health import sign_health
from edge_lpr.wire.sighting import FIRST_PREV, sighting_hash, sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.fleet import DAY_S, HEALTH, SIGHTING, SignedBooth
from tests.support.stores import StoreWorld, store_world

BOTH = [pytest.param("postgres", marks=pytest.mark.postgres), "sqlite"]
BOOTH = SignedBooth()


@pytest.fixture(params=BOTH)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world(request.param, tmp_path) as world:
        yield world


def audit_until_settled(world: StoreWorld) -> None:
    world.store.audit()
    world.clock.advance_s(SETTLE_S)
    world.store.audit()


def test_sightings_are_stored_once_however_often_they_come(world: StoreWorld) -> None:
    batch = world.sightings(BOOTH, BOOTH.sightings(5))
    first = world.store.add(batch)
    again = world.another_store().add(batch)
    assert (first.new, first.duplicates) == (5, 0)
    assert (again.new, again.duplicates) == (0, 5)
    assert world.numbers() == [1, 2, 3, 4, 5]


def test_sighting_twice_in_one_batch_is_stored_once(world: StoreWorld) -> None:
    document = BOOTH.sightings(1)[0]
    stored = world.store.add(world.sightings(BOOTH, [document, document]))
    assert (stored.new, stored.duplicates) == (1, 1)


def test_every_claim_is_stored(world: StoreWorld) -> None:
    claims = replace(SIGHTING, lane=7, dir="out", conf=1, reads=3, test=True)
    document = sign_sighting(claims, BOOTH.event_key)
    world.store.add(world.sightings(BOOTH, [document]))
    (row,) = world.database.rows(
        "SELECT seq, at, received_at, epoch, lane, dir, tq, conf, reads, is_test, "
        "exact, fold, prev, link FROM sighting"
    )
    assert row == (
        *(1, NOON_OF_THE_VECTORS, world.clock.unix_s(), 20_454, 7, "out", "ntp", 1, 3, True),
        *(b"e" * 16, b"f" * 16, FIRST_PREV, sighting_hash(document)),
    )


def test_passages_can_be_read_with_names_and_times(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(1)))
    ((tenant, site, device, boot, seq, passed_at),) = world.database.rows(
        "SELECT tenant, site, device, boot, seq, passed_at FROM passage"
    )
    assert (tenant, site, device) == ("tenant-a", "lane-07", "booth-1")
    assert (boot, seq) == (SIGHTING.boot, 1)
    assert str(passed_at).startswith("2026-01-01 12:00:00")


def test_booths_with_the_same_numbers_do_not_meet(world: StoreWorld) -> None:
    other = SignedBooth("booth-2")
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    stored = world.store.add(world.sightings(other, other.sightings(2)))
    assert stored.new == 2


def test_sightings_older_than_the_retention_are_refused_and_not_missed(world: StoreWorld) -> None:
    old = replace(SIGHTING, at=NOON_OF_THE_VECTORS - 31 * DAY_S)
    booth = SignedBooth("booth-3")
    booth.certificate = replace(booth.certificate, not_before=0)
    first = sign_sighting(old, booth.event_key)
    second = sign_sighting(replace(SIGHTING, seq=2, prev=sighting_hash(first)), booth.event_key)
    stored = world.store.add(world.sightings(booth, [first, second]))
    audit_until_settled(world)
    assert (stored.new, stored.too_old) == (1, 1)
    assert world.numbers() == [2]
    assert world.gaps() == []


def test_sightings_of_the_future_are_refused_and_not_missed(world: StoreWorld) -> None:
    booth = SignedBooth("booth-4")
    booth.certificate = replace(booth.certificate, not_after=NOON_OF_THE_VECTORS + 9 * DAY_S)
    ahead = replace(SIGHTING, at=NOON_OF_THE_VECTORS + 3 * DAY_S)
    document = sign_sighting(ahead, booth.event_key)
    stored = world.store.add(world.sightings(booth, [document]))
    audit_until_settled(world)
    assert (stored.new, stored.too_new) == (0, 1)
    assert world.gaps() == []


def test_what_is_older_than_the_retention_is_dropped(world: StoreWorld) -> None:
    documents = BOOTH.sightings(2)
    world.store.add(world.sightings(BOOTH, documents))
    world.store.keep_house()
    assert world.numbers() == [1, 2]
    world.clock.advance_s(31 * DAY_S)
    assert world.store.keep_house() > 0
    assert world.numbers() == []
    # Played again later, they are too old, and the ledger knows them.
    world.clock.advance_s(-31 * DAY_S)
    batch = world.sightings(BOOTH, documents)
    world.clock.advance_s(31 * DAY_S)
    assert world.store.add(batch).too_old == 2
    audit_until_settled(world)
    assert world.findings() == []


def test_ledger_of_a_boot_without_gaps_is_one_row(world: StoreWorld) -> None:
    documents = BOOTH.sightings(6)
    world.store.add(world.sightings(BOOTH, documents[3:]))
    world.store.audit()
    world.store.add(world.sightings(BOOTH, documents[:3]))
    world.store.audit()
    runs = world.database.rows("SELECT first, last, last_link FROM run")
    assert [tuple(run) for run in runs] == [(1, 6, sighting_hash(documents[-1]))]
    assert world.database.rows("SELECT 1 FROM arrival") == []
    assert world.findings() == []


def test_hole_becomes_a_gap_once_it_has_stayed(world: StoreWorld) -> None:
    documents = BOOTH.sightings(6)
    world.store.add(world.sightings(BOOTH, [documents[0], *documents[3:]]))
    world.store.audit()
    assert world.gaps() == []
    world.clock.advance_s(SETTLE_S)
    report = world.store.audit()
    assert report is not None
    assert report.opened == 1
    assert world.gaps() == [(2, 3, 2, 0)]


def test_hole_that_another_worker_fills_at_once_is_no_gap(world: StoreWorld) -> None:
    documents = BOOTH.sightings(4)
    world.store.add(world.sightings(BOOTH, documents[2:]))
    world.store.audit()
    world.another_store().add(world.sightings(BOOTH, documents[:2]))
    world.clock.advance_s(SETTLE_S)
    world.store.audit()
    assert world.gaps() == []


def test_gap_is_asked_for_and_closed_by_arrival(world: StoreWorld) -> None:
    documents = BOOTH.sightings(6)
    world.store.add(world.sightings(BOOTH, [documents[0], *documents[3:]]))
    world.store.audit()
    world.clock.advance_s(SETTLE_S)
    report = world.store.audit()
    assert report is not None
    (request,) = report.requests
    assert (request.address, request.boot) == (BOOTH.address, SIGHTING.boot)
    assert (request.first, request.last) == (2, 3)
    world.store.add(world.sightings(BOOTH, documents[1:3]))
    report = world.store.audit()
    assert report is not None
    assert report.closed == 1
    assert report.requests == ()
    assert world.gaps() == [(2, 3, 0, 0)]


def test_unanswered_request_is_made_again_ever_more_rarely(world: StoreWorld) -> None:
    documents = BOOTH.sightings(3)
    world.store.add(world.sightings(BOOTH, [documents[0], documents[2]]))
    world.store.audit()
    asked_at = []
    for _ in range(200):
        world.clock.advance_s(1)
        report = world.store.audit()
        assert report is not None
        if report.requests:
            asked_at.append(world.clock.unix_s())
    pauses = [later - earlier for earlier, later in pairwise(asked_at)]
    assert pauses == [15, 30, 60]


def test_gaps_near_each_other_are_asked_for_together(world: StoreWorld) -> None:
    documents = BOOTH.sightings(9)
    world.store.add(world.sightings(BOOTH, [*documents[:2], *documents[3:5]]))
    audit_until_settled(world)
    world.store.add(world.sightings(BOOTH, documents[6:]))
    audit_until_settled(world)
    assert world.gaps() == [(3, 3, 1, 0), (6, 6, 1, 0)]
    world.clock.advance_s(FIRST_WAIT_S)
    report = world.store.audit()
    assert report is not None
    assert [(request.first, request.last) for request in report.requests] == [(3, 6)]


def test_gap_is_closed_by_a_devices_word(world: StoreWorld) -> None:
    documents = BOOTH.sightings(5)
    world.store.add(world.sightings(BOOTH, [documents[0], documents[4]]))
    audit_until_settled(world)
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(2, 3))))
    world.store.audit()
    assert world.gaps() == [(2, 4, 1, 0)]
    world.store.add(world.sightings(BOOTH, [documents[3]]))
    world.store.audit()
    assert world.gaps() == [(2, 4, 0, 2)]


def test_given_up_numbers_before_their_successors_open_no_gap(world: StoreWorld) -> None:
    gap = GapClaims(SIGHTING.boot, 1, 2, NOON_OF_THE_VECTORS, GapReason.OUTBOX_FULL)
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, sign_gap(gap, BOOTH.event_key))))
    world.store.audit()
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(3)[2:]))
    audit_until_settled(world)
    assert world.gaps() == []


def test_health_record_shows_that_the_newest_are_missing(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, BOOTH.health(4))))
    audit_until_settled(world)
    assert world.gaps() == [(3, 4, 2, 0)]


def test_latest_health_record_is_kept(world: StoreWorld) -> None:
    world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, BOOTH.health(4))))
    world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, BOOTH.health(5))))
    ((claims,),) = world.database.rows("SELECT claims FROM health")
    assert '"seq":5' in claims


def test_birth_shows_that_the_end_of_the_boot_before_is_missing(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    birth = BOOTH.birth("ffffffffffffffff", BOOTH.previous(3))
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, birth)))
    audit_until_settled(world)
    assert world.gaps() == [(3, 3, 1, 0)]
    assert world.findings() == []


def test_births_are_known_to_the_next_worker(world: StoreWorld) -> None:
    birth = BOOTH.birth()
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, birth)))
    kept = world.another_store().births()
    assert kept == [(BOOTH.address, birth, world.clock.unix_s())]


def test_broken_chain_is_found_whichever_comes_first(world: StoreWorld) -> None:
    first, second, third = BOOTH.sightings(3)
    forged = sign_sighting(replace(SIGHTING, seq=2, prev=b"x" * 16), BOOTH.event_key)
    world.store.add(world.sightings(BOOTH, [first, third]))
    world.store.audit()
    world.store.add(world.sightings(BOOTH, [forged]))
    world.store.audit()
    assert world.findings() == [(2, "broken_chain"), (3, "broken_chain")]
    assert sighting_hash(second) not in {
        bytes(link) for (link,) in world.database.rows("SELECT link FROM sighting")
    }


@pytest.mark.parametrize("later_s", [0, DAY_S // 2 + 1], ids=["same day", "other partition"])
def test_second_sighting_under_a_number_is_found(world: StoreWorld, later_s: int) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    world.store.audit()
    forged = replace(SIGHTING, at=SIGHTING.at + later_s, lane=9)
    world.store.add(world.sightings(BOOTH, [sign_sighting(forged, BOOTH.event_key)]))
    world.store.audit()
    assert (1, "conflict") in world.findings()


def test_health_record_that_names_another_sighting_is_found(world: StoreWorld) -> None:
    documents = BOOTH.sightings(4)
    world.store.add(world.sightings(BOOTH, documents))
    world.store.audit()
    for seq in (2, 4):
        honest = BOOTH.health(seq)
        world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, honest)))
    world.store.audit()
    assert world.findings() == []
    for seq in (3, 4):
        forged = sign_health(replace(HEALTH, seq=seq, link=b"x" * 16), BOOTH.event_key)
        world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, forged)))
    world.store.audit()
    assert world.findings() == [(3, "broken_end"), (4, "broken_end")]


def test_device_that_forgot_its_boots_is_found(world: StoreWorld) -> None:
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, BOOTH.birth())))
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, BOOTH.birth("ffffffffffffffff"))))
    world.store.audit()
    assert world.findings() == [(0, "forgotten")]


def test_sighting_beyond_the_end_of_its_boot_is_found(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(4)))
    birth = BOOTH.birth("ffffffffffffffff", BOOTH.previous(3))
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, birth)))
    world.store.audit()
    assert world.findings() == [(4, "beyond_end")]


def test_parked_documents_wait_until_they_are_removed(world: StoreWorld) -> None:
    topic, document = BOOTH.topic(TopicKind.SIGHTING), BOOTH.sightings(1)[0]
    stored = world.store.add(Batch(to_park=[(topic, document), (topic, document)]))
    assert (stored.parked, stored.not_parked) == (2, 0)
    assert world.store.parked.topics() == {topic}
    (parked,) = world.store.parked.under(topic)
    assert parked.document == document
    batch = world.sightings(BOOTH, [document])
    batch.unparked.append(parked.link)
    world.store.add(batch)
    assert world.store.parked.topics() == set()
    assert world.numbers() == [1]


def test_no_more_is_parked_than_there_is_room(
    world: StoreWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.store.parked.MAXIMUM_PARKED", 2)
    topic = BOOTH.topic(TopicKind.SIGHTING)
    stored = world.store.add(Batch(to_park=[(topic, each) for each in BOOTH.sightings(3)]))
    assert (stored.parked, stored.not_parked) == (2, 1)


def test_hit_is_noted_once_and_comes_until_it_was_sent(world: StoreWorld) -> None:
    batch = world.sightings(BOOTH, BOOTH.sightings(1))
    batch.hits.append((batch.sightings[0], Hit(("case-1", "case-2"), Match.FOLD)))
    assert world.store.add(batch).hits == 2
    assert world.another_store().add(batch).hits == 0
    first, second = world.store.hits.take_due(world.clock.unix_s(), 10)
    assert (first.address, first.boot, first.seq) == (BOOTH.address, SIGHTING.boot, 1)
    assert (first.match, first.entry, second.entry) == ("fold", "case-1", "case-2")
    assert world.another_store().hits.take_due(world.clock.unix_s(), 10) == []
    world.store.hits.mark_sent(first.id, world.clock.unix_s())
    world.clock.advance_s(3600)
    (again,) = world.store.hits.take_due(world.clock.unix_s(), 10)
    assert (again.id, again.attempts) == (second.id, 2)


def test_failed_batch_leaves_nothing_behind(world: StoreWorld) -> None:
    batch = world.sightings(BOOTH, BOOTH.sightings(2))
    batch.hits.append((batch.sightings[0], Hit((None,), Match.EXACT)))  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=r"(?i)null"):
        world.store.add(batch)
    assert world.numbers() == []
    batch.hits.clear()
    assert world.store.add(batch).new == 2


def test_migrations_are_applied_once(world: StoreWorld) -> None:
    assert migrate(world.session(), world.kind, 0) == []


def test_database_of_a_later_version_is_refused(world: StoreWorld) -> None:
    world.database.change("INSERT INTO migration (number, applied_at) VALUES (9999, 0)")
    with pytest.raises(SettingsError, match="migration 9999"):
        migrate(world.database, world.kind, 0)


def test_figures_say_what_is_missing(world: StoreWorld) -> None:
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, BOOTH.birth())))
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(4)[3:]))
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(1, 1))))
    audit_until_settled(world)
    world.clock.advance_s(7)
    figures = world.store.figures()
    assert (figures["gaps_open"], figures["numbers_missing"]) == (1, 2)
    assert (figures["oldest_gap_seconds"], figures["numbers_given_up"]) == (7, 1)
    assert (figures["booths"], figures["findings"], figures["hits_waiting"]) == (1, 0, 0)


def test_gap_that_is_older_than_the_retention_is_given_up(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(3)[2:]))
    audit_until_settled(world)
    world.clock.advance_s(31 * DAY_S)
    report = world.store.audit()
    assert report is not None
    assert report.closed == 1
    assert world.gaps() == [(1, 2, 0, 2)]
