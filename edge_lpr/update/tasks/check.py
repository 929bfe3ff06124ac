"""For RAUC, which has mounted a bundle and has written nothing: may it come in?"""

import time
from argparse import Namespace

from edge_lpr.update.booth import this_booth
from edge_lpr.update.bundle import require_whole
from edge_lpr.update.installing import SystemUpdate
from edge_lpr.update.working import condition, show_unit, works_lately


def run(options: Namespace) -> int:
    """Refuse the bundle, or write down what works now.

    Args:
        options: Where the bundle is ``mounted``, and the ``slot`` that it would be written to.

    Returns:
        0; RAUC writes.
    """
    require_whole(options.mounted)
    update = SystemUpdate(this_booth())
    works = works_lately(lambda: condition(show_unit), time.sleep)
    update.check_mounted(options.mounted, options.slot, works)
    return 0
