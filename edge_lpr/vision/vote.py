"""Votes on the readings of a track.

A single reading's confidence does not tell right from wrong (wrong ones have been published with
0.9997), agreement between frames does. So the probabilities of every character are multiplied over
the readings, large and sharp ones counting most; and what comes out must have been read so, as a
whole, more than once: characters of different readings never make a plate that nobody read.
Whether a passage is published, and when, is left to ``conclude.py``.
"""

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
    """What the readings of a track say together. No ``repr``: it would print the plate."""

    class_indices: NDArray[np.uint8]
    """Shape (n,), 0 <= n <= 12, a view of the ballots' memory; n = 0 if nothing was read."""
    agreeing_readings: int
    """How many readings say exactly this, 0 to 255."""
    agreeing_weight: float
    """What these weigh together, in large and sharp readings."""
    agreeing_share: float
    """The same as a share of the weight of all readings, in [0, 1]."""
    certainty: float
    """Probability of the least certain character by all readings of this length, in [0, 1]."""
    confidence_bucket: int
    """0 (weak) to 3 (strong)."""


def vote(ballots: Ballots) -> Verdict:
    """Combine the readings of a track, in whatever order they came.

    Args:
        ballots: Readings of one track. Not modified.

    Returns:
        What they say together, and how far they agree on it.
    """
    leader = ballots.leader()
    wanted = np.full(ballots.rows().shape[1], UNUSED_INDEX, np.uint8)
    wanted[: leader.size] = leader
    places = places_equal_to(ballots.rows(), wanted)
    wanted.fill(UNUSED_INDEX)
    weight, total = float(ballots.weights()[places].sum()), float(ballots.weights().sum())
    return Verdict(
        class_indices=leader,
        agreeing_readings=min(len(places), MAXIMUM_COUNTED),
        agreeing_weight=weight,
        agreeing_share=min(1.0, weight / total) if total else 0.0,
        certainty=ballots.certainty(),
        confidence_bucket=confidence_bucket(len(places), len(ballots)),
    )


def confidence_bucket(agreeing: int, readings: int) -> int:
    """Say in four steps how sure a verdict is.

    Args:
        agreeing: Readings that say the same.
        readings: All readings of the track, at least ``agreeing``.

    Returns:
        3 if at least 90 % and five readings agree, 2 from 75 % and three, 1 from half and two,
        else 0.
    """
    for bucket, (share, number) in zip((3, 2, 1), _BUCKETS, strict=True):
        if agreeing >= number and agreeing >= share * readings:
            return bucket
    return 0
