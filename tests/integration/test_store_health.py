"""Which health record both stores keep, whatever clocks say and whatever is played again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.wire.health import sign_health
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.fleet import DAY_S, HEALTH, SignedBooth
from tests.support.stores import BOTH_STORES, StoreWorld, store_world

BOOTH = SignedBooth()
LATER_BOOT = "ffffffffffffffff"


@pytest.fixture(params=BOTH_STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world(request.param, tmp_path) as world:
        yield world


def receive(world: StoreWorld, document: bytes) -> None:
    world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, document)))


def silent(world: StoreWorld) -> int:
    return world.store.figures()["booths_silent"]


def kept(world: StoreWorld) -> str:
    ((claims,),) = world.database.rows("SELECT claims FROM health")
    return str(claims)


def test_latest_health_record_is_kept(world: StoreWorld) -> None:
    receive(world, BOOTH.health(4, up_s=60))
    receive(world, BOOTH.health(5, up_s=120))
    assert '"seq":5' in kept(world)
    receive(world, BOOTH.health(4, up_s=60))
    assert '"seq":5' in kept(world)


def test_record_of_a_booth_whose_clock_was_ahead_hides_no_later_one(world: StoreWorld) -> None:
    ahead = replace(HEALTH, at=NOON_OF_THE_VECTORS + 3650 * DAY_S, up_s=60)
    receive(world, sign_health(ahead, BOOTH.event_key))
    receive(world, BOOTH.health(2, up_s=120))
    assert '"seq":2' in kept(world)


def test_record_that_is_played_again_does_not_make_a_dead_booth_look_alive(
    world: StoreWorld,
) -> None:
    receive(world, BOOTH.health(1, up_s=60))
    receive(world, BOOTH.health(2, up_s=120))
    world.clock.advance_s(200)
    assert silent(world) == 1
    receive(world, BOOTH.health(2, up_s=120))
    receive(world, BOOTH.health(1, up_s=60))
    assert silent(world) == 1


def test_record_of_an_earlier_boot_that_is_played_again_does_not_win(world: StoreWorld) -> None:
    receive(world, BOOTH.health(2, up_s=9000))
    receive(world, BOOTH.health(0, LATER_BOOT, up_s=60))
    assert LATER_BOOT in kept(world)
    receive(world, BOOTH.health(2, up_s=9000))
    assert LATER_BOOT in kept(world)


def test_boot_that_has_ended_has_no_news(world: StoreWorld) -> None:
    birth = BOOTH.birth(LATER_BOOT, BOOTH.previous(2))
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, birth)))
    world.store.audit()
    receive(world, BOOTH.health(0, LATER_BOOT, up_s=60))
    # Recorded by somebody, and never received here.
    receive(world, BOOTH.health(2, up_s=9000))
    assert LATER_BOOT in kept(world)
