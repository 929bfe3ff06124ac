"""The truth file: every sighting that the fleet has signed, to be compared with a store.

CSV with a header, so that a database loads it as it is (``COPY truth FROM 'truth.csv' CSV
HEADER``). ``fate`` is ``lost`` where a signed gap says that the sighting will never come; all
others must be in the store in the end, each once, under the same link.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import SettingsError
from edge_lpr.fleet.faults import Fate
from edge_lpr.fleet.virtual_booth import Committed
from edge_lpr.wire import base64url

HEADER: Final = "tenant,site,device,boot,seq,link,fate\n"

_LINES_AT_ONCE: Final = 200


class TruthFile:
    """Appends to a truth file; several processes may write to one."""

    def __init__(self, path: Path) -> None:
        """Open the file, which is made with its header if there is none.

        Args:
            path: The file, in an existing folder.

        Raises:
            SettingsError: It cannot be written.
        """
        self._lines: list[str] = []
        try:
            with contextlib.suppress(FileExistsError), path.open("x", encoding="ascii") as file:
                file.write(HEADER)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise SettingsError(f"{path}: cannot be written ({error.strerror})") from error

    def add(self, committed: Committed, fate: Fate) -> None:
        """Write down a sighting."""
        address = committed.address
        link = base64url.encode(committed.link).decode()
        shown = "lost" if fate is Fate.LOST else "sent"
        self._lines.append(
            f"{address.tenant},{address.site},{address.device},"
            f"{committed.boot},{committed.seq},{link},{shown}\n"
        )
        if len(self._lines) >= _LINES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the operating system, in one piece: whole lines, never mixed."""
        octets = "".join(self._lines).encode("ascii")
        self._lines.clear()
        while octets:
            octets = octets[os.write(self._descriptor, octets) :]

    def close(self) -> None:
        """Write what is left, and close the file."""
        self.flush()
        os.close(self._descriptor)


def begin_truth(path: Path) -> None:
    """Make an empty truth file in place of the one before.

    Args:
        path: The file, in an existing folder.

    Raises:
        SettingsError: It cannot be written.
    """
    try:
        path.write_text(HEADER, "ascii")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror})") from error
