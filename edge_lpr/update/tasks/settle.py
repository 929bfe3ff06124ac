"""For an ordinary start: write down and say how the last update has ended; clean up after it."""

import contextlib
from argparse import Namespace

from edge_lpr.core.errors import UpdateError
from edge_lpr.update.booth import say
from edge_lpr.update.installing import WAITING_BUNDLE, alone
from edge_lpr.update.records import UpdateRecords
from edge_lpr.update.running import read_running_image
from edge_lpr.update.settling import settle


def run(_: Namespace) -> int:
    """Write it down, and remove what a power cut has left.

    Returns:
        0.
    """
    attempt = settle(read_running_image(), UpdateRecords())
    if attempt is not None:
        say(attempt.sentence())
    # A power cut has left a bundle there, and it takes the next one's room. One that is being
    # installed at this moment stays.
    with contextlib.suppress(UpdateError), alone():
        WAITING_BUNDLE.unlink(missing_ok=True)
    return 0
