"""The outbox's rows: sightings as they lie in its tables, and how they are put there and found.

All of it inside the caller's lock, and what writes inside its transaction.
"""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from edge_lpr.core.errors import HandoffError
from edge_lpr.publisher.outbox_schema import cut


@dataclass(frozen=True, slots=True, repr=False)
class UnsentSighting:
    """A sighting that the broker has not taken, or is to be given again."""

    place: int
    """Its place in the order of arrival; grows, with holes."""
    document: bytes
    """The signed sighting as the tokeniser made it."""


@dataclass(frozen=True, slots=True, repr=False)
class CommittedSighting:
    """The sighting that came last, sent or not."""

    boot: str
    """Boot id of the tokeniser that made it."""
    seq: int
    """Its number within that boot."""
    document: bytes
    """The signed sighting."""


@dataclass(frozen=True, slots=True, repr=False)
class StoredBirth:
    """The last birth message that the tokeniser handed over."""

    boot: str
    """Boot id that it announces, 16 hexadecimal digits."""
    document: bytes
    """The signed birth message."""


def insert(connection: sqlite3.Connection, boot: str, seq: int, document: bytes) -> bool:
    """Insert a sighting unless it lies here already."""
    known = connection.execute(
        "SELECT head, tail FROM origin JOIN sighting ON origin.id = origin_id"
        " WHERE boot = ? AND seq = ?",
        (boot, seq),
    ).fetchone()
    if known is not None:
        if known[0] + known[1] != document:
            raise HandoffError(
                "two different sightings have one boot and number; restart the tokeniser"
            )
        return False
    head, tail = cut(document)
    connection.execute("INSERT OR IGNORE INTO origin (boot, head) VALUES (?, ?)", (boot, head))
    connection.execute(
        "INSERT INTO sighting (origin_id, seq, tail)"
        " VALUES ((SELECT id FROM origin WHERE boot = ? AND head = ?), ?, ?)",
        (boot, head, seq, tail),
    )
    return True


def unsent_after(connection: sqlite3.Connection, place: int, limit: int) -> list[UnsentSighting]:
    """Return the oldest unsent sightings that came after a place."""
    rows = connection.execute(
        "SELECT place, head, tail FROM sighting JOIN origin ON origin.id = origin_id"
        " WHERE sent_at IS NULL AND place > ? ORDER BY place LIMIT ?",
        (place, limit),
    )
    return [UnsentSighting(place, head + tail) for place, head, tail in rows]


def end_of_boot(connection: sqlite3.Connection, boot: str, last: int) -> int:
    """Return up to which number, at most ``last``, a boot's sightings can be missed."""
    birth = connection.execute("SELECT boot FROM birth").fetchone()
    if birth is None or birth[0] != boot:
        # It is over: nothing more of it will come.
        return last
    (newest,) = connection.execute(
        # So written, it looks at one entry of the index for each origin, not at all of them.
        "SELECT max(newest) FROM (SELECT (SELECT max(seq) FROM sighting WHERE origin_id = id)"
        " AS newest FROM origin WHERE boot = ?)",
        (boot,),
    ).fetchone()
    return min(last, newest or 0)


def last_place(connection: sqlite3.Connection) -> int:
    """Return the place of the sighting that came last, 0 if none ever came."""
    (place,) = connection.execute("SELECT max(place) FROM sighting").fetchone()
    return int(place or 0)


def count(connection: sqlite3.Connection, condition: str) -> int:
    """Return how many sightings fulfil a condition that a partial index has."""
    # No parameter: SQLite takes the partial indexes only for a constant that it can see.
    query = f"SELECT count(*) FROM sighting WHERE {condition}"  # noqa: S608 - a constant of ours
    (count,) = connection.execute(query).fetchone()
    return int(count)


def last_committed(connection: sqlite3.Connection) -> CommittedSighting | None:
    """Return the sighting that came last, ``None`` if none ever came."""
    row = connection.execute(
        "SELECT boot, seq, head, tail FROM sighting JOIN origin ON origin.id = origin_id"
        " ORDER BY place DESC LIMIT 1"
    ).fetchone()
    return None if row is None else CommittedSighting(row[0], row[1], row[2] + row[3])


def document_at(connection: sqlite3.Connection, place: int) -> bytes | None:
    """Return the sighting at a place, ``None`` if it has left."""
    row = connection.execute(
        "SELECT head, tail FROM sighting JOIN origin ON origin.id = origin_id WHERE place = ?",
        (place,),
    ).fetchone()
    return None if row is None else bytes(row[0] + row[1])


def numbers_between(
    connection: sqlite3.Connection, boot: str, first: int, last: int
) -> dict[int, int | None]:
    """Return which numbers of a boot are here: the place of each that was sent, else ``None``."""
    rows = connection.execute(
        "SELECT seq, CASE WHEN sent_at IS NOT NULL THEN place END"
        " FROM sighting JOIN origin ON origin.id = origin_id"
        " WHERE boot = ? AND seq BETWEEN ? AND ? ORDER BY seq",
        (boot, first, last),
    )
    return dict(rows.fetchall())


def mark_sent(connection: sqlite3.Connection, places: Collection[int], unix_s: int) -> int:
    """Note when sightings were sent, and return of how many that was not noted before."""
    marked = connection.executemany(
        "UPDATE sighting SET sent_at = ? WHERE place = ? AND sent_at IS NULL",
        [(unix_s, place) for place in places],
    ).rowcount
    # For no place at all the library says -1.
    return max(0, marked)
