"""The store of a fleet: PostgreSQL, through psycopg 3.

A batch of sightings goes in as arrays in one statement: one round trip, however many there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from edge_lpr.core.errors import StoreError
from edge_lpr.store.database import SIGHTING_COLUMNS, Inserted, Row, SightingRow
from edge_lpr.store.ledger import Run
from edge_lpr.store.records import DAY_S

_MIGRATION_LOCK: Final = 0x6C70_7201
_AUDIT_LOCK: Final = 0x6C70_7202
_PARTITION_LOCK: Final = 0x6C70_7203
"""Advisory locks of this program: "lpr" and a number."""

_ADVICE: Final = (
    "see that it runs, lets this user in (--database, PGPASSFILE) and that the user owns its "
    "tables; nothing is acknowledged to the broker before it is stored"
)

_CONNECT_TIMEOUT_S: Final = 10
_LOCK_TIMEOUT: Final = "10s"
"""Making or dropping a partition waits for long queries of others; rather than keeping everybody
waiting behind it, it gives up and tries again."""

_INSERT: Final = f"""
WITH new AS (
    INSERT INTO sighting ({SIGHTING_COLUMNS})
    SELECT * FROM unnest(
        %b::integer[], %b::bigint[], %b::bigint[], %b::bigint[], %b::integer[], %b::smallint[],
        %b::text[], %b::text[], %b::smallint[], %b::smallint[], %b::boolean[],
        %b::bytea[], %b::bytea[], %b::bytea[], %b::boolean[], %b::bytea[], %b::bytea[])
    ON CONFLICT DO NOTHING
    RETURNING boot_id, seq, link, prev
), queued AS (
    INSERT INTO arrival (boot_ids, seqs, links, prevs)
    SELECT array_agg(boot_id), array_agg(seq), array_agg(link), array_agg(prev)
    FROM new HAVING count(*) > 0
)
SELECT count(*) FROM new
"""  # noqa: S608 - names of columns

_CONFLICTS: Final = """
SELECT sighting.boot_id, sighting.seq
FROM unnest(%b::integer[], %b::bigint[], %b::bigint[], %b::bytea[])
    AS came (boot_id, seq, at, link)
