"""Hits: committed with their sighting, and kept until whoever wants them has taken them."""

from collections.abc import Sequence
from typing import Final

from edge_lpr.store.database import Database
from edge_lpr.store.records import DueHit
from edge_lpr.subscriber.watch_list import Hit
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.topics import DeviceAddress

_LEASE_S: Final = 30
"""How long a worker has for an attempt before another one makes it; a webhook ends one in less."""

_LONGEST_WAIT_S: Final = 600
"""Longest pause between attempts: whoever was away is told within ten minutes of coming back."""

_DUE: Final = """
SELECT hit.id, tenant, site, device, boot, seq, at, lane, dir, is_test, match, entry, attempts
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

    def add(self, hits: Sequence[tuple[int, SightingClaims, Hit]], now: int) -> int:
        """Note hits within the transaction of their sightings.

        Args:
            hits: Row number of the boot, sighting, and what it matches; known ones are no error.
            now: UTC in whole seconds since 1970.

        Returns:
            How many were not known.
        """
        return self._database.change_each(
            "INSERT INTO hit (boot_id, seq, at, lane, dir, is_test, match, entry, noticed_at, "
            "due_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            sorted(
                (
                    boot_id,
                    claims.seq,
                    claims.at,
                    claims.lane,
                    claims.dir,
                    claims.test,
                    hit.match.value,
                    entry,
                    now,
                    now,
                )
                for boot_id, claims, hit in hits
                for entry in hit.entries
            ),
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
                boot, seq, at, lane, direction, is_test, match, entry = rest
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
