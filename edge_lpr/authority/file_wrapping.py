"""Wrapping keys as a folder of files, for custodians without an HSM.

The folder must never be in a backup: a copy of it undoes every destruction. A destroyed key's file
is overwritten, unlinked, and its folder synced; on a flash disk the old cells may outlive that,
so the folder belongs on an encrypted disk (docs/authority.md).
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge_lpr.authority.ownership import require_own
from edge_lpr.authority.wrapping import (
    FORM,
    NAME_PATTERN,
    NONCE_BYTES,
    not_ours,
    require_name,
    split,
)
from edge_lpr.core.errors import (
    AuthorityError,
    DestroyedError,
    KeyFileError,
    KeyFileMissingError,
)
from edge_lpr.core.folder_sync import sync_folder
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.core.wipe import wipe

_KEY_BYTES: Final = 32
_OVERWRITTEN: Final = bytes(_KEY_BYTES)
"""A file that holds only zeros was being destroyed when the power failed."""

_HEAD_FILE: Final = "journal-head"
_MAXIMUM_HEAD_BYTES: Final = 64
_SUFFIX: Final = ".key"
_README: Final = "DO-NOT-BACK-UP.txt"
_README_TEXT: Final = (
    "Wrapping keys of an edge-lpr authority, one file a key epoch.\n"
    "Never copy or back up this folder: a copy undoes every destruction of keys.\n"
)


class FileWrappingKeys:
    """A folder with one file a wrapping key, for its owner alone."""

    def __init__(self, folder: Path) -> None:
        """Use a folder.

        Args:
            folder: It exists, and nobody else can read it.

        Raises:
            AuthorityError: There is no such folder, or others can reach it.
        """
        try:
            mode = folder.stat().st_mode
        except OSError as error:
            raise AuthorityError(
                f"{folder}: the folder of wrapping keys cannot be reached ({error.strerror}); "
                "connect the medium it is on, or name it with --wrapping"
            ) from error
        if mode & 0o077:
            raise AuthorityError(f"{folder}: others can reach it; chmod 700 {folder}")
        require_own(folder)
        self._folder = folder

    @classmethod
    def create(cls, folder: Path) -> "FileWrappingKeys":
        """Make the folder, with a note that it must not be backed up.

        Raises:
            AuthorityError: It cannot be made.
        """
        with _sentences(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keys = cls(folder)
            (folder / _README).write_text(_README_TEXT, encoding="utf-8")
            sync_folder(folder)
            sync_folder(folder.parent)
        return keys

    @property
    def place(self) -> str:
        """Where the keys are, in words for people."""
        return str(self._folder)

    def make(self, name: str) -> None:
        """Make a key; one that is there is kept."""
        require_name(name)
        if self._path(name).exists():
            wipe(self._read(name))
            return
        key = bytearray(secrets.token_bytes(_KEY_BYTES))
        try:
            with _sentences(self._folder):
                write_secret_file(self._path(name), key)
        finally:
            wipe(key)

    def wrap(self, name: str, plaintext: bytes, context: bytes) -> bytes:
        """Return a secret, encrypted."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return FORM + nonce + self._cipher(name).encrypt(nonce, plaintext, context)

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """Return a secret."""
        nonce, ciphertext = split(wrapped)
        try:
            return self._cipher(name).decrypt(nonce, ciphertext, context)
        except InvalidTag as error:
            raise not_ours(self.place) from error

    def destroy(self, name: str) -> None:
        """Overwrite a key's file, remove it, and wait until the disk says so."""
        require_name(name)
        path = self._path(name)
        with _sentences(self._folder):
            # A power cut while a key is made may leave its file under a temporary name.
            for file in (path, *self._folder.glob(f".{path.name}.*")):
                _overwrite_and_remove(file)
            sync_folder(self._folder)

    def names(self) -> frozenset[str]:
        """Return the names of all keys there are."""
        with _sentences(self._folder):
            stems = {path.stem for path in self._folder.glob(f"*{_SUFFIX}")}
        return frozenset(stem for stem in stems if NAME_PATTERN.fullmatch(stem))

    def read_head(self) -> bytes | None:
        """Return the head of the journal, or ``None``."""
        try:
            with _sentences(self._folder):
                return bytes(read_secret_file(self._folder / _HEAD_FILE, _MAXIMUM_HEAD_BYTES))
        except AuthorityError as error:
            if isinstance(error.__cause__, KeyFileMissingError):
                return None
            raise

    def write_head(self, head: bytes) -> None:
        """Keep the head of the journal."""
        with _sentences(self._folder):
            write_secret_file(self._folder / _HEAD_FILE, head)

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def _path(self, name: str) -> Path:
        """Return the file of a key."""
        return self._folder / f"{name}{_SUFFIX}"

    def _read(self, name: str) -> bytearray:
        """Return a key, which the caller wipes."""
        require_name(name)
        try:
            key = read_secret_file(self._path(name), _KEY_BYTES)
        except KeyFileMissingError as error:
            raise _gone(name, self.place) from error
        except KeyFileError as error:
            raise AuthorityError(str(error)) from error
        if key == _OVERWRITTEN:
            raise _gone(name, self.place)
        if len(key) != _KEY_BYTES:
            raise AuthorityError(f"{self._path(name)}: is damaged; what it wrapped is lost")
        return key

    def _cipher(self, name: str) -> AESGCM:
        """Return a key's cipher."""
        key = self._read(name)
        try:
            return AESGCM(key)
        finally:
            wipe(key)


def _gone(name: str, place: str) -> DestroyedError:
    """Return the error for a key that is not there."""
    return DestroyedError(f"{place}: the wrapping key {name} is gone, and nobody can bring it back")


def _overwrite_and_remove(path: Path) -> None:
    """Write zeros over a file, wait for the disk, and unlink it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()


@contextmanager
def _sentences(folder: Path) -> Iterator[None]:
    """Turn errors of files into the authority's."""
    try:
        yield
    except KeyFileError as error:
        raise AuthorityError(str(error)) from error
    except OSError as error:
        raise AuthorityError(
            f"{folder}: {error.strerror}; the folder of wrapping keys must be writable by this "
            "user, on a disk with room"
        ) from error
