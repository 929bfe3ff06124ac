"""Hits: committed with their sighting, and kept until whoever wants them has taken them."""

from collections.abc import Sequence
from typing import Final

from edge_lpr.store.database import Database
from edge_lpr.store.records import DueHit
from edge_lpr.subscriber.watch_list import Hit
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.topics import DeviceAddress

_LEASE_S: Final = 30
"""How long a worker has for an attempt before another one makes it."""

_LONGEST_WAIT_S: Final = 600
"""Longest pause between attempts: whoever was away is told within ten minutes of coming back."""

_DUE: Final = """
SELECT hit.id, tenant, site, device, boot, seq, at, lane, dir, is_test, match, entry, attempts
FROM hit JOIN boot ON boot.id = hit.boot_id JOIN booth ON booth.id = boot.booth_id
WHERE sent_at IS NULL AND due_at <= %s ORDER BY due_at, hit.id LIMIT %s
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

    def take_due(self, now: int, limit: int) -> list[DueHit]:
        """Take hits to deliver; unless they are marked as sent they come again, later each time.

        Args:
            now: UTC in whole seconds since 1970.
            limit: Most hits.

        Returns:
            Hits that no other worker is delivering.
        """
        taken = []
        for row in self._database.rows(_DUE, (now, limit)):
            hit_id, tenant, site, device, *rest, attempts = row
            wait_s = min(_LONGEST_WAIT_S, _LEASE_S * 2 ** min(attempts, 10))
            # Whoever changes the row is the one who has it.
            is_ours = self._database.change(
                "UPDATE hit SET attempts = attempts + 1, due_at = %s "
                "WHERE id = %s AND attempts = %s AND sent_at IS NULL",
                (now + wait_s, hit_id, attempts),
            )
            if is_ours:
                boot, seq, at, lane, direction, is_test, match, entry = rest
                address = DeviceAddress(tenant, site, device)
                taken.append(
                    DueHit(
                        hit_id,
                        address,
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
                )
        return taken

    def mark_sent(self, hit_id: int, now: int) -> None:
        """Note that a hit was taken.

        Args:
            hit_id: As taken.
            now: UTC in whole seconds since 1970.
        """
        self._database.change("UPDATE hit SET sent_at = %s WHERE id = %s", (now, hit_id))

    def drop_before(self, unix_s: int) -> None:
        """Forget hits on sightings that are no longer kept, once they were delivered."""
        self._database.change("DELETE FROM hit WHERE at < %s AND sent_at IS NOT NULL", (unix_s,))
