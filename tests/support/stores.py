"""Both stores, prepared for a test, and booths whose messages come authenticated."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from edge_lpr.core.clock import Clock
from edge_lpr.store.boot_book import SETTLE_S
from edge_lpr.store.database import Database, migrate
from edge_lpr.store.postgres import PostgresDatabase
from edge_lpr.store.records import Batch
from edge_lpr.store.sqlite import SqliteDatabase
from edge_lpr.store.store import Store
from edge_lpr.subscriber.authenticity import Authenticator
from edge_lpr.subscriber.verdicts import (
    AuthenticBirth,
    AuthenticCheckpoint,
    AuthenticGap,
    AuthenticHealth,
    AuthenticSighting,
)
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SignedBooth
from tests.support.postgres import fresh_database

BOTH_STORES = [pytest.param("postgres", marks=pytest.mark.postgres), "sqlite"]
"""Parameters of whatever is to hold for both."""


class StoreWorld:
    """An empty database, any number of sessions to it, and a verifier for what goes in."""

    def __init__(self, kind: str, folder: Path, resources: ExitStack) -> None:
        self.kind = kind
        self.clock = SetClock()
        self._resources = resources
        self.place: str = (
            resources.enter_context(fresh_database())
            if kind == "postgres"
            else str(folder / "store.sqlite3")
        )
        self.database = self.session()
        migrate(self.database, kind, self.clock.unix_s())
        self.store = self.another_store(self.database)
        self._authenticator = Authenticator(AUTHORITY.public_key, self.clock)

    def session(self) -> Database:
        """Open one more session."""
        database: Database = (
            PostgresDatabase(self.place)
            if self.kind == "postgres"
            else SqliteDatabase(Path(self.place))
        )
        self._resources.callback(database.close)
        return database

    def another_store(self, database: Database | None = None, clock: Clock | None = None) -> Store:
        """Return a store as another worker has it."""
        return Store(database or self.session(), clock or self.clock, retention_days=30)

    def batch(self, booth: SignedBooth, *messages: tuple[TopicKind, bytes]) -> Batch:
        """Return a batch of a booth's messages, verified."""
        self._authenticator.judge(booth.topic(TopicKind.BIRTH), booth.birth())
        batch = Batch()
        for kind, document in messages:
            verdict = self._authenticator.judge(booth.topic(kind), document)
            if isinstance(verdict, AuthenticSighting):
                batch.sightings.append(verdict)
            elif isinstance(verdict, AuthenticBirth):
                batch.births.append((verdict, document))
            elif isinstance(verdict, AuthenticHealth):
                batch.healths.append(verdict)
            elif isinstance(verdict, AuthenticGap):
                batch.gaps.append(verdict)
            elif isinstance(verdict, AuthenticCheckpoint):
                batch.checkpoints.append(verdict)
            else:
                pytest.fail(f"not authentic: {verdict}")
        return batch

    def sightings(self, booth: SignedBooth, documents: list[bytes]) -> Batch:
        """Return a batch of sightings."""
        return self.batch(booth, *((TopicKind.SIGHTING, document) for document in documents))

    def numbers(self) -> list[int]:
        """Return the numbers of all sightings that are kept."""
        return [seq for (seq,) in self.database.rows("SELECT seq FROM sighting ORDER BY seq")]

    def audit_until_settled(self) -> None:
        """Audit, and once more when holes have stayed long enough to be gaps."""
        self.store.audit()
        self.clock.advance_s(SETTLE_S)
        self.store.audit()

    def findings(self) -> list[tuple[int, str]]:
        """Return what does not fit."""
        rows = self.database.rows("SELECT seq, kind FROM finding ORDER BY seq, kind")
        return [(seq, kind) for seq, kind in rows]

    def gaps(self) -> list[tuple[int, int, int, int]]:
        """Return gaps: first and last number, how many are missing, how many lost."""
        rows = self.database.rows("SELECT first, last, missing, lost FROM gap ORDER BY first")
        return [(first, last, missing, lost) for first, last, missing, lost in rows]


@contextmanager
def store_world(kind: str, folder: Path) -> Iterator[StoreWorld]:
    """Give an empty store, and take it away afterwards.

    Args:
        kind: ``postgres`` or ``sqlite``.
        folder: Existing folder for what it writes.
    """
    with ExitStack() as resources:
        yield StoreWorld(kind, folder, resources)
