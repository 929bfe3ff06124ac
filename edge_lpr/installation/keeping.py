"""Writes files whole or not at all, so that a power cut leaves the old one or the new one."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InstallationError
from edge_lpr.core.folder_sync import sync_folder
from edge_lpr.installation.dumping import dump_installation
from edge_lpr.installation.model import Installation

SECRET_MODE: Final = 0o600
"""For the owner alone."""

PUBLIC_MODE: Final = 0o644
"""For everybody to read."""

_FOLDER_MODE: Final = 0o755
_SUFFIX_BYTES: Final = 8
_SUFFIX_PATTERN: Final = "[0-9a-f]" * _SUFFIX_BYTES * 2
"""What a power cut leaves of a file that was being written; others keep hidden files too."""


def keep_installation(path: Path, answers: Installation) -> None:
    """Write the answers, for root alone.

    Args:
        path: Replaced if it exists.
        answers: What it shall hold. Without the ticket once that is used:
            ``answers.model_copy(update={"ticket": None})``.

    Raises:
        InstallationError: It cannot be written.
    """
    keep(path, dump_installation(answers).encode(), SECRET_MODE)


def keep(path: Path, content: bytes, mode: int, user: tuple[int, int] | None = None) -> None:
    """Write a file, make its folders, and wait for the disk; nothing if it is so already.

    Args:
        path: Replaced if it has another content.
        content: What it shall hold.
        mode: Its permissions, whatever the process's umask.
        user: User and group that it belongs to; ``None`` for this process's own.

    Raises:
        InstallationError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(_SUFFIX_BYTES)}")
    try:
        _make_folders(path.parent)
        for leftover in path.parent.glob(f".{path.name}.{_SUFFIX_PATTERN}"):
            leftover.unlink()
        if _is_so(path, content, mode, user):
            return
        _write_new(temporary, content, mode, user)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InstallationError(
            f"{path}: cannot be written ({error.strerror}); run this as root, on a disk with room"
        ) from error


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it for everybody to read, whatever the process's umask."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir()
        folder.chmod(_FOLDER_MODE)


def _is_so(path: Path, content: bytes, mode: int, user: tuple[int, int] | None) -> bool:
    """Return whether there is nothing to write: cards wear out."""
    try:
        status = path.lstat()
        is_same = status.st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False
    owner = (os.geteuid(), os.getegid()) if user is None else user
    is_owners = (status.st_uid, status.st_gid) == owner and status.st_mode & 0o7777 == mode
    return is_same and is_owners and not path.is_symlink()


def _write_new(path: Path, content: bytes, mode: int, user: tuple[int, int] | None) -> None:
    """Write a new file, give it to its user, and wait until it is on the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(path, flags, SECRET_MODE)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if user is not None:
            os.fchown(descriptor, *user)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
