"""What a worker's threads do when something goes wrong that nobody has thought of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import StoreError
from edge_lpr.core.log import Log
from edge_lpr.store.arguments import parse_arguments
from edge_lpr.store.auditor import Auditor
from edge_lpr.store.hit_delivery import HitDelivery
from edge_lpr.store.metrics import IngestMetrics
from edge_lpr.store.records import DueHit
from edge_lpr.store.run import ingest
from edge_lpr.store.store import Store
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.wire import base64url
from tests.support.broker import free_port
from tests.support.fleet import AUTHORITY, SignedBooth
from tests.support.stores import StoreWorld, store_world
from tests.support.waiting import wait_until

BOOTH = SignedBooth()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world("sqlite", tmp_path) as world:
        yield world


def add_hits(world: StoreWorld, count: int) -> None:
    batch = world.sightings(BOOTH, BOOTH.sightings(count))
    batch.hits += [(each, Hit(("case-1",), Match.EXACT)) for each in batch.sightings]
    world.store.add(batch)


def test_thread_that_fails_says_so_and_ends(world: StoreWorld) -> None:
    add_hits(world, 1)

    def fail(_: DueHit) -> bool:
        raise ValueError

    delivery = HitDelivery(world.another_store, fail, IngestMetrics(), world.clock)
    delivery.start()
    wait_until(lambda: isinstance(delivery.failure, ValueError))
    delivery.stop()


def test_thread_outlives_a_database_that_is_away(world: StoreWorld) -> None:
    add_hits(world, 1)
    delivered: list[int] = []
    attempts: list[int] = []

    def open_store() -> Store:
        attempts.append(1)
        if len(attempts) == 1:
            raise StoreError("the database is away")
        return world.another_store()

    def deliver(hit: DueHit) -> bool:
        delivered.append(hit.seq)
        return True

    delivery = HitDelivery(open_store, deliver, IngestMetrics(), world.clock)
    delivery.start()
    wait_until(lambda: delivered == [1])
    delivery.stop()
    assert delivery.failure is None


def test_slow_receiver_gets_no_hit_twice_from_two_workers(world: StoreWorld) -> None:
    add_hits(world, 4)
    delivered: list[int] = []
    other = world.another_store()

    def deliver_slowly(hit: DueHit) -> bool:
        delivered.append(hit.seq)
        world.clock.advance_s(20)
        if len(delivered) == 3:
            # The other worker comes by: whatever has waited so long was never taken from it.
            due = other.hits.take_due(world.clock.unix_s())
            assert due is not None
            delivered.append(due.seq)
            other.hits.mark_sent(due.id, world.clock.unix_s())
        return True

    delivery = HitDelivery(world.another_store, deliver_slowly, IngestMetrics(), world.clock)
    delivery.start()
    wait_until(lambda: len(delivered) >= 4)
    delivery.stop()
    assert sorted(delivered) == [1, 2, 3, 4]


def test_worker_ends_with_its_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(Auditor, "turn", fail)
    (tmp_path / "authority.pub").write_bytes(base64url.encode(AUTHORITY.public_key.octets))
    options = parse_arguments(
        [
            f"mqtt://127.0.0.1:{free_port()}",
            *("--authority", str(tmp_path / "authority.pub")),
            *("--sqlite", str(tmp_path / "store.sqlite3")),
        ]
    )
    with pytest.raises(StoreError, match="start it again"):
        ingest(options, SystemClock(), Log("ingest"), lambda: False)
