"""What is known of the numbers of one boot, and when a hole in them becomes a gap.

Rules only, no database. A number that is exceeded by another one may still be on its way, through
another worker or in another batch; it becomes a gap when it has not come within ``SETTLE_S``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import islice
from typing import Final

from edge_lpr.store.ledger import (
    GivenUp,
    Merged,
    Run,
    holes,
    merge_arrivals,
    merge_given_up,
    parts_within,
)
from edge_lpr.subscriber.sequence import SequenceRange

SETTLE_S: Final = 5
"""Longest that two workers of one shared subscription are apart, with a wide margin: a batch takes
a fraction of a second. The contract wants a gap noticed within a minute."""

FIRST_WAIT_S: Final = 15
"""Pause before the same numbers are asked for again; doubled every time."""

_MAXIMUM_NEW_GAPS: Final = 1_000
"""Gaps opened at once for one boot; what lies between the last of them and the end is one more."""

MAXIMUM_GIVEN_UP: Final = 1_000
"""Ranges of a boot that are given up and do not touch; what is given up beyond that stays missing,
so that a publisher that gives up every second number fills nobody's tables."""


class Finding(Enum):
    """What only a forger, or a device that has forgotten, can have caused."""

    CONFLICT = "conflict"
    """Two sightings of one boot have one number: whoever made the second has the event key."""
    BROKEN_CHAIN = "broken_chain"
    """``prev`` names another sighting than the one before it."""
    BROKEN_END = "broken_end"
    """A health record or a birth names another sighting than the one that was received."""
    BEYOND_END = "beyond_end"
    """There is a sighting after the one that the next birth named as the last."""
    FORGOTTEN = "forgotten"
    """A birth knows of no boot before, but there was one: the outbox was lost or exchanged."""


@dataclass(slots=True)
class Gap:
    """Numbers that were missing when somebody looked, and may have come since."""

    first: int
    """Smallest number."""
    last: int
    """Largest number."""
    missing: int
    """How many have neither come nor been given up."""
    noticed_at: int
    """When it was noticed, UTC in whole seconds since 1970."""
    attempts: int = 0
    """How often the device was asked."""
    request_at: int = 0
    """When to ask (again)."""
    closed_at: int | None = None
    """When the last missing number came or was given up."""
    lost: int = 0
    """How many were given up."""

    @property
    def range(self) -> SequenceRange:
        """The numbers."""
        return SequenceRange(self.first, self.last)


