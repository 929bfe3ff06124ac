"""Opens the database that the command line names."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import SettingsError
from edge_lpr.core.loopback import is_loopback
from edge_lpr.store.arguments import IngestOptions
from edge_lpr.store.database import Database, migrate
from edge_lpr.store.sqlite import SqliteDatabase
from edge_lpr.store.store import Store

_OLDEST_SQLITE: Final = (3, 35)
"""The first with RETURNING."""

_SECRETS: Final = ("password", "sslpassword", "scram_client_key", "oauth_client_secret")
"""What every user of this machine could read in the list of processes."""


class DatabasePlace(Protocol):
    """What a command line says about the database."""

    @property
    def database(self) -> str | None:
        """How to reach PostgreSQL, without a password."""
        ...

    @property
    def sqlite(self) -> Path | None:
        """A SQLite file instead."""
        ...


def open_database(options: DatabasePlace) -> Database:
    """Open a session.

    Args:
        options: Names PostgreSQL or a SQLite file.

    Returns:
        A session for one thread.

    Raises:
        SettingsError: The library is missing, or the DSN is none, holds a password, or names
            another machine without ``sslmode=verify-full``.
        StoreError: The database is away or refuses.
    """
    if options.sqlite is not None:
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise SettingsError(f"--sqlite: needs SQLite 3.35, here is {sqlite3.sqlite_version}")
        return SqliteDatabase(options.sqlite)
    try:
        # Only here: a store for one booth needs no PostgreSQL.
        from psycopg import ProgrammingError, pq  # noqa: PLC0415
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

        from edge_lpr.store.postgres import PostgresDatabase  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            "PostgreSQL needs the library psycopg: pip install 'edge-lpr[server]'"
        ) from error
    dsn = options.database or ""
    try:
        named = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    except ProgrammingError as error:
        raise SettingsError(
            "--database: is no connection string of libpq, such as "
            "'host=/run/postgresql dbname=lpr'"
        ) from error
    _require_no_secret(named)
    # What the string leaves out libpq takes from PGHOST, PGSSLMODE and the like.
    defaults = {
        option.keyword.decode(): option.val.decode()
        for option in pq.Conninfo.get_defaults()
        if option.val is not None
    }
    _require_safe_way(defaults | named)
    return PostgresDatabase(dsn)


def _require_no_secret(named: Mapping[str, str]) -> None:
    """Refuse a password on the command line."""
    for key in _SECRETS:
        if key in named:
            raise SettingsError(
                f"--database: must not hold {key}, which every user of this machine could read "
                "there; put passwords into a password file (PGPASSFILE, mode 0600), and store a "
                "TLS key without one, with mode 0600"
            )


def _require_safe_way(effective: Mapping[str, str]) -> None:
    """Refuse a way to another machine on which tokens could be read or given to a stranger."""
    if effective.get("service"):
        raise SettingsError(
            "--database: must not take its host from a service file, which is not looked into; "
            "write host, sslmode and sslrootcert in its place, and unset PGSERVICE"
        )
    # Both may be lists; without either libpq takes the socket of this machine.
    hosts = ",".join((effective.get("host", ""), effective.get("hostaddr", ""))).split(",")
    away = [each for each in hosts if each and each[0] not in "/@" and not is_loopback(each)]
    if away and effective.get("sslmode") != "verify-full":
        raise SettingsError(
            f"--database: {away[0]} may be another machine, and libpq would speak to it without "
            "TLS or to whoever answers; add sslmode=verify-full sslrootcert=FILE, or for this "
            "machine write host=127.0.0.1 or the folder of its socket"
        )


def prepare_database(options: IngestOptions, clock: Clock) -> list[int]:
    """Bring the database to this version's schema.

    Args:
        options: Names the database.
        clock: For the record.

    Returns:
        Numbers of the migrations that were applied.

    Raises:
        SettingsError: The database is of a later version.
        StoreError: The database is away or refuses.
    """
    database = open_database(options)
    try:
        return migrate(database, "postgres" if options.sqlite is None else "sqlite", clock.unix_s())
    finally:
        database.close()


def open_store(options: IngestOptions, clock: Clock) -> Store:
    """Open a store for one thread.

    Args:
        options: Names the database.
        clock: For the age of sightings.

    Returns:
        The store.

    Raises:
        StoreError: The database is away or refuses.
    """
    return Store(open_database(options), clock, retention_days=options.retention_days)
