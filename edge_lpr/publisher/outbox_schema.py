"""The outbox's tables, and how a file of an older version becomes one of this.

A sighting is kept in two pieces: its head, which is the same for all sightings of one boot and
key, once; and its tail. That saves a fifth of the disk, and so of what a memory card must write.
The document that comes out is the one that went in, to the last byte.
"""

import sqlite3
from typing import Final

SCHEMA_VERSION: Final = 2
"""Kept in the file as ``user_version``; 0 is a file that nobody has written to yet."""

APPLICATION_ID: Final = 0x4C50524F
"""``LPRO``: tells the outbox from another program's database (SQLite file header, offset 68)."""

OLDEST_VERSION: Final = 1
"""Oldest version that is taken over."""

_END_OF_HEAD: Final = b"."
"""Behind the header of a signed document (RFC 7515)."""

_SIGHTINGS: Final = (
    """CREATE TABLE origin (
        id INTEGER PRIMARY KEY,
        boot TEXT NOT NULL,
        head BLOB NOT NULL,
        UNIQUE (boot, head)
    )""",
    # Places are not given twice although they are not AUTOINCREMENT: the last one never leaves.
    """CREATE TABLE sighting (
        place INTEGER PRIMARY KEY,
        origin_id INTEGER NOT NULL REFERENCES origin,
        seq INTEGER NOT NULL,
        sent_at INTEGER,
        tail BLOB NOT NULL
    )""",
    "CREATE UNIQUE INDEX number ON sighting (origin_id, seq)",
    "CREATE INDEX unsent ON sighting (place) WHERE sent_at IS NULL",
    "CREATE INDEX sent ON sighting (place) WHERE sent_at IS NOT NULL",
    """CREATE TABLE gap (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        boot TEXT NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        reason TEXT NOT NULL,
        document BLOB
    )""",
)

_BIRTH: Final = """CREATE TABLE birth (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    boot TEXT NOT NULL,
    document BLOB NOT NULL
)"""

_FROM_VERSION_1: Final = (
    "DROP INDEX unsent",
    "DROP INDEX sent",
    "ALTER TABLE sighting RENAME TO sighting_1",
    *_SIGHTINGS,
    """INSERT INTO origin (boot, head)
        SELECT DISTINCT boot, substr(document, 1, instr(document, x'2e')) FROM sighting_1""",
    """INSERT INTO sighting (place, origin_id, seq, sent_at, tail)
        SELECT place, origin.id, seq, CASE is_sent WHEN 1 THEN :now END,
            substr(document, instr(document, x'2e') + 1)
        FROM sighting_1 JOIN origin ON origin.boot = sighting_1.boot
            AND origin.head = substr(document, 1, instr(document, x'2e'))
        ORDER BY place""",
    "DROP TABLE sighting_1",
)
"""Version 1 had whole documents in one table, and did not know when one was sent."""


def cut(document: bytes) -> tuple[bytes, bytes]:
    """Return the head of a signed document and its tail; together they are the document."""
    end = document.find(_END_OF_HEAD) + 1
    return document[:end], document[end:]


def lay_tables(connection: sqlite3.Connection, unix_s: int) -> None:
    """Make the tables of a new file, or take over those of an older version.

    Inside the caller's transaction, so that a power cut leaves one version or the other.

    Args:
        connection: To a database that is new, or an outbox of a version that this one knows.
        unix_s: What version 1 did not note: when sightings were sent, UTC since 1970.
    """
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if tables and version == SCHEMA_VERSION:
        return
    for statement in _FROM_VERSION_1 if tables else (*_SIGHTINGS, _BIRTH):
        connection.execute(statement, {"now": unix_s})
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
