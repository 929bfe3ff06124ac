"""Makes a reading of the output of a CTC network."""

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH
from edge_lpr.vision.contracts import Reading, empty_reading


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
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    path = probabilities.argmax(axis=1)
    is_start = np.concatenate([[True], path[1:] != path[:-1]])
    starts = np.flatnonzero(is_start)
    best = np.maximum.reduceat(probabilities.max(axis=1), starts)
    is_character = path[starts] > 0
    class_indices = (path[starts][is_character] - 1).astype(np.uint8)
    if class_indices.size > MAX_PLATE_LENGTH:
        return empty_reading()
    return Reading(class_indices, best[is_character].astype(np.float32))
