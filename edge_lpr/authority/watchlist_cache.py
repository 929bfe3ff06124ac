"""What compiling a day's list has cost already, so that nothing is paid for twice.

A file beside the output for each epoch: ``S`` of every folded plate that was stretched, and which
plates were counted against the quota. It makes a compilation resumable after a kill or a power cut,
and a changed list cheap. It is worth less than the output to whoever finds it: everything in it is
encrypted under a random key, and that is wrapped under the epoch's own wrapping key, so it dies
with the epoch::

    "EDGE-LPR-STRETCHED" 01 | length of the wrapped key (2) | wrapped key
    any number of: kind (1) | tag (16) | nonce (12) | 32 bytes under AES-256-GCM | tag of that (16)

The tag is an HMAC of the plate, so the file does not say which plates are in it, and two days'
files cannot be compared. Records are appended; one that a crash has torn is cut off.
"""

import hmac
import os
import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge_lpr.authority.wrapping import WrappingKeys, epoch_name
from edge_lpr.core.errors import AuthorityError, KeyFileMissingError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.tokens.suite1 import KEY_BYTES

_MAGIC: Final = b"EDGE-LPR-STRETCHED\x01"
_LENGTH_BYTES: Final = 2
_KIND_BYTES: Final = 1
_TAG_BYTES: Final = 16
_NAME_BYTES: Final = _KIND_BYTES + _TAG_BYTES
_NONCE_BYTES: Final = 12
_RECORD_BYTES: Final = _NAME_BYTES + _NONCE_BYTES + KEY_BYTES + 16
_STRETCHED: Final = b"S"
_CLAIMED: Final = b"C"
_NOTHING: Final = bytes(KEY_BYTES)

_MAXIMUM_BYTES: Final = 1_000_000_000
"""Half a million plates with a dozen variants each."""


class StretchCache:
    """The file of one epoch, open for appending. Its ``repr`` shows nothing."""

    def __init__(self, file: Path, wrapping: WrappingKeys, epoch: int) -> None:
        """Open the file, making it if it is missing or of another authority.

        Args:
            file: In an existing folder.
            wrapping: Its key for the epoch exists.
            epoch: Days since 1970.

        Raises:
            DestroyedError: The epoch's keys are destroyed.
            AuthorityError: The file cannot be read or written.
        """
        self._file = file
        self._stretched: dict[bytes, bytes] = {}
        self._claimed: set[bytes] = set()
        name, context = epoch_name(epoch), b"edge-lpr stretched\0%d" % epoch
        content = _content(file)
        start = len(_MAGIC) + _LENGTH_BYTES
        wrapped_bytes = int.from_bytes(content[len(_MAGIC) : start], "big")
        if content[: len(_MAGIC)] == _MAGIC:
            self._key = wrapping.unwrap(
                name, bytes(content[start : start + wrapped_bytes]), context
            )
            start += wrapped_bytes
        else:
            self._key = secrets.token_bytes(KEY_BYTES)
            wrapped = wrapping.wrap(name, self._key, context)
            header = _MAGIC + len(wrapped).to_bytes(_LENGTH_BYTES, "big") + wrapped
            write_secret_file(file, header)
            content, start = bytearray(header), len(header)
        self._cipher = AESGCM(self._key)
        with memoryview(content) as view:
            whole = (len(view) - start) // _RECORD_BYTES
            for record in range(whole):
                place = start + _RECORD_BYTES * record
                self._take(bytes(view[place : place + _RECORD_BYTES]))
        with self._sentences():
            self._descriptor = _open_at(file, start + whole * _RECORD_BYTES)

    def stretched(self, fold: bytes) -> bytes | None:
        """Return ``S`` of a folded plate, if it was made.

        Args:
            fold: The folded plate.
        """
        return self._stretched.get(self._tag(_STRETCHED, fold))

    def unclaimed(self, plates: Iterable[bytes]) -> list[bytes]:
        """Return the plates that were not counted against the quota yet.

        Args:
            plates: Canonical, each once.
        """
        return [plate for plate in plates if self._tag(_CLAIMED, plate) not in self._claimed]

    def note_claimed(self, plates: Collection[bytes]) -> None:
        """Remember, durably, that plates were counted.

        Args:
            plates: Canonical.
        """
        tags = [self._tag(_CLAIMED, plate) for plate in plates]
        self._write(b"".join(self._record(_CLAIMED + tag, _NOTHING) for tag in tags))
        self.sync()
        self._claimed.update(tags)

    def note_stretched(self, fold: bytes, stretched: bytes) -> None:
        """Remember what was made of a folded plate; durable after ``sync``.

        Args:
            fold: The folded plate.
            stretched: ``S``, 32 bytes.
        """
        tag = self._tag(_STRETCHED, fold)
        self._write(self._record(_STRETCHED + tag, stretched))
        self._stretched[tag] = stretched

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        with self._sentences():
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, octets: bytes) -> None:
        """Append, whole."""
        rest = memoryview(octets)
        with self._sentences():
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn the system's errors into ours."""
        try:
            yield
        except OSError as error:
            raise AuthorityError(
                f"{self._file}: cannot be written ({error.strerror}); what was compiled so far is "
                "kept: make room and begin again"
            ) from error

    def _record(self, name: bytes, value: bytes) -> bytes:
        """Return a record of a kind and tag."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return name + nonce + self._cipher.encrypt(nonce, value, name)

    def _take(self, record: bytes) -> None:
        """Take a record of the file; one that is damaged is made anew some time."""
        name, rest = record[:_NAME_BYTES], record[_NAME_BYTES:]
        try:
            value = self._cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], name)
        except InvalidTag:
            return
        if name.startswith(_STRETCHED):
            self._stretched[name[_KIND_BYTES:]] = value
        else:
            self._claimed.add(name[_KIND_BYTES:])

    def _tag(self, kind: bytes, plate: bytes) -> bytes:
        """Return what a plate is called in this file."""
        return hmac.digest(self._key, kind + plate, "sha256")[:_TAG_BYTES]


def _content(file: Path) -> bytearray:
    """Return a file's content, nothing if there is none."""
    try:
        return read_secret_file(file, _MAXIMUM_BYTES)
    except KeyFileMissingError:
        return bytearray()


def _open_at(file: Path, end: int) -> int:
    """Return a descriptor that appends to a file, cut to its whole records."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
    os.ftruncate(descriptor, end)
    return descriptor
