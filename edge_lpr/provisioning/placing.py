"""Put files where the processes of a booth find them: whole or not at all, and theirs.

A file belongs to whoever its folder belongs to. So root can enrol a booth whose processes are users
of their own, and a user of a trial can do it with folders of his, by the same rule.
"""

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EnrolmentError
from edge_lpr.core.folder_sync import sync_folder
from edge_lpr.tokens.overwriting import destroy_remains

SECRET_MODE: Final = 0o600
"""For the owner alone."""

PUBLIC_MODE: Final = 0o644
"""For everybody to read."""

_FOLDER_MODE: Final = 0o700
_LEFTOVER: Final = re.compile(r"\.[0-9a-f]{16}")


def make_folder(folder: Path, user: tuple[int, int] | None = None) -> None:
    """Make a folder unless it is there, and those above it.

    Args:
        folder: For its owner alone.
        user: User and group that a new one belongs to; ``None`` for this process's own.

    Raises:
        EnrolmentError: It cannot be made.
    """
    if folder.is_dir():
        return
    # Its owner first, its name last: a power cut must not leave one that its user cannot enter.
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(mode=_FOLDER_MODE)
        if user is not None:
            os.chown(temporary, *user)
        temporary.rename(folder)
    except OSError as error:
        raise _cannot(folder, error) from error


def place(path: Path, content: bytes | bytearray, mode: int) -> None:
    """Write a file of the folder's owner; a power cut leaves the old one or the new one.

    Args:
        path: The file; replaced if it exists.
        content: What it shall hold. Not modified.
        mode: ``SECRET_MODE`` or ``PUBLIC_MODE``.

    Raises:
        EnrolmentError: It cannot be written.
    """
    try:
        with _opened(path.parent) as folder:
            _place(folder, path.name, content, mode)
    except OSError as error:
        raise _cannot(path, error) from error


def move(source: Path, target: Path) -> None:
    """Move a secret file to the folder of its user, give it to him, and destroy the one before.

    It is in one of the two places at any moment; where they are on different file systems, in both
    for a moment. Moved already is no error: then there is no ``source``.

    Args:
        source: A file of this process's own, or nothing.
        target: Where it goes; replaced if it exists.

    Raises:
        EnrolmentError: It cannot be moved.
    """
    try:
        _give(source, target.parent)
        _name_past(target)
        source.replace(target)
        sync_folder(target.parent)
        sync_folder(source.parent)
    except FileNotFoundError as error:
        if source.exists() or not target.exists():
            raise _cannot(target, error) from error
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise _cannot(target, error) from error
        place(target, source.read_bytes(), SECRET_MODE)
        source.unlink()
    destroy_remains(target)


def remove_leftovers(folder: Path, names: tuple[str, ...]) -> None:
    """Remove the half-written files that a power cut has left.

    Args:
        folder: Where ``place`` was writing.
        names: Of the files that it was to write there.
    """
    for name in names:
        for leftover in folder.glob(f".{name}.*"):
            # Others keep hidden files beside theirs too.
            if _LEFTOVER.fullmatch(leftover.suffix):
                with contextlib.suppress(OSError):
                    leftover.unlink()


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Open a folder, to work in it by its descriptor; it cannot be exchanged in between.

    Through a link only if it is root's or our own: as root we would write wherever the user of a
    process has it point to.
    """
    status = folder.lstat()
    is_trusted_link = stat.S_ISLNK(status.st_mode) and status.st_uid in (0, os.geteuid())
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(folder, flags if is_trusted_link else flags | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _place(folder: int, name: str, content: bytes | bytearray, mode: int) -> None:
    """Write a file beside where it goes, put it there in one step, and wait for the disk."""
    temporary = f".{name}.{secrets.token_hex(8)}"
    try:
        _write_new(folder, temporary, content, mode)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


def _write_new(folder: int, name: str, content: bytes | bytearray, mode: int) -> None:
    """Write a new file, give it to the folder's owner, and wait until it is on the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(name, flags, SECRET_MODE, dir_fd=folder)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        owner = os.fstat(folder)
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name_past(path: Path) -> None:
    """Give a secret file that is about to be replaced a second name, by which it is overwritten."""
    destroy_remains(path)
    # No such file: there is nothing to be destroyed.
    with contextlib.suppress(FileNotFoundError):
        path.with_name(f".{path.name}.past").hardlink_to(path)


def _give(path: Path, folder: Path) -> None:
    """Give a file to the owner of a folder."""
    status, owner = path.lstat(), folder.stat()
    if not stat.S_ISREG(status.st_mode):
        raise EnrolmentError(f"{path}: is no regular file; remove it and enrol again")
    if (status.st_uid, status.st_gid) != (owner.st_uid, owner.st_gid):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _cannot(path: Path, error: OSError) -> EnrolmentError:
    """Return the error that says what to do."""
    return EnrolmentError(
        f"{path}: cannot be written ({error.strerror}); run this as root, or as the user that the "
        "folder belongs to, on a disk with room"
    )
