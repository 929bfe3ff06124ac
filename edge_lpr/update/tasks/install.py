"""Install a bundle that a person names or sends, or that was fetched, and restart into it."""

import os
import stat
import sys
from argparse import Namespace
from pathlib import Path

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import UpdateError
from edge_lpr.update.arguments import STANDARD_INPUT
from edge_lpr.update.booth import Booth, say, this_booth
from edge_lpr.update.installing import (
    FETCHED_FOLDER,
    WAITING_BUNDLE,
    SystemUpdate,
    alone,
    restart,
)
from edge_lpr.update.receiving import receive


def run(options: Namespace) -> int:
    """Install it.

    Args:
        options: The ``bundle``, or that it was ``fetched``; whether there is ``no_restart``.

    Returns:
        0, also if nothing was fetched.
    """
    booth = this_booth()
    with alone():
        if options.fetched:
            name = take_over(FETCHED_FOLDER, WAITING_BUNDLE)
            if name is None:
                return 0
            _install_fetched(booth, name)
        elif options.bundle == STANDARD_INPUT:
            receive(sys.stdin.buffer, WAITING_BUNDLE)
            _install(booth, WAITING_BUNDLE)
        else:
            _install(booth, options.bundle)
        if not options.no_restart:
            restart(booth.slots)
    return 0


def _install_fetched(booth: Booth, name: str) -> None:
    """Install what was fetched; what cannot be installed is not fetched every night."""
    try:
        _install(booth, WAITING_BUNDLE)
    except UpdateError:
        booth.records.note_put_off(name, SystemClock().unix_s())
        raise


def _install(booth: Booth, bundle: Path) -> None:
    """Install a bundle; one that lies where ours wait is not needed afterwards."""
    try:
        attempt = SystemUpdate(booth).run(bundle)
    finally:
        if bundle == WAITING_BUNDLE:
            bundle.unlink(missing_ok=True)
    say(f"{attempt.sentence()}; {attempt.before} is back if it does not work")


def take_over(folder: Path, target: Path) -> str | None:
    """Make a file of another user root's own, or return ``None`` if there is none.

    That user's processes have ended with their unit, so nobody has it open; RAUC takes care of that
    too. What is no plain file of that user alone is not touched.

    Args:
        folder: Where that user writes.
        target: Where the file goes, on the same partition.

    Returns:
        Its name there.

    Raises:
        UpdateError: It is a link, or cannot be taken over.
    """
    found = sorted(folder.glob("*.raucb"))
    if not found:
        return None
    try:
        descriptor = os.open(found[0], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise UpdateError(f"{found[0]}: is no file of its own; remove it")
            os.fchown(descriptor, os.geteuid(), os.getegid())
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
        found[0].replace(target)
    except OSError as error:
        raise UpdateError(f"{found[0]}: cannot be taken over ({error.strerror})") from error
    return found[0].name
