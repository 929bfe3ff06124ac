"""Makes a reading of the output of a CTC network."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH
from edge_lpr.vision.contracts import Reading, empty_reading

BLANK: Final = 0
"""Class that stands for "no character here"."""


def decode_ctc(logits: NDArray[np.float32]) -> Reading:
    """Take the likeliest class of each step, join runs, and drop blanks.

    A character's confidence is the highest probability within its run: a character that is wide
    on the plate is unsure at its edges only.

    Args:
        logits: Output of the network for one plate, shape (T, 37), float32; class 0 is the
            blank, class i is index i - 1 of ``PLATE_ALPHABET``. Not modified.

    Returns:
        The reading, in memory of its own; empty where the network saw no text, more than twelve
        characters (cut to twelve it would be another vehicle's plate), or no numbers at all.

    Source:
        Best path decoding: A. Graves et al., "Connectionist Temporal Classification", ICML 2006,
        section 3.2.
    """
    if not np.isfinite(logits).all():
        return empty_reading()
    path = logits.argmax(axis=1)
    surest = _surest_probabilities(logits)
    # Step by step, because numpy's selections would leave copies of the plate in freed memory.
    characters: list[int] = []
    confidences: list[float] = []
    for step, label in enumerate(path):
        is_new = step == 0 or label != path[step - 1]
        if label != BLANK and is_new:
            characters.append(int(label) - 1)
            confidences.append(float(surest[step]))
        elif label != BLANK:
            confidences[-1] = max(confidences[-1], float(surest[step]))
    path.fill(0)
    if len(characters) > MAX_PLATE_LENGTH:
        return empty_reading()
    return Reading(np.array(characters, np.uint8), np.array(confidences, np.float32))


def _surest_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax probability of the likeliest class of each step, shape (T,)."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float32] = 1 / exponentials.sum(axis=1)
    exponentials.fill(0)
    return probabilities