JOIN sighting USING (boot_id, seq, at)
WHERE sighting.link <> came.link
"""

_PARTITIONS: Final = """
SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'sighting'::regclass
"""


class PostgresDatabase:
    """A session with a PostgreSQL server; opened anew where it broke."""

    listed = "(SELECT unnest(%s::bigint[]))"

    def __init__(self, dsn: str) -> None:
        """Connect.

        Args:
            dsn: As libpq takes it, without a password: that comes from a password file.

        Raises:
            StoreError: Nobody answers, or the server refuses.
        """
        self._dsn = dsn
        self._days: set[int] = set()
        self._connection = self._connect()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside whole, or not at all."""
        if self._connection.closed:
            self._connection = self._connect()
        with self._sentences(), self._connection.transaction():
            yield

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows."""
        with self._sentences():
            return self._execute(statement, parameters).fetchall()

    def change(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement and return how many rows it has changed."""
        with self._sentences():
            return self._execute(statement, parameters).rowcount

    def change_each(self, statement: str, parameters: Sequence[Sequence[object]]) -> int:
        """Run a statement for every set of parameters and return how many rows were changed."""
        if not parameters:
            return 0
        with self._sentences(), self._connection.cursor() as cursor:
            cursor.executemany(statement.encode(), parameters)
            return cursor.rowcount

    def list_of(self, numbers: Iterable[int]) -> object:
        """Return the parameter that goes with ``listed``."""
        return list(numbers)

    def insert_sightings(self, rows: Sequence[SightingRow]) -> Inserted:
        """Insert sightings that are not there, and queue them for the audit."""
        if not rows:
            return Inserted(0, ())
        columns = [list(column) for column in zip(*rows, strict=True)]
        ((new,),) = self.rows(_INSERT, columns)
        conflicts: list[Row] = []
        if new < len(rows):
            conflicts = self.rows(_CONFLICTS, (*columns[:3], columns[-1]))
        return Inserted(new, tuple((boot_id, seq) for boot_id, seq in conflicts))

    def queue_arrivals(self, rows: Sequence[SightingRow]) -> None:
        """Queue sightings for the audit that are not to be kept."""
        if rows:
            self.change(
                "INSERT INTO arrival (boot_ids, seqs, links, prevs) VALUES (%s, %s, %s, %s)",
                [[row[column] for row in rows] for column in (0, 1, -1, -2)],
            )

    def take_arrivals(self, limit: int) -> dict[int, list[Run]]:
        """Take sightings off the queue."""
        arrivals = defaultdict(list)
        with self._sentences(), self._connection.cursor(binary=True) as cursor:
            cursor.execute(
                "DELETE FROM arrival WHERE id IN (SELECT id FROM arrival ORDER BY id LIMIT %s) "
                "RETURNING boot_ids, seqs, links, prevs",
                (limit,),
            )
            for batch in cursor:
                for boot_id, seq, link, prev in zip(*batch, strict=True):
                    arrivals[boot_id].append(Run(seq, seq, prev, link))
        return dict(arrivals)

    def try_audit_lock(self) -> bool:
        """Return whether this session alone may audit until its transaction ends."""
        ((is_ours,),) = self.rows("SELECT pg_try_advisory_xact_lock(%s)", (_AUDIT_LOCK,))
        return bool(is_ours)

    def prepare_days(self, days: Iterable[int]) -> None:
        """Make the partitions of some days since 1970."""
        missing = set(days) - self._days
        if not missing:
            return
        with self.transaction():
            self.change(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
            self.rows("SELECT pg_advisory_xact_lock(%s)", (_PARTITION_LOCK,))
            known = self._partitions()
            for day in sorted(missing - known):
                # Only integers go into the statement, which takes no parameters.
                self.change(
                    f"CREATE TABLE sighting_{day:d} PARTITION OF sighting "
                    f"FOR VALUES FROM ({day * DAY_S:d}) TO ({(day + 1) * DAY_S:d})"
                )
        self._days = known | missing

    def drop_days_before(self, day: int) -> int:
        """Drop the partitions of earlier days."""
        old = sorted(each for each in self._partitions() if each < day)
        for each in old:
            with self.transaction():
                self.change(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
                # Another worker may have been faster.
                self.change(f"DROP TABLE IF EXISTS sighting_{each:d}")
        self._days -= set(old)
        return len(old)

    def lock_migrations(self) -> None:
        """Keep other sessions from migrating until the transaction ends."""
        self.rows("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))

    def run_script(self, script: str) -> None:
        """Run several statements without parameters."""
        with self._sentences():
            self._connection.execute(script.encode())

    def close(self) -> None:
        """End the session; may be called twice."""
        self._connection.close()

    def _partitions(self) -> set[int]:
        """Return the days that have a partition."""
        return {int(name.removeprefix("sighting_")) for (name,) in self.rows(_PARTITIONS)}

    def _execute(self, statement: str, parameters: Sequence[object]) -> psycopg.Cursor[Row]:
        """Run a statement, opening the session anew if it broke outside of a transaction."""
        if self._connection.closed:
            self._connection = self._connect()
        return self._connection.execute(statement.encode(), parameters)

    def _connect(self) -> "psycopg.Connection[Row]":
        """Open a session."""
        self._days = set()
        with self._sentences():
            connection: psycopg.Connection[Any] = psycopg.connect(
                self._dsn,
                autocommit=True,
                connect_timeout=_CONNECT_TIMEOUT_S,
                application_name="edge-lpr ingest",
            )
            return connection

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn the library's errors into ours."""
        try:
            yield
        except psycopg.Error as error:
            # Another worker, whose clock goes ahead, may have dropped a day that we still know.
            self._days = set()
            # Its first line is about the connection, the statement or a table; a value may follow.
            first_line = str(error).partition("\n")[0]
            raise StoreError(f"the database: {first_line}; {_ADVICE}") from error
