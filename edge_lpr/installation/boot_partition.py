"""The boot partition: the one place of a booth that a laptop can write to, and so read with care.

It is mounted read-only, because a power cut while FAT is written can take more than a file. It is
made writable for a moment, where something is to be removed from it or written to it.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge_lpr.core.boot_partition import writable
from edge_lpr.core.errors import InstallationError
from edge_lpr.core.folder_sync import sync_folder

ERROR_FILE_NAME: Final = "installation-error.txt"
"""What is wrong with the installer's files, beside them: who puts the card into his laptop again
reads it there."""

_TAKEN_SUFFIX: Final = ".taken"
_MAXIMUM_FOLDERS: Final = 16
"""In the way of a file that is removed, before somebody must look at the card."""

_MAXIMUM_ERROR_BYTES: Final = 65_536


class BootPartition:
    """The mounted boot partition, or a folder in its place."""

    def __init__(self, folder: Path, lock: Path | None = None) -> None:
        """Remember where.

        Args:
            folder: Mount point.
            lock: Whom programs that write there wait at for each other; ``None`` for a booth's.
        """
        self.folder = folder
        self._lock = lock

    def discard(self, path: Path) -> None:
        """Remove a file that was taken over, and what it said as far as a card allows.

        In three steps, each of which the next start repeats: a name that nobody takes for an
        answer, zeros over the content, away.

        Args:
            path: A file of the partition.

        Raises:
            InstallationError: The partition cannot be written.
        """
        with self._writable():
            path.rename(_free_name(path))
            sync_folder(self.folder)
            self._remove_taken()

    def discard_leftovers(self) -> None:
        """End what a power cut has interrupted.

        Raises:
            InstallationError: The partition cannot be written.
        """
        if self._taken():
            with self._writable():
                self._remove_taken()

    def tell(self, faults: list[str]) -> None:
        """Write what is wrong into ``ERROR_FILE_NAME``, or remove that file if nothing is.

        Args:
            faults: Sentences.

        Raises:
            InstallationError: The partition cannot be written.
        """
        path = self.folder / ERROR_FILE_NAME
        # As Windows' editor wants it.
        text = "".join(f"{fault}\r\n" for fault in faults).encode()
        if _content(path) == (text if faults else None):
            return
        with self._writable():
            if not faults:
                path.unlink()
            else:
                # Not whole or not at all: a half sentence is written again at the next start.
                with path.open("wb") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
            sync_folder(self.folder)

    def _taken(self) -> list[Path]:
        """Return what was taken over and is still there: files, because folders never are."""
        found = sorted(self.folder.glob(f"*{_TAKEN_SUFFIX}"))
        return [path for path in found if path.is_file() and not path.is_symlink()]

    def _remove_taken(self) -> None:
        """Overwrite and remove what was taken over: each, whatever becomes of the others."""
        errors = [error for path in self._taken() if (error := _error_of(path)) is not None]
        sync_folder(self.folder)
        if errors:
            raise errors[0]

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        """Make the partition writable for what is done inside."""
        try:
            with writable(self.folder, self._lock):
                yield
        except OSError as error:
            raise InstallationError(
                f"{self.folder}: cannot be written ({error.strerror}); look at the card in a laptop"
            ) from error


def _error_of(path: Path) -> OSError | None:
    """Overwrite and remove a file, and return what has kept it."""
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except OSError as error:
        return error
    return None


def _free_name(path: Path) -> Path:
    """Return a name that ``discard_leftovers`` finds, and that no folder has already."""
    numbers = ("", *(f".{number}" for number in range(_MAXIMUM_FOLDERS)))
    names = [path.with_name(f"{path.name}{number}{_TAKEN_SUFFIX}") for number in numbers]
    return next((name for name in names if not name.is_dir()), names[0])


def _content(path: Path) -> bytes | None:
    """Return what a file says, or ``None`` if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(_MAXIMUM_ERROR_BYTES)
    except FileNotFoundError:
        return None
