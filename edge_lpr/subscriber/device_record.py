"""What was received of one device: its boots, and how each continues the one before."""

from collections.abc import Iterator
from typing import Final

from edge_lpr.subscriber.checkpoint_record import CheckpointRecords
from edge_lpr.subscriber.continuity import BootRecord
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import Continuity
from edge_lpr.wire.birth import BirthClaims, PreviousBoot

_MAXIMUM_BOOTS: Final = 16
"""Boots remembered a device; sightings of older ones count as new, unless they are too old."""


class DeviceRecord:
    """The boots of one device, the latest heard of last."""

    def __init__(self, *, joins_late: bool = False) -> None:
        """Start with nothing known.

        Args:
            joins_late: Whether nobody misses what the device sent before we first heard of it.
        """
        self._joins_late = joins_late
        self._boots: dict[str, BootRecord] = {}
        self._up_s: dict[str, int] = {}
        self.checkpoints = CheckpointRecords()
        """What it has signed of its audit log."""

    def boot(self, boot: str) -> BootRecord:
        """Return the record of a boot, a new one if there is none."""
        if boot not in self._boots:
            self._add(boot, BootRecord(joins_late=self._joins_late))
            # Whatever starts after the first that we hear of is heard from its beginning.
            self._joins_late = False
        return self._boots[boot]

    def resume(self, boot: str, record: BootRecord) -> None:
        """Go on with the record of a boot that was kept.

        Args:
            boot: Boot id.
            record: What had been received of it.
        """
        self._add(boot, record)

    def find(self, boot: str) -> BootRecord | None:
        """Return the record of a boot, ``None`` if it is not remembered."""
        return self._boots.get(boot)

    @property
    def missing(self) -> int:
        """How many sightings were signed and have not arrived, as far as that is known."""
        return sum(len(gap) for record in self._boots.values() for gap in record.gaps())

    def boots(self) -> Iterator[tuple[str, BootRecord]]:
        """Return the boots that are remembered, by their id."""
        return iter(list(self._boots.items()))

    def is_repeated(self, boot: str, up_s: int) -> bool:
        """Return whether a health record is not newer than the latest one of its boot, and keep it.

        Args:
            boot: Boot id.
            up_s: How long the tokeniser had run: the one time that never goes back.
        """
        is_repeated = up_s <= self._up_s.get(boot, -1)
        self._up_s[boot] = max(up_s, self._up_s.get(boot, -1))
        return is_repeated

    def continuity(self, claims: BirthClaims) -> tuple[Continuity, SequenceRange | None]:
        """Judge how a birth fits what was received before.

        Args:
            claims: What the birth says.

        Returns:
            How it fits, and which last numbers of the boot before may still arrive.
        """
        previous = claims.previous
        if previous is None:
            is_first = not self._boots or next(iter(self._boots)) == claims.boot
            continuity, missing = (Continuity.CONTINUES if is_first else Continuity.BROKEN), None
        elif self._boots:
            continuity, missing = self._after(previous)
        else:
            # Nobody misses what a device had sent before we first heard of it.
            continuity, missing = Continuity.UNKNOWN, None
            self._add(previous.boot, BootRecord(joins_late=True))
            self._boots[previous.boot].expect(previous.seq, previous.link)
        self.boot(claims.boot)
        return continuity, missing

    def _after(self, previous: PreviousBoot) -> tuple[Continuity, SequenceRange | None]:
        """Judge what a device says about the end of its boot before."""
        record = self.boot(previous.boot)
        if record.highest > previous.seq or not record.expect(previous.seq, previous.link):
            return Continuity.BROKEN, None
        is_complete = record.has(previous.seq) and not record.gaps()
        missing = record.missing_before(previous.seq + 1)
        return (Continuity.CONTINUES if is_complete else Continuity.UNKNOWN), missing

    def _add(self, boot: str, record: BootRecord) -> None:
        """Remember a boot, and forget the one that was heard of first if there are too many."""
        if len(self._boots) == _MAXIMUM_BOOTS:
            oldest = next(iter(self._boots))
            del self._boots[oldest]
            self._up_s.pop(oldest, None)
        self._boots[boot] = record
