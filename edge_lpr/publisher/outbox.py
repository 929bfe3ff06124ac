"""The outbox: every sighting from its commit until the broker has taken it, and a while longer.

Invariants, kept through crashes and power cuts:

- A sighting that ``add_sighting`` has returned for is on the disk.
- ``(boot, seq)`` exists once; a sighting handed over again changes nothing.
- ``oldest_unsent`` gives sightings in the order in which they came.
- A sighting leaves only after it was marked as sent, the oldest first; the last one that came
  stays, because the tokeniser asks for it when it connects.
- At most ``maximum_unsent`` sightings are unsent; then the next one is refused, so that the
  tokeniser waits.

When to send, and what counts as sent, is left to ``session.py``; opening and repairing the file
to ``outbox_file.py``.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_lpr.core.errors import HandoffError, OutboxError
from edge_lpr.core.log import Log
from edge_lpr.publisher.outbox_file import open_outbox_file, sentence


@dataclass(frozen=True, slots=True, repr=False)
class UnsentSighting:
    """A sighting that the broker has not taken."""

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


class Outbox:
    """Sightings on disk. Any thread may call any method."""

    def __init__(self, outbox_file: Path, log: Log, *, maximum_unsent: int, keep_sent: int) -> None:
        """Open the outbox, making its file if it is missing or damaged.

        Args:
            outbox_file: SQLite database in an existing folder.
            log: Hears of a damaged file.
            maximum_unsent: Most unsent sightings kept, at least 1.
            keep_sent: Sightings kept after they were sent, at least 1.

        Raises:
            OutboxError: The file cannot be made, read or written, or another process uses it.
            SettingsError: It is a sound database, but another program's or another version's.
        """
        self._file = outbox_file
        self._maximum_unsent = maximum_unsent
        self._keep_sent = keep_sent
        self._lock = threading.Lock()
        self._connection = open_outbox_file(outbox_file, log)
        # Counted once: counting a million rows at every sighting would take longer than the rest.
        with self._owned() as connection:
            self._unsent = _count(connection, is_sent=0)
            self._sent = _count(connection, is_sent=1)

    @property
    def unsent_count(self) -> int:
        """How many sightings the broker has not taken."""
        return self._unsent

    def add_sighting(self, boot: str, seq: int, document: bytes) -> bool:
        """Commit a sighting to the disk.

        Args:
            boot: Boot id of the tokeniser, 16 hexadecimal digits.
            seq: Number of the sighting within that boot.
            document: The signed sighting.

        Returns:
            Whether it is new; ``False`` if it lay here already.

        Raises:
            OutboxError: It could not be committed, or ``maximum_unsent`` is reached. It may be
                handed over again later.
            HandoffError: Another sighting lies here under the same boot and number.
        """
        with self._owned() as connection:
            with _transaction(connection):
                is_new = self._insert(connection, boot, seq, document)
            self._unsent += is_new
        return is_new

    def store_birth(self, boot: str, document: bytes) -> None:
        """Commit the birth message in place of the one before; the same one again is not written.

        Args:
            boot: Boot id that it announces, 16 hexadecimal digits.
            document: The signed birth message.

        Raises:
            OutboxError: It could not be committed.
        """
        with self._owned() as connection:
            # The tokeniser hands its birth over at every connection; a card has few writes.
            if connection.execute("SELECT boot, document FROM birth").fetchone() == (
                boot,
                document,
            ):
                return
            with _transaction(connection):
                connection.execute(
                    "INSERT OR REPLACE INTO birth (only, boot, document) VALUES (1, ?, ?)",
                    (boot, document),
                )

    def latest_birth(self) -> StoredBirth | None:
        """Return the last birth message, or ``None`` before the first one."""
        with self._owned() as connection:
            row = connection.execute("SELECT boot, document FROM birth").fetchone()
        return None if row is None else StoredBirth(*row)

    def last_committed(self) -> CommittedSighting | None:
        """Return the sighting that came last, sent or not, or ``None`` if none ever came."""
        with self._owned() as connection:
            row = connection.execute(
                "SELECT boot, seq, document FROM sighting ORDER BY place DESC LIMIT 1"
            ).fetchone()
        return None if row is None else CommittedSighting(*row)

    def oldest_unsent(self, limit: int, *, except_places: Collection[int]) -> list[UnsentSighting]:
        """Return the sightings that are to be sent next.

        Args:
            limit: Most sightings wanted.
            except_places: Places of unsent sightings to pass over: those on their way.

        Returns:
            Unsent sightings, the oldest first.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._owned() as connection:
            rows = connection.execute(
                "SELECT place, document FROM sighting WHERE is_sent = 0 ORDER BY place LIMIT ?",
                (limit + len(except_places),),
            ).fetchall()
        return [UnsentSighting(*row) for row in rows if row[0] not in except_places][:limit]

    def mark_sent(self, places: Collection[int]) -> None:
        """Commit that the broker has taken sightings, and forget the oldest sent ones.

        Args:
            places: Places of sightings; one that was marked before is no error.

        Raises:
            OutboxError: It could not be committed; the sightings still count as unsent.
        """
        with self._owned() as connection:
            with _transaction(connection):
                marked = connection.executemany(
                    "UPDATE sighting SET is_sent = 1 WHERE place = ? AND is_sent = 0",
                    [(place,) for place in places],
                ).rowcount
                forgotten = connection.execute(
                    "DELETE FROM sighting WHERE place IN "
                    "(SELECT place FROM sighting WHERE is_sent = 1 ORDER BY place LIMIT max(0, ?))",
                    (self._sent + marked - self._keep_sent,),
                ).rowcount
            self._unsent -= marked
            self._sent += marked - forgotten

    def close(self) -> None:
        """Close the file; may be called twice."""
        with self._lock:
            self._connection.close()

    def _insert(self, connection: sqlite3.Connection, boot: str, seq: int, document: bytes) -> bool:
        """Insert a sighting unless it lies here already or there is no room."""
        known = connection.execute(
            "SELECT document FROM sighting WHERE boot = ? AND seq = ?", (boot, seq)
        ).fetchone()
        if known is not None:
            if known[0] != document:
                raise HandoffError(
                    "two different sightings have one boot and number; restart the tokeniser"
                )
            return False
        if self._unsent >= self._maximum_unsent:
            raise OutboxError(
                f"{self._file}: holds publisher.maximum_unsent = {self._maximum_unsent} unsent "
                "sightings; the tokeniser waits until the broker takes some"
            )
        connection.execute(
            "INSERT INTO sighting (boot, seq, document) VALUES (?, ?, ?)", (boot, seq, document)
        )
        return True

    @contextmanager
    def _owned(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread, and turn SQLite's errors into ours."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise sentence(self._file, error) from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside whole, or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _count(connection: sqlite3.Connection, *, is_sent: int) -> int:
    """Return how many sightings were sent, or not."""
    # No parameter: SQLite takes the partial indexes only for a constant that it can see.
    query = f"SELECT count(*) FROM sighting WHERE is_sent = {is_sent:d}"  # noqa: S608 - an integer
    (count,) = connection.execute(query).fetchone()
    return int(count)
