"""Votes on the readings of a track.

A single reading's confidence does not tell right from wrong (wrong ones have been published with
0.9997), agreement between frames does: so the reading that most frames agree on wins whole, and
characters of different readings are never mixed into a plate that nobody read. Whether a passage
is published again is left to ``conclude.py``.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.ballots import Ballots, places_equal_to
from edge_lpr.vision.contracts import UNUSED_INDEX

MAXIMUM_COUNTED: Final = 255
"""Agreeing readings are reported up to here: the message has one byte for them."""

_BUCKETS: Final = ((0.9, 5), (0.75, 3), (0.5, 2))
"""Share of the readings and number of readings that must agree for bucket 3, 2 and 1."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Verdict:
    """What the readings of a track agree on. No ``repr``: it would print the plate."""

    class_indices: NDArray[np.uint8]
    """Shape (n,), 2 <= n <= 12, in memory of its own; the caller wipes it."""
    agreeing_readings: int
    """How many readings say exactly this."""
    confidence_bucket: int
    """0 (weak) to 3 (strong)."""


def vote(ballots: Ballots, agreeing_readings: int) -> Verdict | None:
    """Choose the reading that most frames agree on.

    The order of the readings does not matter. Between two with equally many votes the one read
    with more confidence wins, and between equally confident ones the one that sorts first.

    Args:
        ballots: Readings of one track. Not modified.
        agreeing_readings: How many must be equal, at least 1.

    Returns:
        The verdict, or None while too few readings agree.
    """
    if len(ballots) == 0:
        return None
    rows = ballots.rows()
    winner = max(range(len(rows)), key=lambda place: _support(ballots, place))
    agreeing = len(places_equal_to(rows, winner))
    if agreeing < agreeing_readings:
        return None
    length = int((rows[winner] != UNUSED_INDEX).sum())
    return Verdict(
        rows[winner, :length].copy(),
        min(agreeing, MAXIMUM_COUNTED),
        confidence_bucket(agreeing, len(rows)),
    )


def confidence_bucket(agreeing: int, readings: int) -> int:
    """Say in four steps how sure a verdict is.

    Args:
        agreeing: Readings that say the same, at least 1.
        readings: All readings of the track, at least ``agreeing``.

    Returns:
        3 if at least 90 % and five readings agree, 2 from 75 % and three, 1 from half and two,
        else 0.
    """
    for bucket, (share, number) in zip((3, 2, 1), _BUCKETS, strict=True):
        if agreeing >= number and agreeing >= share * readings:
            return bucket
    return 0


def _support(ballots: Ballots, place: int) -> tuple[int, float, list[int]]:
    """Return how strongly a reading is supported, to be compared with others."""
    rows = ballots.rows()
    agreeing = places_equal_to(rows, place)
    # fsum, because the order of an ordinary sum of floats would show in its last digits.
    certainty = math.fsum(ballots.certainties()[agreeing])
    return len(agreeing), certainty, [-index for index in rows[place].tolist()]
