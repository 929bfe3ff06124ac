"""Signed gaps on their way into the log: collected at every look, recorded by the hour.

A gap can be caused by a passage: where the outbox is full, each new sighting pushes an old one
out. So it is not recorded when it comes, but when an hour of ours is over, and what belongs
together is one entry by then. Numbers of sightings and a word about the reason are all that is
said. A publisher that wants gaps signed all day fills a list of fixed length, and sums go on.
"""

from dataclasses import dataclass, field
from typing import Final

from edge_lpr.audit.entry import Details, Entry
from edge_lpr.core.clock import Clock
from edge_lpr.core.told_to_audit import Told, ToldGap

GAP: Final = "gap"
"""Event of sightings that will never come, in numbers that follow each other."""

GAPS: Final = "gaps"
"""Event that sums up an hour's gaps, and says up to which they are recorded."""

MOST_OF_AN_HOUR: Final = 24
"""Entries; more are in the sums alone."""

HOUR_NS: Final = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class GapHour:
    """What is to be recorded of an hour."""

    listed: tuple[Details, ...]
    """About each run of numbers, in the order in which they were signed."""
    sums: Details
    """About all of them: ``signed`` gaps, ``not_listed`` ones among them, and where to go on."""


@dataclass(slots=True)
class _Run:
    """Gaps that follow each other."""

    gap: ToldGap
    last: int


@dataclass(slots=True)
class GapBook:
    """Knows which gaps are not recorded yet."""

    clock: Clock
    """Its monotonic time cuts the hours."""
    _hour_ns: int = field(init=False)
    _start: str = ""
    _heard: int = 0
    _runs: list[_Run] = field(default_factory=list)
    _signed: int = 0
    _not_listed: int = 0

    def __post_init__(self) -> None:
        """Begin an hour."""
        self._hour_ns = self.clock.monotonic_ns()

    def resume(self, sums: Entry | None) -> None:
        """Go on behind what the newest ``GAPS`` entry says is recorded.

        Args:
            sums: That entry, if there is one.
        """
        if sums is not None:
            start, upto = sums.details.get("start"), sums.details.get("upto")
            if isinstance(start, str) and isinstance(upto, int):
                self._start, self._heard = start, upto

    def hear(self, told: Told) -> None:
        """Take in the gaps that are new.

        Args:
            told: What the tokeniser tells, in bounds but its own word.
        """
        if told.start != self._start:
            self._start, self._heard = told.start, 0
        new = [gap for gap in told.gaps if gap.number > self._heard]
        signed = max(told.gaps_signed - self._heard, 0)
        self._signed += signed
        # What came between two looks and is told no more.
        self._not_listed += max(signed - len(new), 0)
        for gap in new:
            self._add(gap)
        self._heard = max(self._heard, told.gaps_signed)

    def hour_that_is_over(self) -> GapHour | None:
        """Return what is to be recorded, ``None`` while an hour lasts, or if there is nothing."""
        now_ns = self.clock.monotonic_ns()
        if now_ns - self._hour_ns < HOUR_NS:
            return None
        if not self._signed:
            self._hour_ns += (now_ns - self._hour_ns) // HOUR_NS * HOUR_NS
            return None
        return GapHour(
            tuple(
                {
                    "boot": run.gap.boot,
                    "first": run.gap.first,
                    "last": run.last,
                    "reason": run.gap.reason,
                }
                for run in self._runs
            ),
            {
                "signed": self._signed,
                "not_listed": self._not_listed,
                "start": self._start,
                "upto": self._heard,
            },
        )

    def recorded(self) -> None:
        """Take what ``hour_that_is_over`` returned for recorded, and begin the next hour."""
        now_ns = self.clock.monotonic_ns()
        self._hour_ns += (now_ns - self._hour_ns) // HOUR_NS * HOUR_NS
        self._runs, self._signed, self._not_listed = [], 0, 0

    def _add(self, gap: ToldGap) -> None:
        """Put a gap to the run that it goes on, or begin another one where there is room."""
        for run in self._runs:
            if (run.gap.boot, run.gap.reason, run.last + 1) == (gap.boot, gap.reason, gap.first):
                run.last = gap.last
                return
        if len(self._runs) < MOST_OF_AN_HOUR:
            self._runs.append(_Run(gap, gap.last))
        else:
            self._not_listed += 1
