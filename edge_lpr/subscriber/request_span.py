"""Which numbers go into one request for what is missing."""

from collections.abc import Iterable
from typing import Final

from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire.request import MAXIMUM_REQUESTED

WORTH_REPEATING: Final = 100
"""Received sightings between two gaps that are asked for again: they come twice and change nothing,
and the next request to a booth must wait ten seconds."""


def first_request(missing: Iterable[SequenceRange]) -> SequenceRange:
    """Return the first numbers to ask for, with what is missing near behind them.

    Args:
        missing: Ascending and apart, at least one; not read beyond the first that is too far away.

    Returns:
        At most ``MAXIMUM_REQUESTED`` numbers.
    """
    ranges = iter(missing)
    piece = next(ranges)
    last = piece.last
    for following in ranges:
        if following.first - last - 1 > WORTH_REPEATING:
            break
        last = following.last
    return SequenceRange(piece.first, min(last, piece.first + MAXIMUM_REQUESTED - 1))
