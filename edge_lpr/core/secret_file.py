"""Read and write files that nobody else may read: the one place with the permission rules.

What the bytes mean is left to the callers: key ring, signing key, camera credentials.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import KeyFileError, KeyFileMissingError
from edge_lpr.core.file_access import is_private
from edge_lpr.core.folder_sync import sync_folder

_OWNER_ONLY: Final = stat.S_IRUSR | stat.S_IWUSR


def read_secret_file(path: Path, maximum_bytes: int) -> bytearray:
    """Read a file that only its owner can read.

    Permissions are checked on the open file, so that it cannot be exchanged in between.

    Args:
        path: The file; a symbolic link in its last part is refused.
        maximum_bytes: Longest content; a longer one is refused unread.

    Returns:
        The content, owned by the caller, who wipes it.

    Raises:
        KeyFileMissingError: There is no such file.
        KeyFileError: It is no regular file, owned by another user than this one or root,
            reachable by group or others, or too long.
    """
    try:
        # O_NONBLOCK: opening a named pipe would otherwise wait for its writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            _require_private(path, descriptor, status)
            if status.st_size > maximum_bytes:
                raise KeyFileError(f"{path}: longer than {maximum_bytes} bytes, so another file")
            return _read_exactly(path, descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise KeyFileMissingError(f"{path}: there is no such file") from error
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot be read ({error.strerror}); "
            "it must be a regular file, no link, that this process may read"
        ) from error


@contextlib.contextmanager
def named_in_settings(key: str, origin: str) -> Iterator[None]:
    """Say which setting names a file that is missing, and where such a file comes from.

    Args:
        key: The setting, such as ``tokeniser.event_key_file``.
        origin: What brings the file there, as a part of a sentence.

    Yields:
        Nothing: the file is read inside.

    Raises:
        KeyFileMissingError: There is no such file; the message says what to do.
    """
    try:
        yield
    except KeyFileMissingError as error:
        raise KeyFileMissingError(f"{error}; {key} names it: {origin}") from error


def write_secret_file(path: Path, content: bytes | bytearray) -> None:
    """Write a file that only its owner can read, whole or not at all.

    A crash leaves the old file or the new one, never half of either.

    Args:
        path: The file; replaced if it exists.
        content: What it shall hold. Not modified.

    Raises:
        KeyFileError: The file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_new(temporary, content)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise KeyFileError(
            f"{path}: cannot be written ({error.strerror}); its folder must exist, "
            "be writable by this user and have room"
        ) from error


def _require_private(path: Path, descriptor: int, status: os.stat_result) -> None:
    """Refuse a file that somebody else can read or could have written."""
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"{path}: is no regular file; put the file itself there")
    if status.st_uid not in (os.geteuid(), 0):
        raise KeyFileError(
            f"{path}: belongs to user {status.st_uid}; it must belong to this process's user, "
            f"{os.geteuid()}, or to root"
        )
    if not is_private(descriptor, status):
        raise KeyFileError(
            f"{path}: others can reach it (mode {stat.S_IMODE(status.st_mode):04o}); "
            "treat its keys as known, replace them and set mode 0600"
        )


def _read_exactly(path: Path, descriptor: int, length: int) -> bytearray:
    """Return that many bytes, read straight into the caller's memory."""
    content = bytearray(length)
    with memoryview(content) as rest:
        # A file object would keep a copy in its buffer that nobody can wipe.
        taken = os.readv(descriptor, [rest]) if length else 0
    if taken != length:
        content[:] = bytes(length)
        raise KeyFileError(f"{path}: changed while it was read; start again")
    return content


def _write_new(path: Path, content: bytes | bytearray) -> None:
    """Write a new file with mode 0600 and wait until it is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
