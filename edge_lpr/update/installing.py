"""Installs a bundle: from its arrival to the start of the new system.

Steps 1 and 2 change nothing. RAUC does step 3 and asks step 2's question again from inside
(``edge-lpr update check``), so whoever calls RAUC himself is judged too.

1. Take it in, within bounds.
2. Signature, board, version.
3. RAUC takes the other slot out of the loader's notes, writes it, and notes the trial.
4. Restart; what follows is the health gate's.
"""

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import UpdateError
from edge_lpr.update.booth import Booth
from edge_lpr.update.bundle import install, mounted_name, signed_name
from edge_lpr.update.records import EVERY_DEMAND, Attempt, Demand
from edge_lpr.update.rule import BundleName, require_newer
from edge_lpr.update.slots import SlotSwitch, as_slot

FETCHED_FOLDER: Final = Path("/state/update/fetched")
"""Of the user that fetches; root looks at what lies there as at any other stranger's file."""

WAITING_BUNDLE: Final = Path("/state/update/waiting.raucb")
"""Where a bundle that was sent or fetched is kept while it is installed."""

LOCK_FILE: Final = Path("/run/edge-lpr-update.lock")
"""One installation at a time."""

_SYSTEMCTL: Final = "/usr/bin/systemctl"


@contextlib.contextmanager
def alone(lock: Path = LOCK_FILE) -> Iterator[None]:
    """Hold off other installations.

    Args:
        lock: Whom they wait at; they do not wait, they end.

    Yields:
        Nothing: install inside.

    Raises:
        UpdateError: One is under way.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise UpdateError("another update is being installed; wait for its end") from error
    finally:
        os.close(descriptor)


class SystemUpdate:
    """One installation on this booth."""

    def __init__(self, booth: Booth) -> None:
        """Prepare; nothing is done yet.

        Args:
            booth: The one that runs.
        """
        self._image = booth.image
        self._slots = booth.slots
        self._records = booth.records

    def require_welcome(self, bundle: BundleName) -> None:
        """Refuse a bundle that may not come in now.

        Args:
            bundle: The one that wants in.

        Raises:
            UpdateError: It is for another board or not newer, or the running system is itself on
                trial: the slot to write would be the one to go back to.
        """
        require_newer(bundle, self._image, self._records.highest())
        if self._slots.is_trial():
            raise UpdateError(
                f"{self._image.version} is itself being judged; try again in a few minutes"
            )

    def check_mounted(self, folder: Path, bootname: str, works: frozenset[Demand]) -> Attempt:
        """For RAUC, before it writes: refuse the bundle, or write down what must work afterwards.

        Args:
            folder: Where the bundle is mounted.
            bootname: The slot that is about to be written.
            works: What works now.

        Returns:
            What was written down.

        Raises:
            UpdateError: It may not come in.
        """
        bundle = mounted_name(folder)
        self.require_welcome(bundle)
        version, last = str(bundle.version), self._records.attempt()
        failures = last.failures if last is not None and last.version == version else 0
        attempt = Attempt(
            version=version,
            before=str(self._image.version),
            slot=as_slot(bootname),
            demands=tuple(each for each in EVERY_DEMAND if each in works),
            stage="installing",
            failures=failures,
        )
        self._records.write_attempt(attempt)
        return attempt

    def run(self, bundle: Path) -> Attempt:
        """Install a bundle; it is started next.

        Args:
            bundle: The file, of root's.

        Returns:
            The update as it stands now.

        Raises:
            UpdateError: It was refused or could not be written; the running system is as it was.
        """
        name = signed_name(bundle)
        self.require_welcome(name)
        install(bundle)
        attempt = self._records.attempt()
        if attempt is None or attempt.version != str(name.version):
            raise UpdateError("RAUC did not ask before it wrote: /etc/rauc/system.conf is not ours")
        attempt = attempt.model_copy(update={"stage": "installed"})
        self._records.write_attempt(attempt)
        return attempt


def restart(slots: SlotSwitch) -> None:
    """Start the new system.

    Args:
        slots: Knows what the firmware must be told.

    Raises:
        UpdateError: The machine does not restart.
    """
    argument = slots.reboot_argument
    options = [] if argument is None else [f"--reboot-argument={argument}"]
    try:
        subprocess.run([_SYSTEMCTL, "reboot", *options], check=True)  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError) as error:
        raise UpdateError(f"the machine does not restart ({error}); restart it by hand") from error