@dataclass(slots=True)
class BootBook:
    """One boot of one device."""

    runs: tuple[Run, ...] = ()
    """What was received."""
    given_up: tuple[GivenUp, ...] = ()
    """What will never come, on the device's signed word."""
    said_last: int = 0
    """Largest number that a signed record has named."""
    said_link: bytes | None = None
    """The link that it gave, until it was compared."""
    end_last: int | None = None
    """Last number of the boot, once a later birth has named it."""
    judged_last: int = 0
    """Up to here every hole has become a gap."""
    suspect_last: int = 0
    """Holes up to here were first seen at ``suspect_at``."""
    suspect_at: int | None = None
    """``None`` if there is no hole that has yet to be judged."""
    gaps: list[Gap] = field(default_factory=list)
    """Open gaps, and those that were opened or closed just now."""
    findings: set[tuple[int, Finding]] = field(default_factory=set)
    """What does not fit, by number."""
    doubts: list[tuple[int, bytes]] = field(default_factory=list)
    """Numbers and links to be compared with the sightings themselves: the ledger has forgotten."""
    again: tuple[int, ...] = ()
    """Numbers that came although the ledger has them."""

    @property
    def highest(self) -> int:
        """Largest number received, 0 if none."""
        return self.runs[-1].last if self.runs else 0

    def receive(self, arrivals: Iterable[Run]) -> None:
        """Put newly received numbers into the ledger.

        Args:
            arrivals: One for each sighting, in any order.
        """
        new = list(arrivals)
        merged: Merged = merge_arrivals(self.runs, new)
        self.runs = merged.runs
        self.again = merged.again
        self.findings |= {(seq, Finding.BROKEN_CHAIN) for seq in merged.broken}
        if self.said_link is not None:
            self._compare(self.said_last, self.said_link, new)

    @property
    def known_last(self) -> int:
        """Largest number that was received or named, 0 if none."""
        return max(self.highest, self.said_last)

    def hear_number(self, seq: int, link: bytes, now: int) -> None:
        """Take a signed record's word that a number was used, and no larger one yet.

        Args:
            seq: The number, 0 for none yet.
            link: Link of that sighting.
            now: UTC in whole seconds since 1970.
        """
        self._doubt_given_up(seq, now)
        if seq == 0:
            return
        if seq > self.said_last:
            self.said_last, self.said_link = seq, link
        self._compare(seq, link, ())

    def hear_end(self, seq: int, link: bytes, now: int) -> None:
        """Take a later birth's word about how this boot ended.

        Args:
            seq: Its last number.
            link: Link of that sighting.
            now: UTC in whole seconds since 1970.
        """
        self.hear_number(seq, link, now)
        self.end_last = seq

    def hear_given_up(self, given_up: GivenUp) -> None:
        """Take a device's word that numbers will never come.

        Args:
            given_up: The numbers. One that comes nevertheless counts as received.
        """
        merged = merge_given_up([*self.given_up, given_up], self.known_last)
        if len(merged) <= MAXIMUM_GIVEN_UP:
            self.given_up = merged

    def judge(self, now: int) -> None:
        """Open gaps for what has been missing long enough, and close those that are filled.

        Args:
            now: UTC in whole seconds since 1970.
        """
        if self.end_last is not None and self.highest > self.end_last:
            self.findings.add((self.highest, Finding.BEYOND_END))
        known_last = self.known_last
        if self.suspect_at is not None and now - self.suspect_at >= SETTLE_S:
            self._open_gaps(now)
            self.suspect_at = None
        if self.suspect_at is None and self._has_hole(self.judged_last + 1, known_last):
            self.suspect_last, self.suspect_at = known_last, now
        if self.gaps:
            # Once for all of them: a broker that died can leave hundreds.
            first, last = min(map(_first, self.gaps)), max(map(_last, self.gaps))
            missing = tuple(self.missing(SequenceRange(first, last)))
            for gap in self.gaps:
                self._close_if_filled(gap, parts_within(missing, gap.range), now)

    def missing(self, within: SequenceRange) -> Iterator[SequenceRange]:
        """Find what has neither come nor been given up.

        Args:
            within: Where to look.
        """
        return holes([*self.runs, *self.given_up], within)

    def _doubt_given_up(self, seq: int, now: int) -> None:
        """Forget what was given up of numbers that were not made yet.

        A device signs that for numbers that it has used, so its next record names one at least as
        large. One that does not shows that losses to come were to be hidden.
        """
        known_last = self.known_last
        if seq < known_last:
            # An old record; it comes late, or somebody plays it again.
            return
        self.given_up = tuple(
            replace(each, last=min(each.last, known_last))
            if each.last > seq and each.heard_at + SETTLE_S <= now
            else each
            for each in self.given_up
            if each.first <= known_last or each.last <= seq or each.heard_at + SETTLE_S > now
        )

    def _compare(self, seq: int, link: bytes, arrivals: Iterable[Run]) -> None:
        """Compare a link that a record gave with the sighting's, now or when it arrives."""
        if all(not run.first <= seq <= run.last for run in self.runs):
            return
        known = next((each.last_link for each in (*self.runs, *arrivals) if each.last == seq), None)
        if known is None:
            self.doubts.append((seq, link))
        elif known != link:
            self.findings.add((seq, Finding.BROKEN_END))
        if seq == self.said_last:
            self.said_link = None

    def _open_gaps(self, now: int) -> None:
        """Make gaps of the holes that were suspected and are still there."""
        suspected = SequenceRange(self.judged_last + 1, self.suspect_last)
        found = list(islice(self.missing(suspected), _MAXIMUM_NEW_GAPS))
        if len(found) == _MAXIMUM_NEW_GAPS:
            found[-1] = SequenceRange(found[-1].first, self.suspect_last)
        self.gaps += [Gap(each.first, each.last, 0, now, request_at=now) for each in found]
        self.judged_last = self.suspect_last

    def _has_hole(self, first: int, last: int) -> bool:
        """Return whether anything is missing in a range."""
        return first <= last and any(self.missing(SequenceRange(first, last)))

    def _close_if_filled(self, gap: Gap, parts: Iterable[SequenceRange], now: int) -> None:
        """Count again what is missing of a gap."""
        missing = sum(len(each) for each in parts)
        if missing < gap.missing:
            # The device is answering: the next request is for what it leaves out.
            gap.attempts, gap.request_at = 0, now + FIRST_WAIT_S
        gap.missing = missing
        if gap.missing == 0 and gap.closed_at is None:
            gap.closed_at = now
            gap.lost = sum(len(each) for each in holes(self.runs, gap.range))


def _first(gap: Gap) -> int:
    """Return the smallest number of a gap."""
    return gap.first


def _last(gap: Gap) -> int:
    """Return the largest number of a gap."""
    return gap.last
