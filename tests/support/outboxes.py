"""Limits for outboxes in tests, and documents as long as real ones."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_lpr.core.log import Log
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_ring import OutboxLimits
from tests.support.clock import SetClock

DAY_S = 86_400
DOCUMENT_BYTES = 489
"""A sighting of a device that has made a hundred thousand of them."""


def limits_of(
    *, maximum_unsent: int = 1000, maximum_bytes: int = 10**9, keep_sent_s: int = 7 * DAY_S
) -> OutboxLimits:
    """Return limits, generous where nothing is said."""
    return OutboxLimits(
        maximum_unsent=maximum_unsent, maximum_bytes=maximum_bytes, keep_sent_s=keep_sent_s
    )


def open_outbox(
    folder: Path, limits: OutboxLimits | None = None, *, clock: SetClock | None = None
) -> Outbox:
    """Open the outbox of a folder; its clock stands still if it is not given one."""
    return Outbox(
        folder / "outbox.sqlite3",
        Log("test"),
        limits=limits or limits_of(),
        clock=clock or SetClock(),
    )


def document_of(boot: str, seq: int) -> bytes:
    """Return a document of the form and length of a sighting, the same for the same number."""
    stem = f"header-of-87-characters-as-every-sighting-of-this-key-has-it--------------{boot[:12]}."
    tail = hashlib.shake_128(f"{boot}/{seq}".encode()).hexdigest(DOCUMENT_BYTES)
    return (stem + tail)[:DOCUMENT_BYTES].encode()


_VERSION_1 = (
    """CREATE TABLE sighting (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        boot TEXT NOT NULL,
        seq INTEGER NOT NULL,
        document BLOB NOT NULL,
        is_sent INTEGER NOT NULL DEFAULT 0,
        UNIQUE (boot, seq)
    )""",
    "CREATE INDEX unsent ON sighting (place) WHERE is_sent = 0",
    "CREATE INDEX sent ON sighting (place) WHERE is_sent = 1",
    """CREATE TABLE birth (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        boot TEXT NOT NULL,
        document BLOB NOT NULL
    )""",
    f"PRAGMA application_id={0x4C50524F}",
    "PRAGMA user_version=1",
)
"""The statements of the software that wrote version 1, word by word."""


@contextmanager
def outbox_of_version_1(folder: Path) -> Iterator[sqlite3.Connection]:
    """Lay out the outbox of a booth in the field, and give what writes to it."""
    connection = sqlite3.connect(folder / "outbox.sqlite3", isolation_level=None)
    with closing(connection):
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _VERSION_1:
            connection.execute(statement)
        connection.execute("COMMIT")
        yield connection
