"""What PostgreSQL and SQLite have in common, so that all but a few statements are written once.

Statements have ``%s`` for their parameters. What differs (types, arrays, locks, partitions, the
way in for a batch of sightings) is behind the methods.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Protocol, TypeAlias

from edge_lpr.core.errors import SettingsError
from edge_lpr.store.ledger import Run

Row: TypeAlias = tuple[Any, ...]
"""What a statement gives; the statement decides the types."""

SightingRow: TypeAlias = tuple[
    int,
    int,
    int,
    int,
    int,
    int,
    str,
    str,
    int,
    int,
    bool,
    bytes,
    bytes,
    bytes | None,
    bool | None,
    bytes,
    bytes,
]
"""A row of ``sighting``, its columns in the order of ``SIGHTING_COLUMNS``."""

SIGHTING_COLUMNS: Final = (
    "boot_id, seq, at, received_at, epoch, lane, dir, tq, conf, reads, is_test, exact, fold, "
    "entry, possible, prev, link"
)
"""Named in statements, because a table has its columns in the order of the migrations."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """What became of a batch of sightings."""

    new: int
    """Those that were not there."""
    conflicts: tuple[tuple[int, int], ...]
    """Boot and number of those that differ from what is there."""


class Database(Protocol):
    """One session. Not shared between threads."""

    listed: str
    """SQL for "a list of integers" after ``IN``; its one parameter comes from ``list_of``."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what is done inside whole, or not at all.

        Raises:
            StoreError: It could not be committed; the same may be tried again.
        """
        ...

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows.

        Args:
            statement: SQL with ``%s`` for parameters.
            parameters: Their values.

        Raises:
            StoreError: The database is away or refuses.
        """
        ...

    def change(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement and return how many rows it has changed.

        Args:
            statement: SQL with ``%s`` for parameters.
            parameters: Their values.

        Raises:
            StoreError: The database is away or refuses.
        """
        ...

    def change_each(self, statement: str, parameters: Sequence[Sequence[object]]) -> int:
        """Run a statement for every set of parameters and return how many rows were changed.

        Args:
            statement: SQL with ``%s`` for parameters.
            parameters: Their values, one sequence a run; none is no error.

        Raises:
            StoreError: The database is away or refuses.
        """
        ...

    def list_of(self, numbers: Iterable[int]) -> object:
        """Return the parameter that goes with ``listed``."""
        ...

    def insert_sightings(self, rows: Sequence[SightingRow]) -> Inserted:
        """Insert sightings that are not there, and queue them for the audit.

        Args:
            rows: With boot and number ascending, so that two workers cannot wait for each other.
        """
        ...

    def queue_arrivals(self, rows: Sequence[SightingRow]) -> None:
        """Queue sightings for the audit that are not to be kept."""
        ...

    def take_arrivals(self, limit: int) -> dict[int, list[Run]]:
        """Take sightings off the queue.

        Args:
            limit: Most rows of the queue; a row is a batch in PostgreSQL.

        Returns:
            Arrivals by boot.
        """
        ...

    def try_audit_lock(self) -> bool:
        """Return whether this session alone may audit until its transaction ends."""
        ...

    def prepare_days(self, days: Iterable[int]) -> None:
        """Make room for sightings of some days since 1970. Outside of transactions."""
        ...

    def drop_days_before(self, day: int) -> int:
        """Drop all sightings of earlier days. Outside of transactions.

        Returns:
            How many partitions were dropped; in SQLite how many sightings.
        """
        ...

    def lock_migrations(self) -> None:
        """Keep other sessions from migrating until the transaction ends."""
        ...

    def run_script(self, script: str) -> None:
        """Run several statements without parameters."""
        ...

    def close(self) -> None:
        """End the session; may be called twice."""
        ...


_VERSIONS: Final = (
    "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, applied_at bigint NOT NULL)"
)


def migrate(database: Database, dialect: str, now: int) -> list[int]:
    """Bring a database to the schema of this version, all of it or nothing.

    Args:
        database: Its session may create tables.
        dialect: ``postgres`` or ``sqlite``: the folder of the numbered SQL files.
        now: UTC in whole seconds since 1970, for the record.

    Returns:
        Numbers of the migrations that were applied; none if all were.

    Raises:
        SettingsError: The database is of a later version than this program.
        StoreError: The database is away or refuses.
    """
    scripts = _scripts(dialect)
    with database.transaction():
        # Several workers may start at once; the lock is there before the table of versions is.
        database.lock_migrations()
        database.change(_VERSIONS)
        applied = {int(number) for (number,) in database.rows("SELECT number FROM migration")}
        if applied - scripts.keys():
            raise SettingsError(
                f"the database has migration {max(applied)}, which this version does not know; "
                "install the version that made it, or a later one"
            )
        missing = sorted(scripts.keys() - applied)
        for number in missing:
            database.run_script(scripts[number])
            database.change(
                "INSERT INTO migration (number, applied_at) VALUES (%s, %s)", (number, now)
            )
    return missing


def _scripts(dialect: str) -> dict[int, str]:
    """Return the migrations of a dialect by number."""
    folder = resources.files("edge_lpr.store") / "migrations" / dialect
    return {
        int(file.name.partition("_")[0]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }
