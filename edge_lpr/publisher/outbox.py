"""The outbox: every sighting from its commit until the broker has taken it, and a while longer.

Invariants, kept through crashes and power cuts:

- A sighting that ``add_sighting`` has returned for is on the disk.
- ``(boot, seq)`` exists once; a sighting handed over again changes nothing.
- ``oldest_unsent`` gives sightings in the order in which they came; only behind a long queue do
  live ones go first, again in their order.
- A sighting that was sent stays, to be asked for again, until it is too old or there is no room;
  the last one that came stays whatever happens, because the tokeniser asks for it.
- An unsent sighting leaves only if there is no room for a newer one, the oldest first, and never
  silently: in the same transaction it is recorded which, and a signed gap follows.

When to send, and what counts as sent, is left to ``session.py``. The file is opened and repaired by
``outbox_file.py`` and has the tables of ``outbox_schema.py``; sightings are put there and found by
``outbox_rows.py``, let go of by ``outbox_ring.py``, and missed by ``outbox_gaps.py``.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.log import Log
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.publisher import outbox_gaps, outbox_ring, outbox_rows
from edge_lpr.publisher.outbox_file import open_outbox_file, sentence
from edge_lpr.publisher.outbox_gaps import SignedGap, UnsignedGap
from edge_lpr.publisher.outbox_ring import Leaving, OutboxLimits
from edge_lpr.publisher.outbox_rows import CommittedSighting, StoredBirth, UnsentSighting
from edge_lpr.wire.gap import GapReason

OVERTAKING_FROM: Final = 512
"""With more unsent sightings than these, live ones go first. So many are sent within five seconds
at the 144 a second that an outage of three days needs, and up to there nothing is out of order."""

MAXIMUM_ASKED_AGAIN: Final = 60_000
"""Sightings that may wait for being sent again: what one consumer may ask for in a burst."""

_MOST_GAPS_AN_ANSWER: Final = 64
"""A range with more holes than these is answered in part; what is missing is asked for again."""


class Outbox:
    """Sightings on disk. Any thread may call any method."""

    def __init__(self, outbox_file: Path, log: Log, *, limits: OutboxLimits, clock: Clock) -> None:
        """Open the outbox, making its file if it is missing or damaged.

        Args:
            outbox_file: SQLite database in an existing folder.
            log: Hears of a damaged file.
            limits: How much may be kept, and how long.
            clock: Tells when sightings were sent.

        Raises:
            OutboxError: The file cannot be made, read or written, or another process uses it.
            SettingsError: It is a sound database, but another program's or a later version's.
        """
        self.dropped = 0
        """Sightings that had to go unsent, since the start; gaps say which."""
        self.resent = 0
        """Sightings that the broker has taken again because they were asked for."""
        self.is_failing = False
        """Whether the file could not be used when it was last tried."""
        self._file = outbox_file
        self._limits = limits
        self._clock = clock
        self._ageing = outbox_ring.Ageing(clock, limits.keep_sent_s)
        self._lock = threading.Lock()
        # In memory only: whoever asked asks again if we die.
        self._asked_again: dict[int, None] = {}
        self._gap_being_signed: int | None = None
        self._connection = open_outbox_file(outbox_file, log, clock.unix_s())
        # Counted once: counting a million rows at every sighting would take longer than the rest.
        with self._owned() as connection:
            self._unsent = outbox_rows.count(connection, "sent_at IS NULL")
            self._sent = outbox_rows.count(connection, "sent_at IS NOT NULL")
            self._live_from = outbox_rows.last_place(connection)
            connection.execute(
                "DELETE FROM origin WHERE id NOT IN (SELECT origin_id FROM sighting)"
            )

    @property
    def unsent_count(self) -> int:
        """How many sightings the broker has not taken."""
        return self._unsent

    @property
    def kept_count(self) -> int:
        """How many sightings were sent and can be asked for again."""
        return self._sent

    @property
    def has_something_to_send(self) -> bool:
        """Whether ``oldest_unsent`` would give anything, now or when what is on its way is back."""
        return self._unsent > 0 or bool(self._asked_again)

    def share_filled(self) -> float:
        """Return how full the outbox is of unsent sightings, from 0 to about 1.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._owned() as connection:
            in_use = outbox_ring.bytes_in_use(connection) / self._limits.maximum_bytes
        unsent_share = self._unsent / max(1, self._unsent + self._sent)
        return max(self._unsent / self._limits.maximum_unsent, in_use * unsent_share)

    def add_sighting(self, boot: str, seq: int, document: bytes) -> bool:
        """Commit a sighting to the disk; if there is no room, the oldest have to go.

        Args:
            boot: Boot id of the tokeniser, 16 hexadecimal digits.
            seq: Number of the sighting within that boot.
            document: The signed sighting.

        Returns:
            Whether it is new; ``False`` if it lay here already.

        Raises:
            OutboxError: It could not be committed. It may be handed over again later.
            HandoffError: Another sighting lies here under the same boot and number.
        """
        with self._owned() as connection:
            leaving = Leaving()
            with self._transaction(connection):
                is_new = outbox_rows.insert(connection, boot, seq, document)
                if is_new:
                    self._make_room(connection, leaving, new_unsent=1)
            self._unsent += is_new
            self._left(leaving)
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
            with self._transaction(connection):
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
            return outbox_rows.last_committed(connection)

    def live_from_now(self) -> None:
        """Take all that is unsent for a backlog, and all that comes from now on for live.

        For the session, when it begins to send over a new connection.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._owned() as connection:
            self._live_from = outbox_rows.last_place(connection)

    def oldest_unsent(
        self, limit: int, *, except_places: Collection[int], with_asked_again: bool = True
    ) -> list[UnsentSighting]:
        """Return the sightings that are to be sent next.

        Args:
            limit: Most sightings wanted.
            except_places: Places of sightings to pass over: those on their way.
            with_asked_again: Whether those that were asked for again may follow.

        Returns:
            Unsent sightings, the oldest first, but live ones before a long backlog; behind all of
            them those that were sent and are asked for again.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._owned() as connection:
            sightings: dict[int, UnsentSighting] = {}
            is_late = self._unsent > OVERTAKING_FROM
            for after_place in (self._live_from, 0) if is_late else (0,):
                for unsent in outbox_rows.unsent_after(
                    connection, after_place, limit + len(except_places)
                ):
                    if unsent.place not in except_places:
                        sightings.setdefault(unsent.place, unsent)
            if with_asked_again and len(sightings) < limit:
                self._add_asked_again(connection, sightings, limit, except_places)
        return list(sightings.values())[:limit]

    def oldest_document(self) -> bytes | None:
        """Return the unsent sighting that has waited longest, ``None`` if there is none."""
        with self._owned() as connection:
            oldest = outbox_rows.unsent_after(connection, 0, 1)
        return oldest[0].document if oldest else None

    def mark_sent(self, places: Collection[int]) -> int:
        """Commit that the broker has taken sightings, and let go of what was kept long enough.

        Args:
            places: Places of sightings, or none; one that was marked before is no error, nor one
                that has left meanwhile.

        Returns:
            How many of them the broker had not taken before.

        Raises:
            OutboxError: It could not be committed; the sightings still count as unsent.
        """
        with self._owned() as connection:
            now_s = self._clock.unix_s()
            leaving = Leaving()
            with self._transaction(connection):
                marked = outbox_rows.mark_sent(connection, places, now_s)
                leaving.sent += outbox_ring.forget_aged(connection, self._ageing.oldest_kept_s())
                self._make_room(connection, leaving, new_unsent=-marked)
            self._unsent -= marked
            self._sent += marked
            self._left(leaving)
            for place in places:
                if place in self._asked_again:
                    del self._asked_again[place]
                    self.resent += 1
        return marked

    def ask_again(self, boot: str, first: int, last: int) -> int:
        """Mark sightings for being sent again, and record a gap for those that are not here.

        What is unsent comes anyway. A number that the running boot has not reached is no gap.

        Args:
            boot: Boot id of the sightings.
            first: Smallest number wanted.
            last: Largest number wanted; the caller bounds how many.

        Returns:
            How many sightings will be sent again.

        Raises:
            OutboxError: The file cannot be read or written; nothing was marked.
        """
        with self._owned() as connection:
            here = outbox_rows.numbers_between(connection, boot, first, last)
            end = outbox_rows.end_of_boot(connection, boot, last)
            missing = [(boot, seq) for seq in range(first, end + 1) if seq not in here]
            gaps = list(outbox_gaps.ranges_of(missing, GapReason.NOT_KEPT))
            self._record(connection, gaps[:_MOST_GAPS_AN_ANSWER])
            room = MAXIMUM_ASKED_AGAIN - len(self._asked_again)
            sent = [place for place in here.values() if place is not None][:room]
            self._asked_again.update(dict.fromkeys(sent))
        return len(sent)

    def next_gap(self) -> UnsignedGap | None:
        """Return the gap that is to be signed next; it stays as it is until it is signed.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._owned() as connection:
            gap = outbox_gaps.oldest_unsigned(connection)
            self._gap_being_signed = None if gap is None else gap.place
        return gap

    def store_gap(self, place: int, document: bytes) -> None:
        """Commit the signature of a gap, for ``pending_gap`` to give out.

        Args:
            place: As ``next_gap`` said; one that is signed already stays as it is.
            document: The signed gap.

        Raises:
            OutboxError: It could not be committed.
        """
        with self._owned() as connection, self._transaction(connection):
            outbox_gaps.keep_signature(connection, place, document)

    def pending_gap(self) -> SignedGap | None:
        """Return the oldest signed gap that the broker has not taken, ``None`` if there is none.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._owned() as connection:
            return outbox_gaps.oldest_signed(connection)

    def mark_gap_sent(self, place: int) -> None:
        """Commit that the broker has taken a gap.

        Args:
            place: Of the gap; one that was marked before is no error.

        Raises:
            OutboxError: It could not be committed; the gap still counts as unsent.
        """
        with self._owned() as connection, self._transaction(connection):
            outbox_gaps.forget(connection, place)

    def close(self) -> None:
        """Close the file; may be called twice."""
        with self._lock:
            self._connection.close()

    def _make_room(
        self, connection: sqlite3.Connection, leaving: Leaving, *, new_unsent: int
    ) -> None:
        """Let go of what there is no room for, and record what nobody has taken."""
        unsent = self._unsent + new_unsent
        for gap in outbox_ring.make_room(connection, self._limits, unsent=unsent, leaving=leaving):
            outbox_gaps.record_gap(connection, gap, except_place=self._gap_being_signed)

    def _left(self, leaving: Leaving) -> None:
        """Count what has left, once that is committed."""
        self._sent -= leaving.sent
        self._unsent -= leaving.unsent
        self.dropped += leaving.unsent

    def _record(self, connection: sqlite3.Connection, gaps: list[GapWish]) -> None:
        """Commit gaps that are not recorded yet."""
        new_gaps = [gap for gap in gaps if not outbox_gaps.is_recorded(connection, gap)]
        if new_gaps:
            with self._transaction(connection):
                for gap in new_gaps:
                    outbox_gaps.record_gap(connection, gap, except_place=self._gap_being_signed)

    def _add_asked_again(
        self,
        connection: sqlite3.Connection,
        sightings: dict[int, UnsentSighting],
        limit: int,
        except_places: Collection[int],
    ) -> None:
        """Fill up with sightings that were asked for again, and forget those that have left."""
        for place in list(self._asked_again):
            if len(sightings) >= limit:
                return
            if place in except_places:
                continue
            document = outbox_rows.document_at(connection, place)
            if document is None:
                del self._asked_again[place]
            else:
                sightings[place] = UnsentSighting(place, document)

    @contextmanager
    def _owned(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread, and turn SQLite's errors into ours."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                self.is_failing = True
                raise sentence(self._file, error) from error

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Commit what is done inside whole, or not at all."""
        changes = connection.total_changes
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
            # A full disk, too, takes a commit that changes nothing.
            self.is_failing = self.is_failing and connection.total_changes == changes
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
