"""The drill's central server: ``edge-lpr ingest`` as a process, and what a thief copies of it."""

import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import psycopg.sql

from edge_lpr.demo.children import Child
from edge_lpr.drill.broker_side import HOST
from edge_lpr.drill.records import TokenRecord
from edge_lpr.drill.waiting import DrillError, wait_until
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import PublicKey

_PATIENCE_S: Final = 20.0
_START_S: Final = 60.0


_SIGHTINGS: Final = (
    "SELECT booth.site, booth.device, boot.boot, sighting.seq, sighting.epoch, sighting.at, "
    "sighting.lane, sighting.dir, sighting.exact, sighting.fold FROM sighting "
    "JOIN boot ON boot.id = sighting.boot_id JOIN booth ON booth.id = boot.booth_id"
)
_COUNT: Final = "SELECT count(*) FROM sighting"
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"


@dataclass(frozen=True, slots=True, repr=False)
class StolenDatabase:
    """A copy of the central database. No ``repr``: it holds tokens."""

    contents: list[tuple[str, bytes]]
    """Every byte of it."""
    records: list[TokenRecord]
    """Every sighting in it."""


class CentralServer:
    """One ingest worker, with a SQLite file or PostgreSQL."""

    def __init__(self, folder: Path, port: int, authority: PublicKey, dsn: str | None) -> None:
        """Start it and wait until it has made its database.

        Args:
            folder: Existing folder for key file, database and log.
            port: The broker's.
            authority: What it pins.
            dsn: An empty PostgreSQL database; ``None`` for a SQLite file.
        """
        self._file = folder / "central.sqlite3"
        self._dsn = dsn
        key_file = folder / "authority.pub"
        key_file.write_bytes(base64url.encode(authority.octets) + b"\n")
        command = (sys.executable, "-m", "edge_lpr", "ingest", f"mqtt://{HOST}:{port}")
        place = ("--sqlite", str(self._file)) if dsn is None else ("--database", dsn)
        self._log_file = folder / "ingest.log"
        self._child = Child(
            "ingest", (*command, "--authority", str(key_file), *place), self._log_file
        )
        wait_until(self._has_started, "the central server does not start", within_s=_START_S)

    @property
    def store(self) -> str:
        """Which database it has."""
        return "SQLite" if self._dsn is None else "PostgreSQL"

    def count(self) -> int:
        """Return how many sightings it has stored."""
        self._child.check()
        ((count,),) = self._rows(_COUNT)
        return int(count)

    def wait_for(self, sightings: int, *, within_s: float) -> None:
        """Wait until it has so many sightings.

        Raises:
            DrillError: It has not in time.
        """
        wait_until(
            lambda: self.count() >= sightings,
            f"the central server has not stored {sightings} sightings",
            within_s=within_s,
        )

    def stop(self) -> None:
        """End it in order."""
        if not self._child.stop(_PATIENCE_S):
            raise DrillError("the central server did not stop in order")

    def steal(self) -> StolenDatabase:
        """Return everything that is in its database."""
        if self._dsn is None:
            files = sorted(self._file.parent.glob(f"{self._file.name}*"))
            contents = [(file.name, file.read_bytes()) for file in files]
        else:
            contents = _dump(self._dsn)
        return StolenDatabase(contents, [_record(row) for row in self._rows(_SIGHTINGS)])

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what a statement finds."""
        if self._dsn is None:
            with closing(sqlite3.connect(self._file, timeout=10)) as connection:
                return connection.execute(statement).fetchall()
        with psycopg.connect(self._dsn) as session:
            return session.execute(statement.encode()).fetchall()

    def _has_started(self) -> bool:
        """Return whether it says that it works."""
        self._child.check()
        return '"event":"started"' in self._log_file.read_text(encoding="utf-8")


def _record(row: tuple[Any, ...]) -> TokenRecord:
    """Return a sighting of a row."""
    site, device, boot, seq, epoch, at, lane, direction, exact, fold = row
    tokens = bytes(exact), bytes(fold)
    return TokenRecord(site, device, boot, seq, epoch, at, lane, direction, *tokens)


def _dump(dsn: str) -> list[tuple[str, bytes]]:
    """Return every table, as the server sends it."""
    contents = []
    with psycopg.connect(dsn) as session:
        for (table,) in session.execute(_TABLES).fetchall():
            name = psycopg.sql.Identifier(table)
            copying = psycopg.sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT binary)").format(
                name
            )
            with session.cursor() as cursor, cursor.copy(copying) as copy:
                contents.append((table, b"".join(bytes(part) for part in copy)))
    return contents
