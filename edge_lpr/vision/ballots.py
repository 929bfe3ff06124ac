"""Keeps the readings of one track in memory that can be wiped.

Readings are class indices in one fixed array, never objects of their own: what is voted on is
overwritten when the passage is over. What the votes mean is left to ``vote.py``.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, MIN_PLATE_LENGTH
from edge_lpr.vision.contracts import UNUSED_INDEX, Reading

MAXIMUM_BALLOTS: Final = 64
"""Readings kept of a track; then the oldest goes. Two seconds at 30 frames a second fit."""


class Ballots:
    """The readings of one track that have a vote, until they are settled."""

    __slots__ = ("_cast", "_certainties", "_indices", "_is_settled", "_leader", "_leader_votes")

    def __init__(self) -> None:
        """Start without a reading."""
        self._indices = np.full((MAXIMUM_BALLOTS, MAX_PLATE_LENGTH), UNUSED_INDEX, np.uint8)
        self._certainties = np.zeros(MAXIMUM_BALLOTS, np.float64)
        self._cast = 0
        self._leader: NDArray[np.uint8] = np.full(MAX_PLATE_LENGTH, UNUSED_INDEX, np.uint8)
        self._leader_votes = 0
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
        self._certainties[place] = float(reading.confidences.min())
        self._cast += 1
        votes = len(places_equal_to(self.rows(), place))
        if votes >= self._leader_votes:
            self._leader[:] = self._indices[place]
            self._leader_votes = votes

    def rows(self) -> NDArray[np.uint8]:
        """Return the readings, shape (n, 12), with ``UNUSED_INDEX`` behind each end; a view."""
        return self._indices[: len(self)]

    def certainties(self) -> NDArray[np.float64]:
        """Return the confidence of each reading's least certain character, shape (n,); a view."""
        return self._certainties[: len(self)]

    def leader(self) -> NDArray[np.uint8]:
        """Return what the track is most likely to read, to tell other vehicles' plates by.

        Returns:
            Class indices, shape (n,), a view: what was settled, else the reading with most
            votes, the newest among equals; n = 0 if there is none.
        """
        return self._leader[: int((self._leader != UNUSED_INDEX).sum())]

    def settle(self, class_indices: NDArray[np.uint8]) -> None:
        """End the vote: overwrite every reading, and keep only what was agreed.

        Args:
            class_indices: The consensus, shape (n,). Copied, not modified.
        """
        self.wipe()
        self._leader[: class_indices.size] = class_indices
        self._is_settled = True

    def wipe(self) -> None:
        """Overwrite everything that was read."""
        self._indices.fill(UNUSED_INDEX)
        self._certainties.fill(0)
        self._cast = 0
        self._leader.fill(UNUSED_INDEX)
        self._leader_votes = 0


def places_equal_to(rows: NDArray[np.uint8], place: int) -> list[int]:
    """Return the places of all rows that are equal to one of them.

    Row by row through ``memoryview``: numpy's own comparison of the whole array copies it to a
    buffer that nobody wipes (found in the memory of the live process).

    Args:
        rows: Readings, shape (n, 12). Not modified.
        place: Which of them to look for.

    Returns:
        Places, ascending, ``place`` among them.
    """
    wanted = rows[place].data
    return [other for other, row in enumerate(rows) if row.data == wanted]
