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
    """The readings of one track that have a vote."""

    __slots__ = ("_cast", "_certainties", "_indices")

    def __init__(self) -> None:
        """Start without a reading."""
        self._indices = np.full((MAXIMUM_BALLOTS, MAX_PLATE_LENGTH), UNUSED_INDEX, np.uint8)
        self._certainties = np.zeros(MAXIMUM_BALLOTS, np.float64)
        self._cast = 0

    def __len__(self) -> int:
        """Return how many readings are kept."""
        return min(self._cast, MAXIMUM_BALLOTS)

    def cast(self, reading: Reading) -> None:
        """Copy a reading in; one that can be no plate by its length has no vote.

        Args:
            reading: Not modified.
        """
        length = reading.class_indices.size
        if not MIN_PLATE_LENGTH <= length <= MAX_PLATE_LENGTH:
            return
        place = self._cast % MAXIMUM_BALLOTS
        self._indices[place] = UNUSED_INDEX
        self._indices[place, :length] = reading.class_indices
        self._certainties[place] = float(reading.confidences.min())
        self._cast += 1

    def rows(self) -> NDArray[np.uint8]:
        """Return the readings, shape (n, 12), with ``UNUSED_INDEX`` behind each end; a view."""
        return self._indices[: len(self)]

    def certainties(self) -> NDArray[np.float64]:
        """Return the confidence of each reading's least certain character, shape (n,); a view."""
        return self._certainties[: len(self)]

    def latest(self) -> NDArray[np.uint8]:
        """Return the class indices of the newest reading, shape (n,), a view; n = 0 if none."""
        row: NDArray[np.uint8] = self._indices[(self._cast - 1) % MAXIMUM_BALLOTS]
        return row[: int((row != UNUSED_INDEX).sum())]

    def keep_latest(self) -> None:
        """Overwrite every reading but the newest, which then stands alone."""
        if self._cast == 0:
            return
        newest = (self._cast - 1) % MAXIMUM_BALLOTS
        self._indices[0] = self._indices[newest]
        self._certainties[0] = self._certainties[newest]
        self._indices[1:] = UNUSED_INDEX
        self._certainties[1:] = 0
        self._cast = 1

    def wipe(self) -> None:
        """Overwrite every reading and start anew."""
        self._indices.fill(UNUSED_INDEX)
        self._certainties.fill(0)
        self._cast = 0
