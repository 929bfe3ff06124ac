"""Turns plate texts into CTC classes and scores back into classes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, MIN_PLATE_LENGTH, PLATE_ALPHABET

BLANK: Final = 0
"""CTC's blank; class i is the alphabet's character i - 1."""

_CLASS_OF: Final = {chr(code): index for index, code in enumerate(PLATE_ALPHABET, start=1)}
_FOLD: Final = np.arange(len(PLATE_ALPHABET) + 1, dtype=np.uint8)
_FOLD[[_CLASS_OF["O"], _CLASS_OF["I"]]] = _CLASS_OF["0"], _CLASS_OF["1"]


def encode_text(text: str) -> NDArray[np.uint8] | None:
    """Turn a label into CTC classes.

    Args:
        text: A-Z0-9.

    Returns:
        Classes 1 to 36; ``None`` for what is no plate by its length or characters.
    """
    classes = [_CLASS_OF.get(character, BLANK) for character in text]
    if BLANK in classes or not MIN_PLATE_LENGTH <= len(classes) <= MAX_PLATE_LENGTH:
        return None
    return np.array(classes, np.uint8)


def decode_logits(logits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Read CTC scores greedily.

    Args:
        logits: Scores of the classes at every time step, shape (T, 37).

    Returns:
        Classes 1 to 36 in order.
    """
    best = logits.argmax(axis=1).astype(np.uint8)
    starts = np.diff(best, prepend=np.uint8(BLANK)) != 0
    read: NDArray[np.uint8] = best[starts & (best != BLANK)]
    return read


def fold_classes(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make O and 0, and I and 1, the same class.

    Args:
        classes: CTC classes of a text.

    Returns:
        Folded classes, in memory of their own.
    """
    folded: NDArray[np.uint8] = _FOLD[classes]
    return folded
