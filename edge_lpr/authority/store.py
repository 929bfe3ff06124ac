"""The authority's data base: one SQLite file for several processes, safe against a power cut.

What is in it is left to the others: keys, devices, journal. Whoever needs tables of their own adds
a numbered script to ``migrations``; a data base gets every one that it has not had.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

from edge_lpr.authority.folder_lock import FolderLock
from edge_lpr.core.errors import AuthorityError

Row: TypeAlias = tuple[Any, ...]
"""What a statement gives; the statement decides the types."""

_LOCK_WAIT_S: Final = 30.0
"""A transaction takes milliseconds, with a slow HSM a second; longer, and somebody stands still."""

_DURABLE: Final = "PRAGMA synchronous = FULL"
"""What was issued must survive a power cut."""

_OLDEST_SQLITE: Final = (3, 37)
"""The first with STRICT tables."""


class Store:
    """A session with the data base. Threads may share it; they wait for each other."""

    def __init__(self, file: Path) -> None:
        """Open the data base, making it if it is missing, and bring it to this version's tables.

        Args:
            file: In an existing folder. Made with mode 0600.

        Raises:
            AuthorityError: It cannot be opened, or is of a later version.
        """
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise AuthorityError(f"needs SQLite 3.37, here is {sqlite3.sqlite_version}")
        self._file = file
        self._mutex = threading.RLock()
        # Beside the data base, because closing a file of SQLite's would drop SQLite's locks.
        self._lock = FolderLock(file.with_name(f"{file.name}.lock"))
        self._depth = 0
        self._after_commit: list[Callable[[], None]] = []
        with self._sentences():
            with contextlib.suppress(FileExistsError):
                os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            self._connection = sqlite3.connect(
                file, timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(_DURABLE)
            # What was deleted must not be read from free pages.
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.execute("PRAGMA foreign_keys = ON")
        self._migrate()

    @property
    def file(self) -> Path:
        """Where the data base lies."""
        return self._file

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done inside whole, or not at all; one at a time among all processes.

        A transaction inside another is part of the outer one.

        Yields:
            The session, for statements with ``?`` for parameters.

        Raises:
            AuthorityError: The data base cannot be written, or another process stands still.
        """
        with self._mutex:
            if self._depth:
                self._depth += 1
                try:
                    with self._sentences():
                        yield self._connection
                finally:
                    self._depth -= 1
                return
            with self._locked():
                yield from self._outermost()

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement that reads, and return its rows.

        Args:
            statement: SQL with ``?`` for parameters.
            parameters: Their values.

        Raises:
            AuthorityError: The data base cannot be read.
        """
        with self._mutex, self._sentences():
            return self._connection.execute(statement, parameters).fetchall()

    def fact(self, name: str) -> str | None:
        """Return what ``set_fact`` remembered under a name, or ``None``."""
        found = self.rows("SELECT value FROM fact WHERE name = ?", (name,))
        return str(found[0][0]) if found else None

    def set_fact(self, name: str, value: str) -> None:
        """Remember a small public value under a name."""
        with self.transaction() as session:
            session.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have something done once the running transaction is on the disk, before the next begins.

        Args:
            action: Not done if the transaction is taken back.
        """
        self._after_commit.append(action)

    def scrub(self) -> None:
        """Write the data base anew without what was deleted, and empty its write-ahead log.

        A reader of another process may keep the log from being emptied; the next call does it.
        """
        with self._mutex, self._locked(), self._sentences():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the data base; may be called twice."""
        with self._mutex:
            self._connection.close()

    def _outermost(self) -> Iterator[sqlite3.Connection]:
        """Begin, commit or take back, and do what waits for the commit."""
        self._after_commit.clear()
        with self._sentences():
            self._connection.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            with self._sentences():
                yield self._connection
                self._connection.execute("COMMIT")
        finally:
            self._depth = 0
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        for action in self._after_commit:
            action()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from writing."""
        self._lock.take(_LOCK_WAIT_S)
        try:
            yield
        finally:
            self._lock.release()

    def _migrate(self) -> None:
        """Apply the scripts that this data base has not had."""
        scripts = _scripts()
        with self.transaction() as session:
            session.execute("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY)")
            applied = {int(row[0]) for row in session.execute("SELECT number FROM migration")}
            if applied - scripts.keys():
                raise AuthorityError(
                    f"{self._file}: is of a later version of this program; install that one"
                )
            for number in sorted(scripts.keys() - applied):
                _run_script(session, scripts[number])
                session.execute("INSERT INTO migration VALUES (?)", (number,))

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise AuthorityError(
                f"{self._file}: {reason}; it must be the authority's data base, on a disk with "
                "room, writable by this user"
            ) from error


def _scripts() -> dict[int, str]:
    """Return the migrations by number."""
    folder = resources.files("edge_lpr.authority") / "migrations"
    return {
        int(file.name.partition("_")[0]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


def _run_script(session: sqlite3.Connection, script: str) -> None:
    """Run several statements; ``executescript`` would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            session.execute(statement)
            statement = ""
