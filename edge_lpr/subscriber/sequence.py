"""Ranges of consecutive numbers, and lists of them that stay short."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SequenceRange:
    """Consecutive numbers, both ends included."""

    first: int
    """Smallest number."""
    last: int
    """Largest number."""

    def __contains__(self, seq: int) -> bool:
        return self.first <= seq <= self.last

    def __len__(self) -> int:
        return self.last - self.first + 1


class RangeList:
    """Numbers as ranges, ascending, in bounded memory: beyond a limit neighbours are joined."""

    def __init__(self, maximum: int) -> None:
        """Begin empty.

        Args:
            maximum: Most ranges, at least 1. The two smallest are joined beyond it, and then
                contain numbers that nobody put in.
        """
        self._maximum = maximum
        self._ranges: list[SequenceRange] = []

    def __contains__(self, seq: int) -> bool:
        return any(seq in each for each in self._ranges)

    def ranges(self) -> tuple[SequenceRange, ...]:
        """Return the ranges, ascending."""
        return tuple(self._ranges)

    def add(self, added: SequenceRange) -> None:
        """Put numbers in.

        Args:
            added: May overlap with what is there.
        """
        apart = [each for each in self._ranges if not _touches(each, added)]
        touching = [each for each in self._ranges if _touches(each, added)]
        joined = SequenceRange(
            min([added.first, *(each.first for each in touching)]),
            max([added.last, *(each.last for each in touching)]),
        )
        self._ranges = sorted([*apart, joined], key=lambda each: each.first)
        if len(self._ranges) > self._maximum:
            self._ranges[:2] = [SequenceRange(self._ranges[0].first, self._ranges[1].last)]

    def remove(self, removed: SequenceRange) -> tuple[SequenceRange, ...]:
        """Take numbers out.

        Args:
            removed: May hold numbers that are not there.

        Returns:
            Those that were there.
        """
        common = tuple(
            SequenceRange(max(each.first, removed.first), min(each.last, removed.last))
            for each in self._ranges
            if each.first <= removed.last and removed.first <= each.last
        )
        self._ranges = [part for each in self._ranges for part in _without(each, removed)]
        while len(self._ranges) > self._maximum:
            self._ranges[:2] = [SequenceRange(self._ranges[0].first, self._ranges[1].last)]
        return common


def _touches(one: SequenceRange, other: SequenceRange) -> bool:
    """Return whether two ranges overlap or follow upon each other."""
    return one.first <= other.last + 1 and other.first <= one.last + 1


def _without(kept: SequenceRange, removed: SequenceRange) -> list[SequenceRange]:
    """Return what is left of a range when another one is taken out of it."""
    parts = (
        SequenceRange(kept.first, min(kept.last, removed.first - 1)),
        SequenceRange(max(kept.first, removed.last + 1), kept.last),
    )
    return [part for part in parts if part.first <= part.last]
