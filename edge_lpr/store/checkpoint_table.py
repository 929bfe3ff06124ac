"""The checkpoints that booths have sent, for the auditor who comes with a booth's log one day.

Each is judged against those before of the same key: a log only grows, and stays the same. Another
root at one size proves two logs; a smaller size says that the log was put back, or that somebody
plays an old message again that this store has not kept. Both are kept for good; of those that fit,
all of a week and after that the last of a day.

Workers share what comes, so two checkpoints may overtake each other where a backlog is drained: a
smaller size is no news as long as all larger ones came just now.
"""

from collections.abc import Iterable
from typing import Final

from edge_lpr.store.database import Database
from edge_lpr.subscriber.checkpoint_record import Growth
from edge_lpr.subscriber.verdicts import AuthenticCheckpoint
from edge_lpr.wire.checkpoint import Checkpoint
from edge_lpr.wire.topics import DeviceAddress

KEPT_WHOLE_S: Final = 7 * 86_400
"""For so long every one is kept: 2,016 of a booth."""

OVERTAKING_S: Final = 600
"""Checkpoints that came within so long may have overtaken each other."""

MOST_CONTRADICTIONS: Final = 64
"""Kept of one key: two are proof enough, and a booth that was taken over can sign any number."""

_INSERT: Final = """
INSERT INTO checkpoint (booth_id, kid, size, root, growth, received_at, note)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

_THIN_OUT: Final = """
DELETE FROM checkpoint WHERE growth = 'grown' AND received_at < %s AND EXISTS (
    SELECT 1 FROM checkpoint AS later WHERE later.booth_id = checkpoint.booth_id
    AND later.kid = checkpoint.kid AND later.growth = 'grown' AND later.size > checkpoint.size
    AND later.received_at / 86400 = checkpoint.received_at / 86400)
"""


class CheckpointTable:
    """The checkpoints of a store."""

    def __init__(self, database: Database) -> None:
        """Use the table of a database.

        Args:
            database: The store's session.
        """
        self._database = database

    def keep(
        self, checkpoints: Iterable[tuple[int, AuthenticCheckpoint]], now: int
    ) -> list[tuple[DeviceAddress, Growth]]:
        """Keep what is new, within the transaction of a batch.

        Args:
            checkpoints: Row number of the booth, and what the booth has signed, as received.
            now: UTC in whole seconds since 1970.

        Returns:
            What contradicts the ones before, and whose it is; each once.
        """
        contradictions: list[tuple[DeviceAddress, Growth]] = []
        # Stable: those of one booth stay in the order in which they came.
        for booth_id, each in sorted(checkpoints, key=lambda one: one[0]):
            kid = each.certificate.event_key.kid
            growth = self._growth(booth_id, kid, each.checkpoint, now)
            if growth is Growth.REPEATED or (
                growth is not Growth.GROWN and self._has_enough(booth_id, kid)
            ):
                continue
            checkpoint = each.checkpoint
            values = (booth_id, kid, checkpoint.size, checkpoint.root, growth.value, now)
            is_new = self._database.change(_INSERT, (*values, each.document))
            if is_new and growth is not Growth.GROWN:
                contradictions.append((each.address, growth))
        return contradictions

    def of(self, address: DeviceAddress) -> list[bytes]:
        """Return the notes of a booth, the smallest log first.

        Args:
            address: The booth.

        Raises:
            StoreError: The database is away.
        """
        rows = self._database.rows(
            "SELECT note FROM checkpoint JOIN booth ON booth.id = checkpoint.booth_id "
            "WHERE tenant = %s AND site = %s AND device = %s ORDER BY size, received_at",
            (address.tenant, address.site, address.device),
        )
        return [bytes(note) for (note,) in rows]

    def thin_out(self, now: int) -> int:
        """Drop what is older than a week, but for the last of each day and what contradicts.

        Args:
            now: UTC in whole seconds since 1970.

        Returns:
            How many were dropped.
        """
        return self._database.change(_THIN_OUT, (now - KEPT_WHOLE_S,))

    def _growth(self, booth_id: int, kid: str, checkpoint: Checkpoint, now: int) -> Growth:
        """Return how a checkpoint fits those before."""
        of_key = (booth_id, kid)
        size, root = checkpoint.size, checkpoint.root
        same_size = self._database.rows(
            "SELECT root FROM checkpoint WHERE booth_id = %s AND kid = %s AND size = %s",
            (*of_key, size),
        )
        roots = {bytes(known) for (known,) in same_size}
        if root in roots:
            return Growth.REPEATED
        if roots:
            return Growth.FORKED
        ((largest,),) = self._database.rows(
            "SELECT coalesce(max(size), 0) FROM checkpoint WHERE booth_id = %s AND kid = %s "
            "AND received_at < %s",
            (*of_key, now - OVERTAKING_S),
        )
        return Growth.SHRUNK if size < largest else Growth.GROWN

    def _has_enough(self, booth_id: int, kid: str) -> bool:
        """Return whether enough contradictions of a key are kept."""
        ((count,),) = self._database.rows(
            "SELECT count(*) FROM checkpoint WHERE booth_id = %s AND kid = %s "
            "AND growth <> 'grown'",
            (booth_id, kid),
        )
        return int(count) >= MOST_CONTRADICTIONS
