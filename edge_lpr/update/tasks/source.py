"""For the unit that fetches, as root: write down the address alone, for a user without rights."""

from argparse import Namespace

from edge_lpr.installation.keeping import PUBLIC_MODE, keep
from edge_lpr.installation.reading import read_installation
from edge_lpr.update.booth import INSTALLATION_FILE
from edge_lpr.update.source import UpdateSource


def run(options: Namespace) -> int:
    """Write it down.

    Args:
        options: The file ``out``.

    Returns:
        0; 1 where the installer has named no address, and the unit ends without an error.
    """
    source = UpdateSource.of(read_installation(INSTALLATION_FILE))
    if source is None:
        return 1
    keep(options.out, source.dump().encode(), PUBLIC_MODE)
    return 0
