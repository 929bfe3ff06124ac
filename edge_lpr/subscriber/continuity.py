"""Numbers and chain of one boot: what is new, came twice, is missing or given up, was changed.

Bounded memory: the latest links and a limited number of ranges are kept. What was forgotten errs
on one side: a sighting may then count as new twice, but never be taken for a duplicate unseen. The
durable truth is the store's unique key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.subscriber.sequence import RangeList, SequenceRange
from edge_lpr.wire.sighting import FIRST_PREV

_MAXIMUM_LINKS: Final = 4096
"""Links kept a boot, the latest received: 34 minutes at two sightings a second."""

_MAXIMUM_PROMISES: Final = 64
"""Links of sightings to come that are kept a boot: an hour of health records without a sighting."""

_MAXIMUM_GAPS: Final = 256
"""Ranges kept a boot, missing ones and given up ones; more are joined."""


class Fit(Enum):
    """How a sighting fits what was received before."""

    LINKED = "linked"
    """New, and ``prev`` names the sighting before it, or it is the first of its boot."""
    UNLINKED = "unlinked"
    """New, but the one before it has not been received, so nobody can tell."""
    DUPLICATE = "duplicate"
    """Received before."""
    CONFLICT = "conflict"
    """Another sighting with this number was received before: one of them is forged."""
    BROKEN = "broken"
    """``prev`` names another sighting than the one before it, or the next one does, or the device
    has said that the sighting with this number is another one."""


@dataclass(frozen=True, slots=True)
class _Link:
    """Where a sighting stands in the chain."""

    link: bytes
    prev: bytes


@dataclass(frozen=True, slots=True)
class BootSummary:
    """What is worth keeping of a boot while a consumer is not running."""

    highest: int
    """Largest number that is known to have been signed."""
    link: bytes | None
    """What the ``sighting_hash`` of that one must be, if it is known."""
    missing: tuple[SequenceRange, ...]
    """Numbers that may still arrive."""
    given_up: tuple[SequenceRange, ...]
    """Numbers that nobody misses, and that are new should they arrive."""


class BootRecord:
    """What was received of one boot of one device."""

    def __init__(self, *, joins_late: bool = False) -> None:
        """Start with nothing received.

        Args:
            joins_late: Whether nobody misses what was sent before the first message of this boot
                that arrives here. Should it arrive after all, it is new.
        """
        self._joins_late = joins_late
        self._links: dict[int, _Link] = {}
        self._promises: dict[int, bytes] = {}
        self._missing = RangeList(_MAXIMUM_GAPS)
        self._given_up = RangeList(_MAXIMUM_GAPS)
        self._highest = 0
        self.delivered = 0
        """Largest number that was handed on, for whoever puts sightings in order."""

    @classmethod
    def resume(cls, summary: BootSummary) -> "BootRecord":
        """Return a record that goes on where a summary ended.

        Args:
            summary: As ``summarise`` made it.
        """
        record = cls()
        record._highest = record.delivered = summary.highest
        for gap in summary.missing:
            record._missing.add(gap)
        for gap in summary.given_up:
            record._given_up.add(gap)
        if summary.link is not None:
            record._promises[summary.highest] = summary.link
        return record

    def summarise(self, undone: Iterable[int]) -> BootSummary:
        """Return what is worth keeping.

        Args:
            undone: Received numbers with which the consumer is not done; they count as missing.
        """
        missing = RangeList(_MAXIMUM_GAPS)
        for gap in self._missing.ranges():
            missing.add(gap)
        for seq in undone:
            missing.add(SequenceRange(seq, seq))
        link = self._signed_link(self._highest)
        return BootSummary(self._highest, link, missing.ranges(), self._given_up.ranges())

    @property
    def highest(self) -> int:
        """Largest number that is known to have been signed, 0 if none."""
        return self._highest

    def gaps(self) -> tuple[SequenceRange, ...]:
        """Return the numbers that may still arrive, ascending."""
        return self._missing.ranges()

    def has(self, seq: int) -> bool:
        """Return whether a sighting was received, also if its link is forgotten."""
        return seq <= self._highest and seq not in self._missing and seq not in self._given_up

    def link_of(self, seq: int) -> bytes | None:
        """Return the link of a sighting, ``None`` if it was not received or is forgotten."""
        known = self._links.get(seq)
        return known.link if known else None

    def missing_before(self, seq: int) -> SequenceRange | None:
        """Return the numbers right before another one that may still arrive.

        Args:
            seq: The other number.
        """
        gaps = self.gaps()
        return next((gap for gap in reversed(gaps) if gap.last == seq - 1), None)

    def admit(self, seq: int, link: bytes, prev: bytes) -> tuple[Fit, SequenceRange | None]:
        """Record a sighting whose signature holds.

        A conflicting or broken one is not recorded.

        Args:
            seq: Its number, from 1.
            link: Its ``sighting_hash``.
            prev: The link that it carries.

        Returns:
            How it fits, and the numbers that it shows to be missing just before it.
        """
        known = self._links.get(seq)
        if known:
            return (Fit.DUPLICATE if known.link == link else Fit.CONFLICT), None
        if self.has(seq):
            return Fit.DUPLICATE, None
        before = FIRST_PREV if seq == 1 else self._signed_link(seq - 1)
        if before not in (None, prev) or not self._agrees(seq, link):
            return Fit.BROKEN, None
        self._links[seq] = _Link(link, prev)
        if len(self._links) > _MAXIMUM_LINKS:
            del self._links[next(iter(self._links))]
        opened = self._reach(seq - 1)
        self._take(seq)
        return (Fit.UNLINKED if before is None else Fit.LINKED), opened

    def expect(self, seq: int, link: bytes) -> bool:
        """Record that the device has signed all numbers up to one.

        Args:
            seq: The last number; 0 if it has signed none.
            link: What the ``sighting_hash`` of that sighting must be.

        Returns:
            Whether that agrees with what was received; nothing is recorded if not.
        """
        if seq == 0:
            # The beginning is known now, so nothing can be missed before it.
            self._joins_late = False
            return link == FIRST_PREV
        if self._signed_link(seq) not in (None, link) or not self._agrees(seq, link):
            return False
        self._reach(seq)
        self._promises[seq] = link
        if len(self._promises) > _MAXIMUM_PROMISES:
            del self._promises[next(iter(self._promises))]
        return True

    def give_up(self, lost: SequenceRange) -> int:
        """Record that some numbers will never come.

        Args:
            lost: May hold numbers that were received.

        Returns:
            How many of them were missing until now.
        """
        self._reach(lost.last)
        removed = self._missing.remove(lost)
        for each in removed:
            self._given_up.add(each)
        return sum(len(each) for each in removed)

    def _signed_link(self, seq: int) -> bytes | None:
        """Return what the link of a sighting must be, as far as anybody has signed that."""
        return self.link_of(seq) or self._promises.get(seq)

    def _agrees(self, seq: int, link: bytes) -> bool:
        """Return whether a sighting is the one that the device and the next one speak of."""
        following = self._links.get(seq + 1)
        return self._promises.get(seq, link) == link and (
            following is None or following.prev == link
        )

    def _reach(self, seq: int) -> SequenceRange | None:
        """Count up to a number, and return what is missing for that."""
        if seq <= self._highest:
            return None
        passed = SequenceRange(self._highest + 1, seq)
        is_missed = self._highest > 0 or not self._joins_late
        (self._missing if is_missed else self._given_up).add(passed)
        self._highest = seq
        return passed if is_missed else None

    def _take(self, seq: int) -> None:
        """Count a sighting as received."""
        if seq > self._highest:
            self._highest = seq
            return
        received = SequenceRange(seq, seq)
        self._missing.remove(received)
        self._given_up.remove(received)
