"""Gaps in the outbox: what will never be sent, until a server has been told.

A gap is recorded in the transaction that makes it, waits for the tokeniser's signature, then for
the broker, and is forgotten when the broker has taken it. All of it inside the caller's transaction
and lock.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edge_lpr.handoff.record_message import GapWish
from edge_lpr.wire.gap import GapReason


@dataclass(frozen=True, slots=True)
class UnsignedGap:
    """A gap that nobody has signed yet."""

    place: int
    """Its place among the gaps."""
    wish: GapWish
    """What is to be signed."""


@dataclass(frozen=True, slots=True, repr=False)
class SignedGap:
    """A signed gap that the broker has not taken."""

    document: bytes
    """The signed document."""
    place: int
    """Its place among the gaps; places of gaps and of sightings have nothing in common."""


def record_gap(connection: sqlite3.Connection, gap: GapWish, *, except_place: int | None) -> None:
    """Record that sightings will never come, joined to the gap before if it goes on there.

    Args:
        connection: In a transaction.
        gap: Which sightings, and why.
        except_place: Gap that is being signed, and so must stay as it is.
    """
    joined = connection.execute(
        "UPDATE gap SET last = ? WHERE document IS NULL AND boot = ? AND reason = ? AND last = ?"
        " AND place IS NOT ?",
        (gap.last, gap.boot, gap.reason.value, gap.first - 1, except_place),
    ).rowcount
    if not joined:
        connection.execute(
            "INSERT INTO gap (boot, first, last, reason) VALUES (?, ?, ?, ?)",
            (gap.boot, gap.first, gap.last, gap.reason.value),
        )


def oldest_unsigned(connection: sqlite3.Connection) -> UnsignedGap | None:
    """Return the gap that is to be signed next."""
    row = connection.execute(
        "SELECT place, boot, first, last, reason FROM gap WHERE document IS NULL"
        " ORDER BY place LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    place, boot, first, last, reason = row
    return UnsignedGap(place, GapWish(boot, first, last, GapReason(reason)))


def keep_signature(connection: sqlite3.Connection, place: int, document: bytes) -> None:
    """Keep a signed gap for the broker, if it is there and not signed yet."""
    connection.execute(
        "UPDATE gap SET document = ? WHERE place = ? AND document IS NULL", (document, place)
    )


def oldest_signed(connection: sqlite3.Connection) -> SignedGap | None:
    """Return the signed gap that the broker is to be given next."""
    row = connection.execute(
        "SELECT document, place FROM gap WHERE document IS NOT NULL ORDER BY place LIMIT 1"
    ).fetchone()
    return None if row is None else SignedGap(*row)


def forget(connection: sqlite3.Connection, place: int) -> None:
    """Forget a gap that the broker has taken; one that is not there is no error."""
    connection.execute("DELETE FROM gap WHERE place = ?", (place,))


def is_recorded(connection: sqlite3.Connection, gap: GapWish) -> bool:
    """Return whether a server is about to be told that these sightings will never come."""
    return (
        connection.execute(
            "SELECT 1 FROM gap WHERE boot = ? AND first <= ? AND last >= ? LIMIT 1",
            (gap.boot, gap.first, gap.last),
        ).fetchone()
        is not None
    )


def ranges_of(numbers: Iterable[tuple[str, int]], reason: GapReason) -> Iterator[GapWish]:
    """Join numbers that follow each other.

    Args:
        numbers: Boot and number of sightings, in the order in which they came.
        reason: Why they will never come.

    Yields:
        As few gaps as hold these numbers and no other.
    """
    boot, first, last = "", 0, 0
    for next_boot, seq in numbers:
        if next_boot == boot and seq == last + 1:
            last = seq
            continue
        if first:
            yield GapWish(boot, first, last, reason)
        boot, first, last = next_boot, seq, seq
    if first:
        yield GapWish(boot, first, last, reason)
