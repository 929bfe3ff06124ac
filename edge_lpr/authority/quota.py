"""How many plates may be compiled a day: compiling is the same power as holding the key."""

import math
from dataclasses import dataclass
from typing import Final

from edge_lpr.authority.journal import Journal
from edge_lpr.authority.store import Store
from edge_lpr.core.errors import NotAllowedError

_REGISTERED: Final = "registered_plates"


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How much of a day's quota is used."""

    epoch: int
    """The day."""
    plates: int
    """Plates whose tokens were made."""


class Quota:
    """Counts plates compiled for each epoch.

    Advisory where the wrapping keys are files: whoever holds those can compile without asking.
    """

    def __init__(self, store: Store, journal: Journal, factor: float) -> None:
        """Count in the store.

        Args:
            store: Of the counts.
            journal: Told of every claim.
            factor: Quota as a multiple of the registered list.
        """
        self._store = store
        self._journal = journal
        self._factor = factor

    @property
    def registered(self) -> int | None:
        """How many plates the agency has said its list has, variants included, or ``None``."""
        value = self._store.fact(_REGISTERED)
        return None if value is None else int(value)

    @property
    def limit(self) -> int:
        """Most plates a day."""
        return math.ceil((self.registered or 0) * self._factor)

    def register(self, plates: int) -> None:
        """Say how many plates the list has.

        Args:
            plates: Not negative.
        """
        with self._store.transaction():
            before = self.registered
            self._store.set_fact(_REGISTERED, str(plates))
            self._journal.record("quota-registered", plates=plates, before=before or 0)

    def used(self, epoch: int) -> int:
        """Return how many plates were compiled for an epoch."""
        rows = self._store.rows("SELECT plates FROM quota WHERE epoch = ?", (epoch,))
        return int(rows[0][0]) if rows else 0

    def uses(self, since: int) -> list[QuotaUse]:
        """Return the use of each epoch from one on, ascending."""
        rows = self._store.rows(
            "SELECT epoch, plates FROM quota WHERE epoch >= ? ORDER BY epoch", (since,)
        )
        return [QuotaUse(epoch, plates) for epoch, plates in rows]

    def claim(self, epoch: int, plates: int, reason: str | None) -> None:
        """Count plates before they are compiled.

        Args:
            epoch: The day whose keys are used.
            plates: How many, variants included.
            reason: Why the quota may be exceeded, or ``None`` if it may not.

        Raises:
            NotAllowedError: It would be, and there is no reason; nothing is counted.
        """
        with self._store.transaction() as session:
            total = self.used(epoch) + plates
            if total > self.limit and not reason:
                raise NotAllowedError(self._refusal(epoch, total))
            session.execute(
                "INSERT INTO quota VALUES (?, ?) "
                "ON CONFLICT (epoch) DO UPDATE SET plates = plates + excluded.plates",
                (epoch, plates),
            )
            details: dict[str, str | int] = {"epoch": epoch, "plates": plates, "limit": self.limit}
            if total > self.limit and reason:
                details["over_quota"] = reason
            self._journal.record("quota", **details)

    def _refusal(self, epoch: int, total: int) -> str:
        """Return why a claim is refused."""
        if self.registered is None:
            return (
                "the size of the watch-list is not registered, so nothing may be compiled; "
                "edge-lpr authority quota --register N"
            )
        return (
            f"{total} plates for epoch {epoch} are more than the quota of {self.limit}; register "
            "the list's new size (edge-lpr authority quota --register N), or give a reason with "
            "--over-quota"
        )
