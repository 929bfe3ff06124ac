"""What leaves the outbox when it has been kept long enough, or when there is no room.

In this order, and only as much as is needed:

1. sightings that were sent longer ago than they are kept
2. the oldest sent ones, while the file is too large
3. the oldest unsent ones, while the file is too large or there are too many; in the same
   transaction it is recorded which, so that a signed gap can say so

The sighting that came last always stays. All of it inside the caller's transaction and lock.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.clock import EARLIEST_PLAUSIBLE_UNIX_S, Clock, TimeQuality
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.publisher.outbox_gaps import ranges_of
from edge_lpr.wire.gap import GapReason

_MOST_AT_ONCE: Final = 64
"""Sightings that leave in one step: a transaction must be short, because a vehicle waits for it."""

_MOST_STEPS: Final = 8
"""In one transaction. More only if the settings were changed, or the file is from before there was
a limit; then the next transactions take the rest, and no thread stands still for it."""

_JUMP_S: Final = 60
"""The clock was set if it differs by more from the time that has passed."""

_STEADY_NS: Final = 3_600 * 1_000_000_000
"""A clock is believed when it has not been set for so long: one that runs ahead by a week would
otherwise let everything go at once."""

_UNSENT_AT_ONCE: Final = 8
"""About the sightings of one page of the file, which is free only when all of them have left."""

# Whole statements, so that it is seen that nothing from outside is in them.
_FORGET_AGED: Final = """
    DELETE FROM sighting WHERE place IN (
        SELECT place FROM (
            SELECT place, sent_at FROM sighting
            WHERE sent_at IS NOT NULL AND place < (SELECT max(place) FROM sighting)
            ORDER BY place LIMIT ?
        ) WHERE sent_at BETWEEN ? AND ?
    )"""
_FORGET_OLDEST_SENT: Final = """
    DELETE FROM sighting WHERE place IN (
        SELECT place FROM sighting
        WHERE sent_at IS NOT NULL AND place < (SELECT max(place) FROM sighting)
        ORDER BY place LIMIT ?
    )"""
_OLDEST_UNSENT: Final = """
    SELECT place, boot, seq FROM sighting JOIN origin ON origin.id = origin_id
    WHERE sent_at IS NULL AND place < (SELECT max(place) FROM sighting)
    ORDER BY place LIMIT ?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLimits:
    """How much the outbox may hold."""

    maximum_unsent: int
    """Most sightings that the broker has not taken, at least 1."""
    maximum_bytes: int
    """Most bytes of the file that are in use, of whatever kind."""
    keep_sent_s: int
    """How long sightings are kept after they were sent, in seconds."""


@dataclass(slots=True)
class Leaving:
    """How many sightings have left in a transaction."""

    sent: int = 0
    """Ones that the broker had taken."""
    unsent: int = 0
    """Ones that nobody has taken."""


class Ageing:
    """Says which sightings were sent too long ago, as far as the clock can be believed."""

    def __init__(self, clock: Clock, keep_sent_s: int) -> None:
        """Believe no clock yet.

        Args:
            clock: Tells how old sightings are.
            keep_sent_s: How long they are kept, in seconds.
        """
        self._clock = clock
        self._keep_sent_s = keep_sent_s
        self._started_s = self._started_at()
        self._steady_since_ns = clock.monotonic_ns()

    def oldest_kept_s(self) -> int:
        """Return before when sightings that were sent go; 0, so that none does, in doubt."""
        started_s, now_ns = self._started_at(), self._clock.monotonic_ns()
        if abs(started_s - self._started_s) > _JUMP_S:
            self._started_s, self._steady_since_ns = started_s, now_ns
        if self._clock.quality() is TimeQuality.NONE or now_ns - self._steady_since_ns < _STEADY_NS:
            return 0
        return self._clock.unix_s() - self._keep_sent_s

    def _started_at(self) -> int:
        """Return when monotonic time began, by the UTC clock: the same unless that is set."""
        return self._clock.unix_s() - self._clock.monotonic_ns() // 1_000_000_000


def bytes_in_use(connection: sqlite3.Connection) -> int:
    """Return how many bytes of the file hold something; takes as long for any file."""
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free_pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(page_bytes * (pages - free_pages))


def forget_aged(connection: sqlite3.Connection, oldest_kept_s: int) -> int:
    """Delete some of the sightings that were sent too long ago.

    A sighting whose time lies in the future stays, and one that was sent under a clock that had
    been reset: guessing how old it is, is not this file's. The file's size still limits them.

    Args:
        connection: In a transaction.
        oldest_kept_s: Sightings sent before go; UTC since 1970.

    Returns:
        How many have left.
    """
    return connection.execute(
        _FORGET_AGED, (_MOST_AT_ONCE, EARLIEST_PLAUSIBLE_UNIX_S, oldest_kept_s - 1)
    ).rowcount


def make_room(
    connection: sqlite3.Connection, limits: OutboxLimits, *, unsent: int, leaving: Leaving
) -> Iterator[GapWish]:
    """Delete what must go for the outbox to be within its limits, or come closer to them.

    Args:
        connection: In a transaction.
        limits: What may stay.
        unsent: How many sightings are unsent now.
        leaving: Counts what leaves.

    Yields:
        What the caller must record in this transaction: which unsent sightings have left.
    """
    for _ in range(_MOST_STEPS):
        if bytes_in_use(connection) <= limits.maximum_bytes:
            break
        sent = _delete_oldest_sent(connection)
        leaving.sent += sent
        if not sent:
            dropped = _take_oldest_unsent(connection, _UNSENT_AT_ONCE)
            if not dropped:
                break
            leaving.unsent += len(dropped)
            yield from ranges_of(dropped, GapReason.OUTBOX_FULL)
    excess = unsent - leaving.unsent - limits.maximum_unsent
    if excess > 0:
        # Many only if the settings have just been changed; then the next ones take the rest.
        dropped = _take_oldest_unsent(connection, min(excess, _MOST_AT_ONCE))
        leaving.unsent += len(dropped)
        yield from ranges_of(dropped, GapReason.OUTBOX_FULL)


def _delete_oldest_sent(connection: sqlite3.Connection) -> int:
    """Delete some sent sightings and return how many."""
    return connection.execute(_FORGET_OLDEST_SENT, (_MOST_AT_ONCE,)).rowcount


def _take_oldest_unsent(connection: sqlite3.Connection, limit: int) -> list[tuple[str, int]]:
    """Delete unsent sightings and return boot and number of each, the oldest first."""
    rows = connection.execute(_OLDEST_UNSENT, (limit,)).fetchall()
    connection.executemany("DELETE FROM sighting WHERE place = ?", [(row[0],) for row in rows])
    return [(boot, seq) for _, boot, seq in rows]
