"""Numbers and chain of one boot: what is new, what came twice, what is missing, what was changed.

Bounded memory: the latest links and a limited number of gaps are kept. What was
forgotten errs on one side: a sighting may then count as new twice, but never be taken for a
duplicate unseen. The durable truth is the store's unique key.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.wire.sighting import FIRST_PREV

_MAXIMUM_LINKS: Final = 4096
"""Links kept a boot, the latest received: 34 minutes at two sightings a second."""

_MAXIMUM_GAPS: Final = 256
"""Gaps kept a boot; more are joined."""


@dataclass(frozen=True, slots=True)
class SequenceRange:
    """Consecutive numbers, both ends included."""

    first: int
    """Smallest number."""
    last: int
    """Largest number."""

    def __contains__(self, seq: int) -> bool:
        return self.first <= seq <= self.last


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
    """``prev`` names another sighting than the one before it, or the next one does."""


@dataclass(frozen=True, slots=True)
class _Link:
    """Where a sighting stands in the chain."""

    link: bytes
    prev: bytes


class BootRecord:
    """What was received of one boot of one device."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self._links: dict[int, _Link] = {}
        self._gaps: list[SequenceRange] = []
        self._highest = 0

    @property
    def highest(self) -> int:
        """Largest number received, 0 if none."""
        return self._highest

    def gaps(self) -> tuple[SequenceRange, ...]:
        """Return the numbers below the highest that were not received, ascending."""
        return tuple(self._gaps)

    def link_of(self, seq: int) -> bytes | None:
        """Return the link of a sighting, ``None`` if it was not received or is forgotten."""
        known = self._links.get(seq)
        return known.link if known else None

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
        if seq <= self._highest and not any(seq in gap for gap in self._gaps):
            return Fit.DUPLICATE, None
        expected_prev = FIRST_PREV if seq == 1 else self.link_of(seq - 1)
        following = self._links.get(seq + 1)
        if expected_prev not in (None, prev) or (following and following.prev != link):
            return Fit.BROKEN, None
        self._links[seq] = _Link(link, prev)
        if len(self._links) > _MAXIMUM_LINKS:
            del self._links[next(iter(self._links))]
        return (Fit.UNLINKED if expected_prev is None else Fit.LINKED), self._close_gap(seq)

    def _close_gap(self, seq: int) -> SequenceRange | None:
        """Take a number off the gaps, or open a new gap before it and return that."""
        if seq > self._highest:
            opened = SequenceRange(self._highest + 1, seq - 1) if seq > self._highest + 1 else None
            self._highest = seq
            self._gaps += [opened] if opened else []
        else:
            opened = None
            self._gaps = [part for gap in self._gaps for part in _without(gap, seq)]
        if len(self._gaps) > _MAXIMUM_GAPS:
            # What lies between was received, and may be received once more as new.
            self._gaps[:2] = [SequenceRange(self._gaps[0].first, self._gaps[1].last)]
        return opened


def _without(gap: SequenceRange, seq: int) -> list[SequenceRange]:
    """Return what is left of a gap when a number is taken out of it."""
    if seq not in gap:
        return [gap]
    parts = (SequenceRange(gap.first, seq - 1), SequenceRange(seq + 1, gap.last))
    return [part for part in parts if part.first <= part.last]
