"""Hits of both stores: by the server's watch-list, by the booth's own, and by both."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.store.records import Batch, DueHit
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.wire.sighting import sign_sighting
from tests.support.fleet import SIGHTING, SignedBooth
from tests.support.stores import BOTH_STORES, StoreWorld, store_world

BOOTH = SignedBooth()
ENTRY = b"entry-17"
ENTRY_TEXT = "ZW50cnktMTc"
OURS = Hit(("case-1",), Match.FOLD)


@pytest.fixture(params=BOTH_STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world(request.param, tmp_path) as world:
        yield world


def batch(
    world: StoreWorld,
    hit: Hit | None,
    entry: bytes | None = ENTRY,
    *,
    possible: bool = False,
    booth: SignedBooth = BOOTH,
) -> Batch:
    """Return a batch of one sighting that is a hit."""
    claims = replace(SIGHTING, entry=entry, possible=possible)
    batch = world.sightings(booth, [sign_sighting(claims, booth.event_key)])
    batch.hits.append((batch.sightings[0], hit))
    return batch


def due(world: StoreWorld) -> list[DueHit]:
    """Return every hit that is to be delivered, in their order."""
    hits: list[DueHit] = []
    while (hit := world.store.hits.take_due(world.clock.unix_s())) is not None:
        hits.append(hit)
    return hits


def test_what_a_booth_says_of_its_own_list_is_kept(world: StoreWorld) -> None:
    world.store.add(batch(world, None, possible=True))
    for table in ("sighting", "passage"):
        ((entry, possible),) = world.database.rows(f"SELECT entry, possible FROM {table}")  # noqa: S608 - two names
        assert (bytes(entry), bool(possible)) == (ENTRY, True)


def test_sighting_of_a_booth_that_publishes_everything_has_neither(world: StoreWorld) -> None:
    world.store.add(batch(world, OURS, None))
    assert world.database.rows("SELECT entry, possible FROM sighting") == [(None, None)]
    (hit,) = due(world)
    assert (hit.match, hit.entry, hit.booth_entry) == ("fold", "case-1", None)


@pytest.mark.parametrize("possible", [False, True])
def test_booths_own_list_makes_a_hit(world: StoreWorld, *, possible: bool) -> None:
    assert world.store.add(batch(world, None, possible=possible)).hits == 1
    (hit,) = due(world)
    assert (hit.match, hit.entry) == ("booth", ENTRY_TEXT)
    assert (hit.booth_entry, hit.is_possible) == (ENTRY_TEXT, possible)


def test_both_lists_make_one_hit(world: StoreWorld) -> None:
    assert world.store.add(batch(world, OURS, possible=True)).hits == 1
    (hit,) = due(world)
    assert (hit.match, hit.entry) == ("fold", "case-1")
    assert (hit.booth_entry, hit.is_possible) == (ENTRY_TEXT, True)


@pytest.mark.parametrize("hit", [None, OURS])
def test_hit_that_comes_again_is_no_news(world: StoreWorld, hit: Hit | None) -> None:
    world.store.add(batch(world, hit))
    assert world.another_store().add(batch(world, hit)).hits == 0
    # Nor to a worker that has no list.
    assert world.another_store().add(batch(world, None)).hits == 0
    twice = batch(world, hit)
    twice.hits *= 2
    assert world.store.add(twice).hits == 0
    assert len(due(world)) == 1


def test_hit_by_a_list_that_came_later_is_news(world: StoreWorld) -> None:
    world.store.add(batch(world, None))
    assert world.store.add(batch(world, OURS)).hits == 1
    assert [hit.match for hit in due(world)] == ["booth", "fold"]


def test_hits_of_two_booths_do_not_meet(world: StoreWorld) -> None:
    other = SignedBooth("booth-2")
    world.store.add(batch(world, None))
    assert world.store.add(batch(world, None, booth=other)).hits == 1
    assert [hit.address.device for hit in due(world)] == ["booth-1", "booth-2"]
