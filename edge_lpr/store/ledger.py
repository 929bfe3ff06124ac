"""Which numbers of a boot were received, as runs; and whether the chain holds where runs meet.

Rules only, no database. A run of consecutive numbers is kept as its two ends with the two links
at which it can meet another run, so that the ledger of a boot is one row while nothing is missing,
however many sightings there were, and outlives their retention.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge

from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire.sighting import FIRST_PREV


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive numbers that were received."""

    first: int
    """Smallest number."""
    last: int
    """Largest number."""
    first_prev: bytes
    """``prev`` of the first: the link of the sighting before it."""
    last_link: bytes
    """``sighting_hash`` of the last: the ``prev`` of the sighting after it."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Numbers that will never come, on a device's signed word."""

    first: int
    """Smallest number."""
    last: int
    """Largest number."""
    reason: str
    """Why, in the contract's word."""
    heard_at: int
    """When it was heard, UTC in whole seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What arrivals have made of the runs of a boot."""

    runs: tuple[Run, ...]
    """All runs, ascending; no two of them touch."""
    again: tuple[int, ...]
    """Numbers that had been received before: another sighting has the same, or the ledger was
    told of one twice. Only a look at the sightings tells."""
    broken: tuple[int, ...]
    """Numbers whose ``prev`` is not the link of the sighting before them."""


def merge_arrivals(runs: Sequence[Run], arrivals: Iterable[Run]) -> Merged:
    """Put newly received numbers into the runs of a boot.

    Where the chain does not hold the runs are joined nevertheless: the numbers were received, and
    that they do not fit is said once, when the second of the two arrives.

    Args:
        runs: Ascending; no two touch.
        arrivals: One for each sighting, in any order.

    Returns:
        The runs as they are now, and what does not fit.
    """
    merged: list[Run] = []
    again: list[int] = []
    broken: list[int] = []
    for piece in merge(runs, sorted(arrivals, key=_first), key=_first):
        if piece.first == 1 and piece.first_prev != FIRST_PREV:
            broken.append(1)
        before = merged[-1] if merged else None
        if before is None or piece.first > before.last + 1:
            merged.append(piece)
        elif piece.first <= before.last:
            again.append(piece.first)
        else:
            if piece.first_prev != before.last_link:
                broken.append(piece.first)
            merged[-1] = Run(before.first, piece.last, before.first_prev, piece.last_link)
    return Merged(tuple(merged), tuple(again), tuple(broken))


def merge_given_up(given_up: Iterable[GivenUp], known_last: int) -> tuple[GivenUp, ...]:
    """Join what devices have given up where it touches or overlaps.

    Args:
        given_up: In any order.
        known_last: What reaches beyond it stays apart, because it may turn out to be untrue.

    Returns:
        Ascending.
    """
    merged: list[GivenUp] = []
    apart: list[GivenUp] = []
    for each in sorted(dict.fromkeys(given_up), key=_first):
        before = merged[-1] if merged else None
        if each.last > known_last:
            apart.append(each)
        elif before is None or each.first > before.last + 1:
            merged.append(each)
        else:
            merged[-1] = replace(before, last=max(before.last, each.last))
    return tuple(sorted([*merged, *apart], key=_first))


def holes(
    covered: Iterable[SequenceRange | Run | GivenUp], within: SequenceRange
) -> Iterator[SequenceRange]:
    """Find numbers that nothing covers.

    Args:
        covered: Runs and ranges in any order; they may overlap.
        within: Where to look; may be empty.

    Yields:
        What is not covered, ascending.
    """
    next_number = within.first
    for each in sorted(covered, key=_first):
        if each.first > within.last:
            break
        if each.first > next_number:
            yield SequenceRange(next_number, each.first - 1)
        next_number = max(next_number, each.last + 1)
    if next_number <= within.last:
        yield SequenceRange(next_number, within.last)


def parts_within(
    ascending: Sequence[SequenceRange], within: SequenceRange
) -> Iterator[SequenceRange]:
    """Find what lies in a range, without looking at what lies before it.

    Args:
        ascending: Ranges, the smallest first; they do not overlap.
        within: Where to look.

    Yields:
        The parts inside, ascending.
    """
    for place in range(bisect_left(ascending, within.first, key=_last), len(ascending)):
        each = ascending[place]
        if each.first > within.last:
            return
        yield SequenceRange(max(each.first, within.first), min(each.last, within.last))


def _last(each: SequenceRange) -> int:
    """Return the largest number of a range."""
    return each.last


def _first(each: SequenceRange | Run | GivenUp) -> int:
    """Return the smallest number of a range."""
    return each.first
