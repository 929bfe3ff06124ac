"""The arithmetic of the figures: intervals, edit distances, folding, and who found which plate.

Names and definitions are the glossary's; nothing here reads a file or a picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.tokens.canonical import fold_into
from edge_lpr.vision.geometry import intersection_over_union

MATCH_IOU: Final = 0.5
"""Overlap from which a detection stands for a labelled plate."""

NORMAL_95: Final = 1.959964
"""Two-sided 95 % point of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many."""

    hits: int
    """How many fulfil it."""
    total: int
    """Of how many."""

    @property
    def share(self) -> float:
        """Share of hits; 0 of an empty total."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Bound the true share from both sides with 95 % confidence.

        Returns:
            Lower and upper bound, in [0, 1]; everything is possible of an empty total.

        Source:
            Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
        """
        if not self.total:
            return 0.0, 1.0
        z2, n, p = NORMAL_95**2, self.total, min(1.0, self.share)
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        reach = NORMAL_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True, slots=True)
class PlateOutcome:
    """What became of one labelled plate."""

    table: str
    """Collection it comes from."""
    width_px: float
    """Width of its box in the stored picture, or of the crop."""
    label: str | None
    """Its true text; None where nobody could read it."""
    is_detected: bool
    """True if a detection overlaps it by ``MATCH_IOU``; always true for crops."""
    reading: str
    """What was read; empty if nothing was."""
    confidences: tuple[float, ...] = ()
    """Probability of each character that was read."""
    region: str | None = None
    """Country, with a state where known."""
    image: str = ""
    """Path of its picture."""


def edit_distance(one: Sequence[object], two: Sequence[object]) -> int:
    """Count the insertions, deletions and replacements that turn one sequence into the other.

    Args:
        one: A sequence, such as a text.
        two: Another.

    Returns:
        The least number of single-element changes.

    Source:
        Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals",
        1966; by the usual table, one row at a time.
    """
    previous = list(range(len(two) + 1))
    for row, left in enumerate(one, start=1):
        current = [row]
        for column, right in enumerate(two, start=1):
            replaced = previous[column - 1] + (left != right)
            current.append(min(previous[column] + 1, current[column - 1] + 1, replaced))
        previous = current
    return previous[-1]


def match_boxes(
    found_xyxy: Sequence[NDArray[np.float32]],
    labelled_xyxy: Sequence[NDArray[np.float32]],
    *,
    minimum_iou: float = MATCH_IOU,
) -> dict[int, int]:
    """Pair boxes one to one, best overlap first.

    Args:
        found_xyxy: Boxes, shape (4,) each.
        labelled_xyxy: Other boxes, shape (4,) each.
        minimum_iou: Least overlap of a pair.

    Returns:
        For each paired found box the index of its labelled box.
    """
    overlaps = [
        (intersection_over_union(found, labelled), found_index, labelled_index)
        for found_index, found in enumerate(found_xyxy)
        for labelled_index, labelled in enumerate(labelled_xyxy)
    ]
    pairs: dict[int, int] = {}
    for overlap, found_index, labelled_index in sorted(overlaps, key=lambda item: -item[0]):
        if overlap < minimum_iou:
            break
        if found_index not in pairs and labelled_index not in pairs.values():
            pairs[found_index] = labelled_index
    return pairs


def fold_shapes(text: str) -> str:
    """Make O and 0, and I and 1, the same: many countries' plates and labels do.

    Args:
        text: A-Z0-9.

    Returns:
        The text with digits for O and I.
    """
    return text.replace("O", "0").replace("I", "1")


def fold_token(text: str) -> str:
    """Fold a text as the fold token does, six classes of look-alikes.

    Args:
        text: A-Z0-9.

    Returns:
        The folded text.
    """
    folded = bytearray(len(text))
    fold_into(text.encode("ascii"), folded)
    return folded.decode("ascii")


def reading_measures(outcomes: Sequence[PlateOutcome]) -> dict[str, Proportion]:
    """Compute the measures of reading over the plates that have a text.

    Args:
        outcomes: Plates; those without a label are left out.

    Returns:
        ``detection_recall``, ``exact``, ``exact_folded``, ``fold_token`` over plates, and
        ``character_error`` over characters, of which a plate not found has lost all.
    """
    pairs = [(o.label, o.reading, o.is_detected) for o in outcomes if o.label is not None]
    count = len(pairs)
    errors = sum(edit_distance(reading, label) for label, reading, _ in pairs)
    length = sum(len(label) for label, _, _ in pairs)
    folded = sum(fold_shapes(reading) == fold_shapes(label) for label, reading, _ in pairs)
    by_token = sum(fold_token(reading) == fold_token(label) for label, reading, _ in pairs)
    return {
        "detection_recall": Proportion(sum(is_found for _, _, is_found in pairs), count),
        "exact": Proportion(sum(reading == label for label, reading, _ in pairs), count),
        "exact_folded": Proportion(folded, count),
        "fold_token": Proportion(by_token, count),
        "character_error": Proportion(errors, length),
    }
