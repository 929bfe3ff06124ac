"""One word for what happens now and then in a drawing."""

import numpy as np


def happens(share: float, rng: np.random.Generator) -> bool:
    """Decide whether something happens this time.

    Args:
        share: How often it does, 0 to 1.
        rng: Where the randomness comes from; one number is always drawn.

    Returns:
        Whether it does.
    """
    return bool(rng.random() < share)
