"""Compares two readings without making text of them."""

import numpy as np
from numpy.typing import NDArray


def edit_distance(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> int:
    """Count the characters to insert, drop or change to make one reading of the other.

    Args:
        one: Class indices, shape (n,), n <= 12. Not modified.
        two: Class indices, shape (m,), m <= 12. Not modified.

    Returns:
        Distance, from 0 to the length of the longer one.

    Source:
        V. Levenshtein, "Binary codes capable of correcting deletions, insertions and reversals",
        1966, by the usual two-row table.
    """
    above = list(range(two.size + 1))
    for row in range(one.size):
        current = [row + 1]
        for column in range(two.size):
            changed = above[column] + int(one[row] != two[column])
            current.append(min(changed, above[column + 1] + 1, current[column] + 1))
        above = current
    return above[-1]
