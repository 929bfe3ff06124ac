"""Opens the database that the command line names."""

import sqlite3
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import SettingsError
from edge_lpr.store.arguments import IngestOptions
from edge_lpr.store.database import Database, migrate
from edge_lpr.store.sqlite import SqliteDatabase
from edge_lpr.store.store import Store

_OLDEST_SQLITE: Final = (3, 35)
"""The first with RETURNING."""


def open_database(options: IngestOptions) -> Database:
    """Open a session.

    Args:
        options: Names PostgreSQL or a SQLite file.

    Returns:
        A session for one thread.

    Raises:
        SettingsError: The library is missing, or the DSN is none or holds a password.
        StoreError: The database is away or refuses.
    """
    if options.sqlite is not None:
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise SettingsError(f"--sqlite: needs SQLite 3.35, here is {sqlite3.sqlite_version}")
        return SqliteDatabase(options.sqlite)
    try:
        # Only here: a store for one booth needs no PostgreSQL.
        from psycopg import ProgrammingError  # noqa: PLC0415
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

        from edge_lpr.store.postgres import PostgresDatabase  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            "PostgreSQL needs the library psycopg: pip install 'edge-lpr[server]'"
        ) from error
    dsn = options.database or ""
    try:
        has_password = "password" in conninfo_to_dict(dsn)
    except ProgrammingError as error:
        raise SettingsError(
            "--database: is no connection string of libpq, such as 'host=db.example dbname=lpr'"
        ) from error
    if has_password:
        raise SettingsError(
            "--database: must not hold the password, which every user of this machine could read "
            "there; put it into a password file (PGPASSFILE, mode 0600)"
        )
    return PostgresDatabase(dsn)


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
