"""A store that an earlier version has filled, and this one goes on with."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from edge_lpr.store.database import Database, migrate
from edge_lpr.store.postgres import PostgresDatabase
from edge_lpr.store.records import Batch
from edge_lpr.store.sqlite import SqliteDatabase
from edge_lpr.store.store import Store
from edge_lpr.subscriber.authenticity import Authenticator
from edge_lpr.subscriber.verdicts import AuthenticSighting
from edge_lpr.wire.sighting import FIRST_PREV, sighting_hash, sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.fleet import AUTHORITY, DAY_S, SIGHTING, SignedBooth
from tests.support.postgres import fresh_database
from tests.support.stores import BOTH_STORES

BOOTH = SignedBooth()
FIRST = BOOTH.sightings(1)[0]
SECOND = sign_sighting(
    replace(SIGHTING, seq=2, prev=sighting_hash(FIRST), entry=b"entry-17"), BOOTH.event_key
)


@pytest.fixture(params=BOTH_STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def earlier(kind: str, tmp_path: Path) -> Iterator[Database]:
    """Give a database that version 3 of the schema has filled."""
    with ExitStack() as resources:
        database: Database = (
            PostgresDatabase(resources.enter_context(fresh_database()))
            if kind == "postgres"
            else SqliteDatabase(tmp_path / "store.sqlite3")
        )
        resources.callback(database.close)
        _migrate_to(3, database, kind)
        database.prepare_days([NOON_OF_THE_VECTORS // DAY_S])
        _fill(database)
        yield database


def _migrate_to(last: int, database: Database, kind: str) -> None:
    """Do what an earlier version did."""
    folder = resources.files("edge_lpr.store") / "migrations" / kind
    scripts = sorted((file.name, file.read_text()) for file in folder.iterdir())
    with database.transaction():
        database.change("CREATE TABLE migration (number integer PRIMARY KEY, applied_at bigint)")
        for number, (name, script) in enumerate(scripts[:last], start=1):
            assert name.startswith(f"{number:04d}_")
            database.run_script(script)
            database.change("INSERT INTO migration VALUES (%s, 0)", (number,))


def _fill(database: Database) -> None:
    """Store one sighting and one hit with the columns that version 3 had."""
    database.change(
        "INSERT INTO booth (tenant, site, device) VALUES ('tenant-a', 'lane-07', 'booth-1')"
    )
    database.change("INSERT INTO boot (booth_id, boot) VALUES (1, %s)", (SIGHTING.boot,))
    database.change(
        f"INSERT INTO sighting VALUES ({', '.join(['%s'] * 15)})",  # noqa: S608 - marks
        (
            *(1, 1, NOON_OF_THE_VECTORS, NOON_OF_THE_VECTORS, SIGHTING.epoch, 1, "in", "ntp", 3),
            *(6, False, SIGHTING.exact, SIGHTING.fold, FIRST_PREV, sighting_hash(FIRST)),
        ),
    )
    database.change(
        "INSERT INTO hit (boot_id, seq, at, lane, dir, is_test, match, entry, noticed_at, due_at) "
        "VALUES (1, 1, %s, 1, 'in', %s, 'exact', 'case-1', 0, 0)",
        (NOON_OF_THE_VECTORS, False),
    )


def test_what_the_version_before_has_stored_stays(kind: str, earlier: Database) -> None:
    assert migrate(earlier, kind, 0) == [4, 5]
    rows = earlier.rows("SELECT seq, link, entry, possible FROM sighting")
    assert rows == [(1, sighting_hash(FIRST), None, None)]
    assert earlier.rows("SELECT seq, entry, possible FROM passage") == [(1, None, None)]
    hit = Store(earlier, SetClock(), retention_days=30).hits.take_due(NOON_OF_THE_VECTORS)
    assert hit is not None
    assert (hit.entry, hit.booth_entry, hit.is_possible) == ("case-1", None, False)


def test_this_version_goes_on_where_the_one_before_has_ended(kind: str, earlier: Database) -> None:
    migrate(earlier, kind, 0)
    store = Store(earlier, clock := SetClock(), retention_days=30)
    authenticator = Authenticator(AUTHORITY.public_key, clock)
    authenticator.judge(BOOTH.topic(TopicKind.BIRTH), BOOTH.birth())
    batch = Batch()
    for document in (FIRST, SECOND):
        sighting = authenticator.judge(BOOTH.topic(TopicKind.SIGHTING), document)
        assert isinstance(sighting, AuthenticSighting)
        batch.sightings.append(sighting)
    batch.hits.append((batch.sightings[1], None))
    stored = store.add(batch)
    # The partition of that day was made by the version before.
    assert (stored.new, stored.duplicates, stored.conflicts, stored.hits) == (1, 1, 0, 1)
    rows = earlier.rows("SELECT seq, entry, link FROM sighting ORDER BY seq")
    assert rows[1] == (2, b"entry-17", sighting_hash(SECOND))


@pytest.mark.postgres
def test_worker_of_the_version_before_goes_on_until_it_is_replaced() -> None:
    with fresh_database() as dsn:
        database = PostgresDatabase(dsn)
        try:
            migrate(database, "postgres", 0)
            database.prepare_days([NOON_OF_THE_VECTORS // DAY_S])
            # Its statement named no columns.
            _fill(database)
            assert database.rows("SELECT link, entry FROM sighting") == [
                (sighting_hash(FIRST), None)
            ]
        finally:
            database.close()
