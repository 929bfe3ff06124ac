"""What both stores keep, PostgreSQL and SQLite, each the real one: one contract."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError, StoreError
from edge_lpr.store.database import migrate
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.wire.sighting import FIRST_PREV, sighting_hash, sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.fleet import DAY_S, SIGHTING, SignedBooth
from tests.support.stores import BOTH_STORES, StoreWorld, store_world

BOOTH = SignedBooth()


@pytest.fixture(params=BOTH_STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world(request.param, tmp_path) as world:
        yield world


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
    world.audit_until_settled()
    assert (stored.new, stored.too_old) == (1, 1)
    assert world.numbers() == [2]
    assert world.gaps() == []


def test_sightings_of_the_future_are_refused_and_not_missed(world: StoreWorld) -> None:
    booth = SignedBooth("booth-4")
    booth.certificate = replace(booth.certificate, not_after=NOON_OF_THE_VECTORS + 9 * DAY_S)
    ahead = replace(SIGHTING, at=NOON_OF_THE_VECTORS + 3 * DAY_S)
    document = sign_sighting(ahead, booth.event_key)
    stored = world.store.add(world.sightings(booth, [document]))
    world.audit_until_settled()
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
    world.audit_until_settled()
    assert world.findings() == []


def test_births_are_known_to_the_next_worker(world: StoreWorld) -> None:
    birth = BOOTH.birth()
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, birth)))
    kept = world.another_store().births()
    assert kept == [(BOOTH.address, birth, world.clock.unix_s())]


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
