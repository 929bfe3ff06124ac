"""Replace a secret file so that its old content is gone, as far as a file system can tell.

The new content is written beside the old one and takes its name in one step; only then is the old
content overwritten, which still has a second name for that. So a crash at any moment leaves the old
file or the new one, and what a crash left to be overwritten is overwritten next time.

What this is worth depends on what lies below. On a magnetic disk, and on flash as seen through the
file system, the old bytes are gone. The controller of a flash card or SSD writes to another place,
though, and keeps the old block until it needs it: whoever takes the chip off the board may read it.
So do file systems that never write in place (btrfs, F2FS). That is what the seal is for
(``sealing.py``): all that stays in such a block is ciphertext, and what opens it is in the TPM.
"""

import contextlib
import os
from pathlib import Path

from edge_lpr.core.errors import KeyFileError
from edge_lpr.tokens.sealing import SealingKey, write_sealed_file


def replace_secret_file(
    path: Path, content: bytes | bytearray, sealing_key: SealingKey | None
) -> None:
    """Write a secret file, whole or not at all, and destroy what it held before.

    Args:
        path: The file; replaced if it exists.
        content: What it shall hold. Not modified.
        sealing_key: Key to seal it under; ``None`` leaves it plain.

    Raises:
        KeyFileError: The file cannot be written; the old one is as it was.
    """
    destroy_remains(path)
    past = path.with_name(f".{path.name}.past")
    try:
        # A second name for the old content, by which the next start finds it after a crash.
        past.hardlink_to(path)
    except FileNotFoundError:
        pass  # There is no old content, or no folder; in the second case writing says so.
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot be replaced ({error.strerror}); its folder must be writable by this "
            "user and on a file system of Linux"
        ) from error
    try:
        write_sealed_file(path, content, sealing_key)
    except KeyFileError:
        # The old content is still the valid one, so its second name goes without overwriting.
        with contextlib.suppress(OSError):
            past.unlink(missing_ok=True)
        raise
    destroy_remains(path)


def destroy_remains(path: Path) -> None:
    """Overwrite and remove what earlier replacements of a secret file have left beside it.

    What cannot be removed stays for the next time: the file itself is sound.

    Args:
        path: The file, which is left alone, and so is its content under any other name.
    """
    with contextlib.suppress(OSError):
        for remains in [*path.parent.iterdir()]:
            if not remains.name.startswith(f".{path.name}."):
                continue
            if not _is_the_same(remains, path):
                _overwrite(remains)
            remains.unlink()


def _is_the_same(remains: Path, path: Path) -> bool:
    """Return whether two names are one file, as they are after a crash before the exchange."""
    try:
        return remains.samefile(path)
    except FileNotFoundError:
        return False


def _overwrite(path: Path) -> None:
    """Write zeros over a file's content and wait until they are on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
