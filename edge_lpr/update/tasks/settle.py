"""For an ordinary start: write down how the last update has ended, and say it in the journal."""

from argparse import Namespace

from edge_lpr.update.booth import say
from edge_lpr.update.records import UpdateRecords
from edge_lpr.update.running import read_running_image
from edge_lpr.update.settling import settle


def run(_: Namespace) -> int:
    """Write it down.

    Returns:
        0.
    """
    attempt = settle(read_running_image(), UpdateRecords())
    if attempt is not None:
        say(attempt.sentence())
    return 0
