"""Which system runs, and how the last update went."""

import json
from argparse import Namespace

from edge_lpr.update.booth import say, this_booth


def run(options: Namespace) -> int:
    """Say it.

    Args:
        options: Whether in ``json``.

    Returns:
        0.
    """
    booth = this_booth()
    attempt, is_trial = booth.records.attempt(), booth.slots.is_trial()
    if options.json:
        facts = {
            "version": str(booth.image.version),
            "board": booth.image.board,
            "slot": booth.slots.current(),
            "is_trial": is_trial,
            "last_update": None if attempt is None else attempt.model_dump(mode="json"),
        }
        say(json.dumps(facts))
        return 0
    say(f"{booth.image.version} on slot {booth.slots.current()}{', on trial' * is_trial}")
    if attempt is not None:
        say(attempt.sentence())
    return 0
