"""The store of one booth or a test bench: one SQLite file, one process."""

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import StoreError
from edge_lpr.store.database import SIGHTING_COLUMNS, Inserted, Row, SightingRow
from edge_lpr.store.ledger import Run
from edge_lpr.store.records import DAY_S

_MARKS: Final = ", ".join("?" for _ in SIGHTING_COLUMNS.split(","))
_INSERT: Final = (
    f"INSERT INTO sighting ({SIGHTING_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT DO NOTHING"  # noqa: S608 - names and question marks
)
_SIGHTINGS_OF_A_BATCH: Final = 100
"""What counts as a batch when the audit asks for some."""

_BUSY_S: Final = 10.0
"""A reader, such as a dashboard, holds the file for much less."""


class SqliteDatabase:
    """A session with a SQLite file."""

    listed = "(SELECT value FROM json_each(%s))"

    def __init__(self, file: Path) -> None:
        """Open the file, making it if it is missing.

        Args:
            file: In an existing folder. Made with mode 0600; one that is there keeps its own.

        Raises:
            StoreError: It cannot be opened.
        """
        self._file = file
        with self._sentences():
            _make_private(file)
            # The statements begin and end their transactions themselves.
            self._connection = sqlite3.connect(
                file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            # What was acknowledged to the broker must survive a power cut.
            self._connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside whole, or not at all."""
        with self._sentences():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self._sentences():
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows."""
        with self._sentences():
            return self._connection.execute(_own(statement), parameters).fetchall()

    def change(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement and return how many rows it has changed."""
        with self._sentences():
            return self._connection.execute(_own(statement), parameters).rowcount

    def change_each(self, statement: str, parameters: Sequence[Sequence[object]]) -> int:
        """Run a statement for every set of parameters and return how many rows were changed."""
        with self._sentences():
            # Without parameters the library gives -1.
            return max(0, self._connection.executemany(_own(statement), parameters).rowcount)

    def list_of(self, numbers: Iterable[int]) -> object:
        """Return the parameter that goes with ``listed``."""
        return json.dumps(list(numbers))

    def insert_sightings(self, rows: Sequence[SightingRow]) -> Inserted:
        """Insert sightings that are not there, and queue them for the audit."""
        new: list[SightingRow] = []
        conflicts: list[tuple[int, int]] = []
        with self._sentences():
            for row in rows:
                if self._connection.execute(_INSERT, row).rowcount:
                    new.append(row)
                    continue
                (known,) = self._connection.execute(
                    "SELECT link FROM sighting WHERE boot_id = ? AND seq = ?", row[:2]
                ).fetchone()
                if known != row[-1]:
                    conflicts.append(row[:2])
        self.queue_arrivals(new)
        return Inserted(len(new), tuple(conflicts))

    def queue_arrivals(self, rows: Sequence[SightingRow]) -> None:
        """Queue sightings for the audit that are not to be kept."""
        self.change_each(
            "INSERT INTO arrival (boot_id, seq, link, prev) VALUES (%s, %s, %s, %s)",
            [(row[0], row[1], row[-1], row[-2]) for row in rows],
        )

    def take_arrivals(self, limit: int) -> dict[int, list[Run]]:
        """Take sightings off the queue."""
        arrivals = defaultdict(list)
        for boot_id, seq, link, prev in self.rows(
            "DELETE FROM arrival WHERE id IN (SELECT id FROM arrival ORDER BY id LIMIT %s) "
            "RETURNING boot_id, seq, link, prev",
            # A row is one sighting here.
            (limit * _SIGHTINGS_OF_A_BATCH,),
        ):
            arrivals[boot_id].append(Run(seq, seq, prev, link))
        return dict(arrivals)

    def try_audit_lock(self) -> bool:
        """Return True: the transaction has locked the file already."""
        return True

    def prepare_days(self, days: Iterable[int]) -> None:
        """Do nothing: there is one table."""

    def drop_days_before(self, day: int) -> int:
        """Delete the sightings of earlier days."""
        return self.change("DELETE FROM sighting WHERE at < %s", (day * DAY_S,))

    def lock_migrations(self) -> None:
        """Do nothing: the transaction has locked the file already."""

    def run_script(self, script: str) -> None:
        """Run several statements without parameters, within the transaction."""
        with self._sentences():
            statement = ""
            # ``executescript`` would commit first.
            for line in script.splitlines(keepends=True):
                statement += line
                if sqlite3.complete_statement(statement):
                    self._connection.execute(statement)
                    statement = ""

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._connection.close()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise StoreError(
                f"{self._file}: {reason}; it must be on a disk with room, writable by this user, "
                "and used by one process"
            ) from error


def _make_private(file: Path) -> None:
    """Make an empty file that nobody else can read; SQLite gives its WAL the same mode."""
    # One that is there is not even opened: closing it would drop the locks that this process's
    # other sessions hold, and the next reader that leaves would delete the WAL under them
    # (https://www.sqlite.org/howtocorrupt.html, 2.2).
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _own(statement: str) -> str:
    """Return a statement with SQLite's mark for parameters."""
    return statement.replace("%s", "?")
