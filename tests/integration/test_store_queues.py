"""What waits in both stores: documents for their birth, hits for their receiver."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.store.records import Batch
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.wire.topics import TopicKind
from tests.support.fleet import DAY_S, SIGHTING, SignedBooth
from tests.support.stores import BOTH_STORES, StoreWorld, store_world

BOOTH = SignedBooth()


@pytest.fixture(params=BOTH_STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world(request.param, tmp_path) as world:
        yield world


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


def test_booth_takes_no_other_booths_room_for_parking(
    world: StoreWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.store.parked.MAXIMUM_OF_A_TOPIC", 3)
    other = SignedBooth("booth-2")
    of_booth = [(BOOTH.topic(TopicKind.SIGHTING), each) for each in BOOTH.sightings(5)]
    of_other = [(other.topic(TopicKind.SIGHTING), each) for each in other.sightings(2)]
    first = world.store.add(Batch(to_park=of_booth[:2]))
    second = world.store.add(Batch(to_park=[*of_booth[2:], *of_other]))
    assert (first.parked, first.not_parked) == (2, 0)
    assert (second.parked, second.not_parked) == (3, 2)


def test_parked_document_is_forgotten_after_a_day(world: StoreWorld) -> None:
    topic = BOOTH.topic(TopicKind.SIGHTING)
    world.store.add(Batch(to_park=[(topic, BOOTH.sightings(1)[0])]))
    world.clock.advance_s(DAY_S)
    world.store.keep_house()
    assert world.store.parked.topics() == {topic}
    world.clock.advance_s(1)
    world.store.keep_house()
    assert world.store.parked.topics() == set()


def test_hit_is_noted_once_and_comes_until_it_was_sent(world: StoreWorld) -> None:
    batch = world.sightings(BOOTH, BOOTH.sightings(1))
    batch.hits.append((batch.sightings[0], Hit(("case-1", "case-2"), Match.FOLD)))
    assert world.store.add(batch).hits == 2
    assert world.another_store().add(batch).hits == 0
    now = world.clock.unix_s()
    first, second = world.store.hits.take_due(now), world.another_store().hits.take_due(now)
    assert first is not None
    assert second is not None
    assert (first.address, first.boot, first.seq) == (BOOTH.address, SIGHTING.boot, 1)
    assert (first.match, first.entry, second.entry) == ("fold", "case-1", "case-2")
    assert world.another_store().hits.take_due(now) is None
    world.store.hits.mark_sent(first.id, world.clock.unix_s())
    world.clock.advance_s(3600)
    again = world.store.hits.take_due(world.clock.unix_s())
    assert again is not None
    assert (again.id, again.attempts) == (second.id, 2)


def test_hit_on_a_sighting_that_is_not_kept_is_none(world: StoreWorld) -> None:
    batch = world.sightings(BOOTH, BOOTH.sightings(2))
    batch.hits += [(each, Hit(("case-1",), Match.EXACT)) for each in batch.sightings]
    world.clock.advance_s(31 * DAY_S)
    stored = world.store.add(batch)
    assert (stored.too_old, stored.hits) == (2, 0)
    assert world.store.hits.take_due(world.clock.unix_s()) is None


def test_hit_outlives_its_sighting_as_little_as_anything_else(world: StoreWorld) -> None:
    batch = world.sightings(BOOTH, BOOTH.sightings(1))
    batch.hits.append((batch.sightings[0], Hit(("case-1",), Match.EXACT)))
    assert world.store.add(batch).hits == 1
    world.clock.advance_s(31 * DAY_S)
    world.store.keep_house()
    assert world.store.hits.take_due(world.clock.unix_s()) is None
    assert world.database.rows("SELECT 1 FROM hit") == []
