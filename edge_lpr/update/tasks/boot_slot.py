"""For RAUC: which slot is started, and which one shall be."""

from argparse import Namespace

from edge_lpr.update.backend import answer
from edge_lpr.update.booth import say, this_booth


def run(options: Namespace) -> int:
    """Answer RAUC.

    Args:
        options: RAUC's ``words``.

    Returns:
        0.
    """
    text = answer(this_booth().slots, options.words)
    if text:
        say(text)
    return 0
