"""For the unit that fetches: bring the next system, if there is one that may be tried."""

from argparse import Namespace

from edge_lpr.core.clock import SystemClock
from edge_lpr.update.booth import say
from edge_lpr.update.fetching import UpdateServer
from edge_lpr.update.installing import FETCHED_FOLDER
from edge_lpr.update.records import MOST_FAILURES, UpdateRecords
from edge_lpr.update.running import read_running_image
from edge_lpr.update.source import UpdateSource


def run(options: Namespace) -> int:
    """Fetch it.

    Args:
        options: The ``source`` file.

    Returns:
        0, also if there is nothing to fetch.
    """
    image, records = read_running_image(), UpdateRecords()
    server = UpdateServer(UpdateSource.read(options.source))
    offer = server.offer(image.compatible)
    attempt, put_off = records.attempt(), records.put_off()
    if offer.version <= image.version:
        say(f"{image.version} runs and the server has {offer.version}: nothing to do")
    elif put_off is not None and put_off.is_waiting(offer.name, SystemClock().unix_s()):
        tries = f"{put_off.times} so far"
        say(f"{offer.name} could not be installed here ({tries}); it is not fetched tonight")
    elif attempt is not None and attempt.has_failed_too_often(str(offer.version)):
        say(f"{offer.version} has failed {MOST_FAILURES} times here; it is not tried by itself")
    else:
        say(f"{server.fetch(offer, FETCHED_FOLDER).name} is here")
    return 0
