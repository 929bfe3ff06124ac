"""How far the reader's probabilities can be believed, character by character."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.training.measures import PlateOutcome, Proportion, fold_shapes

BINS: Final = 15
"""Bins of equal width over [0, 1], as the source has them."""


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """Characters of about the same probability."""

    mean_confidence: float
    """Mean of their probabilities."""
    right: Proportion
    """Those that are right, of all in the bin."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Probabilities of characters against how often they are right."""

    bins: tuple[ConfidenceBin, ...]
    """The bins that are not empty, least probable first."""

    @property
    def expected_error(self) -> float:
        """Mean distance of probability and share of right ones, weighted by characters.

        Returns:
            Expected calibration error, in [0, 1]; 0 without a character.

        Source:
            Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3.
        """
        total = sum(b.right.total for b in self.bins)
        gaps = (b.right.total * abs(b.mean_confidence - b.right.share) for b in self.bins)
        return sum(gaps) / total if total else 0.0


def calibrate(outcomes: Iterable[PlateOutcome]) -> Calibration:
    """Compare the probabilities of characters with the labels.

    Args:
        outcomes: Plates; those without a label or a reading are left out. O = 0 and I = 1 count
            as equal: whether a label writes one or the other says nothing about the reader.

    Returns:
        The bins.
    """
    confidences: list[float] = []
    rights: list[bool] = []
    for outcome in outcomes:
        if outcome.label is not None:
            confidences += outcome.confidences
            rights += right_characters(fold_shapes(outcome.reading), fold_shapes(outcome.label))
    return _binned(np.array(confidences), np.array(rights, bool))


def right_characters(reading: str, label: str) -> list[bool]:
    """Tell which characters of a reading are right, wherever they stand.

    Args:
        reading: What was read.
        label: What the plate says.

    Returns:
        For each character of the reading, whether it is kept when the reading is turned into the
        label by the fewest changes.
    """
    rows, columns = len(reading), len(label)
    costs = np.zeros((rows + 1, columns + 1), int)
    costs[:, 0], costs[0, :] = np.arange(rows + 1), np.arange(columns + 1)
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            replaced = costs[row - 1, column - 1] + (reading[row - 1] != label[column - 1])
            costs[row, column] = min(
                replaced, costs[row - 1, column] + 1, costs[row, column - 1] + 1
            )
    right = [False] * rows
    row, column = rows, columns
    while row and column:
        differs = reading[row - 1] != label[column - 1]
        if costs[row, column] == costs[row - 1, column - 1] + differs:
            row, column = row - 1, column - 1
            right[row] = not differs
        elif costs[row, column] == costs[row - 1, column] + 1:
            row -= 1
        else:
            column -= 1
    return right


def _binned(confidences: NDArray[np.float64], rights: NDArray[np.bool_]) -> Calibration:
    """Sort characters into bins."""
    places = np.minimum((confidences * BINS).astype(int), BINS - 1)
    bins = []
    for place in range(BINS):
        inside = places == place
        count = int(inside.sum())
        if count:
            right = Proportion(int(rights[inside].sum()), count)
            bins.append(ConfidenceBin(float(confidences[inside].mean()), right))
    return Calibration(tuple(bins))
