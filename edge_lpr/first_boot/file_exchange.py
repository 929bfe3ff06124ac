"""Request and answer as files on the boot partition, for a booth without a way to the authority.

The request is a copy: what the booth itself goes on from is ``provisioning/``'s. It holds the
ticket, so it is worth as much until it has been used; the approval by fingerprint is what it
cannot replace.
"""

import os
from pathlib import Path
from typing import Final

from edge_lpr.core.folder_sync import sync_folder
from edge_lpr.installation.boot_partition import BootPartition
from edge_lpr.installation.places import Places
from edge_lpr.provisioning.asking import Asking

ANSWER_SUFFIX: Final = ".answer"
"""What the custodian brings back; the name before it is his to choose."""


class FileExchange:
    """The files of one booth on its boot partition."""

    def __init__(self, places: Places, device: str) -> None:
        """Look at nothing yet.

        Args:
            places: Where the boot partition is.
            device: The booth's name, which the request's file has too.
        """
        self._boot = _ExchangePartition(places.boot, places.boot_lock)
        self._request = places.boot / f"{device}.request"

    @property
    def advice(self) -> str:
        """What to do with the request."""
        name = self._request.name
        return (
            f"bring {name} from this card's boot partition to the key custodian, put his "
            f"answer beside it as {self._request.stem}{ANSWER_SUFFIX}, and start the booth again"
        )

    def answers(self) -> list[Path]:
        """Return the answers that somebody has put there."""
        if not self._boot.folder.is_dir():
            return []
        return sorted(
            each
            for each in self._boot.folder.iterdir()
            if each.suffix.lower() == ANSWER_SUFFIX and each.is_file()
        )

    def hand_out(self, asking: Asking) -> None:
        """Put the request there, if one is under way and does not lie there yet.

        Args:
            asking: What is under way.

        Raises:
            InstallationError: The partition cannot be written.
        """
        request = asking.request()
        if request is not None:
            self._boot.put(self._request.name, request)

    def discard(self) -> None:
        """Remove request and answers: they were used.

        Raises:
            InstallationError: The partition cannot be written.
        """
        if not self._boot.folder.is_dir():
            return
        self._boot.discard_leftovers()
        used = [self._request] if self._request.is_file() else []
        for path in (*used, *self.answers()):
            self._boot.discard(path)


class _ExchangePartition(BootPartition):
    """The boot partition, to which something is brought as well."""

    def put(self, name: str, content: bytes) -> None:
        """Write a file; nothing if it lies there already.

        Args:
            name: Of the file; replaced if it has another content.
            content: What it shall hold.

        Raises:
            InstallationError: The partition cannot be written.
        """
        path = self.folder / name
        if path.is_file() and path.read_bytes() == content:
            return
        with self._writable():
            # Half a file, after a power cut, is another content: it is written again.
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self.folder)
