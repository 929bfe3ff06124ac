"""The outbox's file: opens it, and puts it aside when it is damaged.

A booth must not stop for years because its storage lost a block, and must not delete what
somebody could still recover. So a damaged file is renamed, an empty one takes its place, and the
log says so; what was unsent in it shows as a gap at the central server. A sound database that is
not ours is left where it is: the settings name the wrong file, or a later version wrote it. What
the tables hold is left to ``outbox_schema.py``, how they are used to ``outbox.py``.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import OutboxDamagedError, OutboxError, SettingsError
from edge_lpr.core.log import Log
from edge_lpr.publisher.outbox_schema import (
    APPLICATION_ID,
    OLDEST_VERSION,
    SCHEMA_VERSION,
    lay_tables,
)

KEPT_DAMAGED_FILES: Final = 3
"""A card that wears out damages file after file; keeping them all would fill it."""

_LOCK_TIMEOUT_S: Final = 2.0
"""Only a second publisher can hold the lock, and that one does not let go."""

_FILE_SUFFIXES: Final = ("-wal", "-shm", "-journal", "")
"""What SQLite keeps of one database. The database itself comes last: were it renamed first, a
power cut could leave the old WAL beside the new database."""

_ALONE: Final = "PRAGMA locking_mode=EXCLUSIVE"
"""Before anything else: then WAL needs no shared memory, and a second publisher is kept out."""

_SETTINGS: Final = (
    "PRAGMA journal_mode=WAL",
    # FULL syncs the WAL at every commit, so that an acknowledged sighting survives a power cut.
    "PRAGMA synchronous=FULL",
    "PRAGMA journal_size_limit=4194304",
)


def open_outbox_file(outbox_file: Path, log: Log, unix_s: int) -> sqlite3.Connection:
    """Open the outbox's database, making it if it is missing or damaged.

    A file of an older version is taken over, with all that is in it; for that it needs as much
    free space as it is large.

    Args:
        outbox_file: The database; its folder must exist. Made with mode 0600.
        log: Hears of a damaged file.
        unix_s: Now, UTC since 1970.

    Returns:
        An open connection in autocommit mode, to be used by one thread at a time.

    Raises:
        OutboxError: The file cannot be made, read or written, or another process uses it.
        SettingsError: It is a sound database, but another program's or a later version's.
    """
    try:
        return _open_checked(outbox_file, unix_s)
    except OutboxDamagedError as error:
        log.failure(error)
        _put_aside(outbox_file)
    return _open_checked(outbox_file, unix_s)


def sentence(outbox_file: Path, error: sqlite3.Error) -> OutboxError:
    """Turn SQLite's error into ours, telling damage from what may pass.

    Args:
        outbox_file: Named in the message.
        error: What SQLite raised. Its text names no values.

    Returns:
        ``OutboxDamagedError`` if opening the file again would put it aside, else ``OutboxError``.
    """
    # Only SQLITE_CORRUPT and SQLITE_NOTADB come as the bare class (Python 3.10 has no codes).
    if type(error) is sqlite3.DatabaseError:
        return OutboxDamagedError(
            f"{outbox_file}: is damaged ({error}); it is put aside as {outbox_file.name}.damaged-"
            "<n> at the next start, and what was unsent in it will be missed"
        )
    return OutboxError(
        f"{outbox_file}: cannot be used ({error}); its folder must be writable by this user and "
        "have free space, and no other publisher may run"
    )


def _open_checked(outbox_file: Path, unix_s: int) -> sqlite3.Connection:
    """Open the database and make sure that it is ours and sound."""
    _make_private(outbox_file)
    try:
        connection = sqlite3.connect(
            outbox_file, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise sentence(outbox_file, error) from error
    try:
        connection.execute(_ALONE)
        # Before the settings: not even the journal mode of a foreign database is changed.
        _require_ours(connection, outbox_file)
        _prepare(connection, unix_s)
    except sqlite3.Error as error:
        connection.close()
        raise sentence(outbox_file, error) from error
    except SettingsError:
        connection.close()
        raise
    return connection


def _require_ours(connection: sqlite3.Connection, outbox_file: Path) -> None:
    """Raise if the file is a database, and neither new nor an outbox that we understand."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    is_ours = application_id == APPLICATION_ID
    if tables == 0 or (is_ours and OLDEST_VERSION <= version <= SCHEMA_VERSION):
        return
    if is_ours:
        raise SettingsError(
            f"{outbox_file}: is an outbox of version {version}, and this software writes version "
            f"{SCHEMA_VERSION}; install the version that wrote it, or move the file away and lose "
            "what is unsent in it"
        )
    raise SettingsError(
        f"{outbox_file}: is another program's database; correct publisher.outbox_file or move "
        "the file away"
    )


def _prepare(connection: sqlite3.Connection, unix_s: int) -> None:
    """Set the database up for use, check it whole, and lay its tables if it is new or old."""
    for pragma in _SETTINGS:
        connection.execute(pragma)
    (journal_mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if journal_mode != "wal":
        raise sqlite3.OperationalError("its file system allows no write-ahead log")
    connection.execute("BEGIN IMMEDIATE")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError("its pages contradict each other")
    lay_tables(connection, unix_s)
    connection.execute("COMMIT")


def _make_private(outbox_file: Path) -> None:
    """Make an empty file that nobody else can read; SQLite gives its WAL the same mode."""
    try:
        descriptor = os.open(outbox_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
        # SQLite syncs the folder for the files that it makes itself; this one we made.
        folder = os.open(outbox_file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise OutboxError(
            f"{outbox_file}: cannot be opened for writing ({error.strerror}); its folder must "
            "exist and be writable by this user"
        ) from error
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _put_aside(outbox_file: Path) -> None:
    """Rename the database and its companions, and forget the oldest of those put aside."""
    prefix = f"{outbox_file.name}.damaged-"
    numbers = sorted(
        int(path.name.removeprefix(prefix))
        for path in outbox_file.parent.glob(f"{prefix}*")
        if path.name.removeprefix(prefix).isdecimal()
    )
    number = numbers[-1] + 1 if numbers else 1
    try:
        for suffix in _FILE_SUFFIXES:
            path = outbox_file.with_name(outbox_file.name + suffix)
            if path.exists():
                path.rename(outbox_file.with_name(f"{prefix}{number}{suffix}"))
            for old_number in numbers[: -KEPT_DAMAGED_FILES + 1]:
                outbox_file.with_name(f"{prefix}{old_number}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise OutboxError(
            f"{outbox_file}: is damaged and cannot be put aside ({error.strerror}); its folder "
            "must be writable by this user"
        ) from error
