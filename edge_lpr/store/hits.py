"""Hits: committed with their sighting, and kept until whoever wants them has taken them.

A sighting is a hit if this server's watch-list has it, or the booth's own list had it: a booth of
hits alone says which entry. One that both lists have is one hit, with both.
"""

from collections.abc import Sequence
from typing import Final

from edge_lpr.store.database import Database, Row
from edge_lpr.store.records import DueHit
from edge_lpr.subscriber.watch_list import Hit
from edge_lpr.wire import base64url
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.topics import DeviceAddress

_LEASE_S: Final = 30
"""How long a worker has for an attempt before another one makes it; a webhook ends one in less."""

_LONGEST_WAIT_S: Final = 600
"""Longest pause between attempts: whoever was away is told within ten minutes of coming back."""

BOOTH_MATCH: Final = "booth"
"""In place of how it matches: only the booth's own list has it."""

_COLUMNS: Final = (
    "boot_id, seq, at, lane, dir, is_test, match, entry, booth_entry, possible, noticed_at, due_at"
)
_MARKS: Final = ", ".join("%s" for _ in _COLUMNS.split(","))

_ADD: Final = f"INSERT INTO hit ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT DO NOTHING"  # noqa: S608 - names and marks

# Delivered again to a worker that has no list, or another one, it is no news.
_ADD_BOOTHS: Final = f"""
INSERT INTO hit ({_COLUMNS}) SELECT {_MARKS}
WHERE NOT EXISTS (SELECT 1 FROM hit WHERE boot_id = %s AND seq = %s AND booth_entry = %s)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - names and marks

_DUE: Final = """
SELECT hit.id, tenant, site, device, boot, seq, at, lane, dir, is_test, match, entry, booth_entry,
    possible, attempts
FROM hit JOIN boot ON boot.id = hit.boot_id JOIN booth ON booth.id = boot.booth_id
WHERE sent_at IS NULL AND due_at <= %s ORDER BY due_at, hit.id LIMIT 1
"""


class HitTable:
    """The hits of a store."""

    def __init__(self, database: Database) -> None:
        """Use the table of a database.

        Args:
            database: The store's session.
        """
        self._database = database

    def add(self, hits: Sequence[tuple[int, SightingClaims, Hit | None]], now: int) -> int:
        """Note hits within the transaction of their sightings.

        Args:
            hits: Row number of the boot, sighting, and what it matches on this server's list;
                known ones are no error.
            now: UTC in whole seconds since 1970.

        Returns:
            How many were not known.
        """
        # In the same order in every worker, so that two cannot wait for each other.
        ours = sorted(
            (
                _row(boot_id, claims, (hit.match.value, entry), now)
                for boot_id, claims, hit in hits
                if hit is not None
                for entry in hit.entries
            ),
            key=_order,
        )
        booths = sorted(
            (
                _row(boot_id, claims, (BOOTH_MATCH, entry), now)
                for boot_id, claims, hit in hits
                if hit is None and (entry := _booth_entry(claims)) is not None
            ),
            key=_order,
        )
        added = self._database.change_each(_ADD, ours)
        return added + self._database.change_each(
            _ADD_BOOTHS, [(*row, row[0], row[1], row[7]) for row in booths]
        )

    def take_due(self, now: int) -> DueHit | None:
        """Take a hit to deliver; unless it is marked as sent it comes again, later each time.

        Args:
            now: UTC in whole seconds since 1970.

        Returns:
            One that no other worker is delivering; ``None`` if none is due.
        """
        while due := self._database.rows(_DUE, (now,)):
            (hit_id, tenant, site, device, *rest, attempts) = due[0]
            wait_s = min(_LONGEST_WAIT_S, _LEASE_S * 2 ** min(attempts, 10))
            # Whoever changes the row is the one who has it.
            is_ours = self._database.change(
                "UPDATE hit SET attempts = attempts + 1, due_at = %s "
                "WHERE id = %s AND attempts = %s AND sent_at IS NULL",
                (now + wait_s, hit_id, attempts),
            )
            if is_ours:
                boot, seq, at, lane, direction, is_test, match, entry, booth_entry, possible = rest
                return DueHit(
                    hit_id,
                    DeviceAddress(tenant, site, device),
                    boot,
                    seq,
                    at,
                    lane,
                    direction,
                    bool(is_test),
                    match,
                    entry,
                    attempts + 1,
                    booth_entry,
                    bool(possible),
                )
        return None

    def mark_sent(self, hit_id: int, now: int) -> None:
        """Note that a hit was taken.

        Args:
            hit_id: As taken.
            now: UTC in whole seconds since 1970.
        """
        self._database.change("UPDATE hit SET sent_at = %s WHERE id = %s", (now, hit_id))

    def drop_before(self, unix_s: int) -> None:
        """Forget hits on sightings that are no longer kept, delivered or not."""
        self._database.change("DELETE FROM hit WHERE at < %s", (unix_s,))


def _row(boot_id: int, claims: SightingClaims, match: tuple[str, str], now: int) -> Row:
    """Return the row of a hit: its sighting, and how it matches what."""
    booth_entry = _booth_entry(claims)
    return (
        boot_id,
        claims.seq,
        claims.at,
        claims.lane,
        claims.dir,
        claims.test,
        *match,
        booth_entry,
        None if booth_entry is None else claims.possible,
        now,
        now,
    )


def _booth_entry(claims: SightingClaims) -> str | None:
    """Return what the booth's own list says, as text."""
    return None if claims.entry is None else base64url.encode(claims.entry).decode()


def _order(row: Row) -> tuple[int, int, str, str]:
    """Return what rows are put in order by: boot, number, match, entry."""
    boot_id, seq, *_ = row
    return boot_id, seq, row[6], row[7]
