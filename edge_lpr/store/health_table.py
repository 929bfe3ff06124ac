"""The latest health record of every booth, whatever is played again.

A booth's clock may be wrong, so its time orders nothing; within a boot the running time of the
tokeniser does. A record that was received before is never news, of whatever boot, and a boot whose
successor has spoken has no news any more.
"""

from collections.abc import Iterable
from typing import Final

from edge_lpr.store.database import Database
from edge_lpr.subscriber.verdicts import AuthenticHealth

_IS_NEWS: Final = """
INSERT INTO health_seen (boot_id, up_s)
SELECT id, %s FROM boot WHERE id = %s AND end_last IS NULL
ON CONFLICT (boot_id) DO UPDATE SET up_s = excluded.up_s WHERE excluded.up_s > health_seen.up_s
"""

_KEEP: Final = """
INSERT INTO health (booth_id, at, received_at, claims) VALUES (%s, %s, %s, %s)
ON CONFLICT (booth_id) DO UPDATE SET at = excluded.at, received_at = excluded.received_at,
claims = excluded.claims
"""


class HealthTable:
    """The health records of a store."""

    def __init__(self, database: Database) -> None:
        """Use the tables of a database.

        Args:
            database: The store's session.
        """
        self._database = database

    def keep(self, records: Iterable[tuple[int, int, AuthenticHealth]], now: int) -> None:
        """Keep what is news, within the transaction of a batch.

        Args:
            records: Row numbers of booth and boot, and what the booth said.
            now: UTC in whole seconds since 1970.
        """
        # In the same order in every worker, so that two cannot wait for each other.
        for booth_id, boot_id, health in sorted(records, key=_order):
            claims = health.claims
            if self._database.change(_IS_NEWS, (claims.up_s, boot_id)):
                self._database.change(_KEEP, (booth_id, claims.at, now, claims.encode().decode()))


def _order(record: tuple[int, int, AuthenticHealth]) -> tuple[int, int, int]:
    """Return what records are put in order by: booth, boot, age."""
    booth_id, boot_id, health = record
    return booth_id, boot_id, health.claims.up_s
