"""Makes a reading of the output of a CTC network."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.vision.contracts import Reading, empty_reading

BLANK: Final = 0
"""Class that stands for "no character here"."""


def decode_ctc(logits: NDArray[np.float32]) -> Reading:
    """Take the likeliest class of each step, join runs, and drop blanks.

    A character's probabilities are those of the surest step within its run: a character that is
    wide on the plate is unsure at its edges only.

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
    steps = _steps_of_characters(logits)
    if len(steps) > MAX_PLATE_LENGTH:
        return empty_reading()
    # Row by row, because numpy's selections would leave copies of the plate in freed memory.
    reading = Reading(
        np.empty(len(steps), np.uint8), np.empty((len(steps), len(PLATE_ALPHABET)), np.float32)
    )
    for place, step in enumerate(steps):
        exponentials = np.exp(logits[step] - logits[step].max())
        np.divide(exponentials[1:], exponentials.sum(), out=reading.probabilities[place])
        reading.class_indices[place] = exponentials[1:].argmax()
        exponentials.fill(0)
    return reading


def _steps_of_characters(logits: NDArray[np.float32]) -> list[int]:
    """Return for each run of one class that is no blank the step that is surest of it."""
    path = logits.argmax(axis=1)
    surest = _surest_probabilities(logits)
    steps: list[int] = []
    for step, label in enumerate(path):
        if label == BLANK:
            continue
        if step == 0 or label != path[step - 1]:
            steps.append(step)
        elif surest[step] > surest[steps[-1]]:
            steps[-1] = step
    path.fill(0)
    return steps


def _surest_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax probability of the likeliest class of each step, shape (T,)."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float32] = 1 / exponentials.sum(axis=1)
    exponentials.fill(0)
    return probabilities
