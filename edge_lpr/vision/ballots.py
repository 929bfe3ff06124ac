"""Keeps the readings of one track in memory that can be wiped.

Of each reading two things are kept: what it spells, and how probable it makes every character at
every place. Both lie in fixed arrays, never in objects of their own: what is voted on is
overwritten when the passage is over. What the votes mean is left to ``vote.py``.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, MIN_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.vision.contracts import UNUSED_INDEX, Reading

MAXIMUM_BALLOTS: Final = 64
"""Readings kept as they were spelled; then the oldest goes. Probabilities are summed over all."""

_LEAST_PROBABILITY: Final = 0.01
"""A network that was taught to be certain gives everything else next to nothing; without this
floor one certain error would outvote ten right readings."""

_GRAIN: Final = 1 << 20
"""Logarithms are rounded to this part of one: sums of whole numbers are the same in any order."""


_TWINS: Final = {
    PLATE_ALPHABET.index(one): PLATE_ALPHABET.index(other)
    for one, other in (b"O0", b"0O", b"I1", b"1I")
}
"""Characters of one shape, as places in the alphabet."""


class Ballots:
    """The readings of one track that have a vote, until they are settled."""

    __slots__ = ("_cast", "_indices", "_is_settled", "_leader", "_scores", "_scratch", "_weights")

    def __init__(self) -> None:
        """Start without a reading."""
        self._indices = np.full((MAXIMUM_BALLOTS, MAX_PLATE_LENGTH), UNUSED_INDEX, np.uint8)
        self._weights = np.zeros(MAXIMUM_BALLOTS, np.float64)
        shape = (MAX_PLATE_LENGTH + 1, MAX_PLATE_LENGTH, len(PLATE_ALPHABET))
        self._scores = np.zeros(shape, np.float64)
        self._scratch = np.zeros(shape[1:], np.float64)
        self._cast = 0
        self._leader: NDArray[np.uint8] = np.full(MAX_PLATE_LENGTH, UNUSED_INDEX, np.uint8)
        self._is_settled = False

    def __len__(self) -> int:
        """Return how many readings are kept."""
        return min(self._cast, MAXIMUM_BALLOTS)

    def cast(self, reading: Reading) -> None:
        """Copy a reading in.

        One that can be no plate by its length has no vote, and none has after the settlement.

        Args:
            reading: Not modified.
        """
        length = reading.class_indices.size
        if self._is_settled or not MIN_PLATE_LENGTH <= length <= MAX_PLATE_LENGTH:
            return
        place = self._cast % MAXIMUM_BALLOTS
        self._indices[place] = UNUSED_INDEX
        self._indices[place, :length] = reading.class_indices
        self._weights[place] = reading.weight
        self._add_up(reading)
        self._cast += 1
        self._choose_leader()

    def rows(self) -> NDArray[np.uint8]:
        """Return the readings, shape (n, 12), with ``UNUSED_INDEX`` behind each end; a view."""
        return self._indices[: len(self)]

    def weights(self) -> NDArray[np.float64]:
        """Return how much each reading counts, shape (n,); a view."""
        return self._weights[: len(self)]

    def leader(self) -> NDArray[np.uint8]:
        """Return what the track is most likely to read.

        Returns:
            Class indices, shape (n,), a view: what was settled, else the most probable characters
            of all readings of the length that weighs most; n = 0 if there is none.
        """
        return self._leader[: int((self._leader != UNUSED_INDEX).sum())]

    def certainty(self) -> float:
        """Return how surely the least certain character of the leader holds against its rival.

        O and 0, and I and 1, are no rivals: many countries letter them alike, and nobody can tell
        them apart then.

        Returns:
            Probability of that character where it or its strongest rival must be right, by the
            weighted geometric mean over the readings of the leader's length; 0 without a leader,
            and after the settlement.
        """
        length = self.leader().size
        weight = self._weight_of(length) if length else 0
        if weight == 0:
            return 0.0
        least = 1.0
        for place in range(length):
            scratch = self._scratch[0]
            scratch[:] = self._scores[length, place]
            chosen = int(self._leader[place])
            highest = scratch[chosen]
            scratch[[chosen, _TWINS.get(chosen, chosen)]] = -np.inf
            rival = math.exp((scratch.max() - highest) / (weight * _GRAIN))
            least = min(least, 1 / (1 + rival))
            scratch.fill(0)
        return least

    def settle(self) -> None:
        """End the vote: overwrite every reading, and keep only the leader, to compare with."""
        self._wipe_votes()
        self._is_settled = True

    def wipe(self) -> None:
        """Overwrite everything that was read."""
        self._wipe_votes()
        self._leader.fill(UNUSED_INDEX)

    def _add_up(self, reading: Reading) -> None:
        """Add a reading's logarithms, times its weight, to those of its length."""
        length = reading.class_indices.size
        scratch = self._scratch[:length]
        np.clip(reading.probabilities, _LEAST_PROBABILITY, 1, out=scratch)
        np.log(scratch, out=scratch)
        scratch *= reading.weight * _GRAIN
        np.rint(scratch, out=scratch)
        self._scores[length, :length] += scratch
        scratch.fill(0)

    def _choose_leader(self) -> None:
        """Spell the most probable characters of the length that weighs most, or the longest."""
        lengths = range(MIN_PLATE_LENGTH, MAX_PLATE_LENGTH + 1)
        length = max(lengths, key=lambda each: (self._weight_of(each), each))
        self._leader.fill(UNUSED_INDEX)
        for place in range(length):
            self._leader[place] = self._scores[length, place].argmax()

    def _weight_of(self, length: int) -> float:
        """Return how much the kept readings of one length weigh."""
        # Column by column, because a selection of rows would be a copy of them.
        ends_here = self.rows()[:, length - 1] != UNUSED_INDEX
        if length < MAX_PLATE_LENGTH:
            ends_here &= self.rows()[:, length] == UNUSED_INDEX
        # Rounded to whole numbers, so that the order of the readings does not matter.
        return float(np.rint(self.weights()[ends_here] * _GRAIN).sum()) / _GRAIN

    def _wipe_votes(self) -> None:
        """Overwrite the readings and what they add up to."""
        self._indices.fill(UNUSED_INDEX)
        self._weights.fill(0)
        self._scores.fill(0)
        self._cast = 0


def places_equal_to(rows: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> list[int]:
    """Return the places of all rows that spell the same.

    Row by row through ``memoryview``: numpy's own comparison of the whole array copies it to a
    buffer that nobody wipes (found in the memory of the live process).

    Args:
        rows: Readings, shape (n, 12). Not modified.
        wanted: What to look for, shape (12,), ``UNUSED_INDEX`` behind its end. Not modified.

    Returns:
        Places, ascending.
    """
    return [place for place, row in enumerate(rows) if row.data == wanted.data]
