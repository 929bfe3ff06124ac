"""A lock among the processes of one authority: a file that one of them at a time has locked."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import AuthorityError

_POLL_S: Final = 0.02


class FolderLock:
    """One lock; the kernel lets go of it when its process ends, however that ends."""

    def __init__(self, file: Path) -> None:
        """Use a file that holds nothing else.

        Args:
            file: In an existing folder; made if it is missing.
        """
        self._file = file
        self._descriptor: int | None = None

    def take(self, wait_s: float) -> None:
        """Take the lock, once nobody else has it.

        Args:
            wait_s: Longest wait.

        Raises:
            AuthorityError: Somebody has had it for so long, or the file cannot be opened.
        """
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise AuthorityError(
                f"{self._file}: cannot be opened ({error.strerror}); the authority's folder must "
                "be writable by this user"
            ) from error
        stop = time.monotonic() + wait_s
        while not _try_lock(descriptor):
            if time.monotonic() > stop:
                os.close(descriptor)
                raise AuthorityError(
                    f"{self._file}: another edge-lpr authority has held it for {wait_s:.0f} s; "
                    "see which one runs (ps), and stop it"
                )
            time.sleep(_POLL_S)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of it; may be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _try_lock(descriptor: int) -> bool:
    """Return whether the lock is ours now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
