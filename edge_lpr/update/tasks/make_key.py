"""For whoever makes images: the keys that sign updates."""

import datetime as dt
from argparse import Namespace

from edge_lpr.core.clock import SystemClock
from edge_lpr.update.booth import say
from edge_lpr.update.making_keys import AUTHORITY, SIGNING, make_update_keys


def run(options: Namespace) -> int:
    """Make them.

    Args:
        options: The folder ``out`` and the ``owner``.

    Returns:
        0.
    """
    now = dt.datetime.fromtimestamp(SystemClock().unix_s(), dt.timezone.utc)
    make_update_keys(options.out, options.owner, now)
    say(
        f"{options.out / AUTHORITY}.crt  into every image: build_image --update-certificate\n"
        f"{options.out / SIGNING}.crt, .key  sign bundles: build_update --certificate, --key\n"
        f"{options.out / AUTHORITY}.key  into a safe: it makes the next signing key"
    )
    return 0
