"""Secret files of a device, sealed under a key that the flash card does not hold.

Pulling the card out must give a thief ciphertext. The key is opened by the board's TPM or lies
on an encrypted disk (``docs/custody.md``); where it comes from is left to the service manager.

::

    "EDGE-LPR-SEALED" 01 | nonce (12) | AES-256-GCM: the content, then its tag (16)

The nonce is random. The magic and the file's own name are authenticated too, so that one sealed
file cannot be put in the place of another. Whether a file must be sealed is decided by who reads
it, never by the file: sealed without a key and plain with one are both refused.
"""

import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from edge_lpr.core.errors import KeyFileError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.core.wipe import wipe

SEALING_KEY_BYTES: Final = 32
"""Length of the key: AES-256."""

_MAGIC: Final = b"EDGE-LPR-SEALED\x01"
_NONCE_BYTES: Final = 12
"""GCM's own length; random, which NIST SP 800-38D allows 2^32 times a key, and a device writes a
few files a day."""

_TAG_BYTES: Final = 16
_PREFIX_BYTES: Final = len(_MAGIC) + _NONCE_BYTES
_OVERHEAD_BYTES: Final = _PREFIX_BYTES + _TAG_BYTES
_BLOCK_ROOM_BYTES: Final = 15
"""``update_into`` asks for this much more than it writes, whatever the mode."""


class SealingKey:
    """The key that a device's secret files are sealed under. Its ``repr`` shows nothing."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes | bytearray) -> None:
        """Copy a key into memory that can be wiped.

        Args:
            octets: 32 bytes. Not modified; the caller wipes them.
        """
        if len(octets) != SEALING_KEY_BYTES:
            msg = f"a sealing key has {SEALING_KEY_BYTES} bytes"
            raise ValueError(msg)
        self._octets = bytearray(octets)

    def cipher(self, nonce: bytes | bytearray, tag: bytes | None = None) -> Cipher[GCM]:
        """Return the cipher under this key.

        Args:
            nonce: 12 bytes, never used before with this key when sealing.
            tag: 16 bytes when opening; ``None`` when sealing.
        """
        return Cipher(AES(self._octets), GCM(nonce, tag))

    def wipe(self) -> None:
        """Overwrite the key; it opens nothing any more."""
        wipe(self._octets)


def read_sealing_key(path: Path) -> SealingKey:
    """Read the key that a device's secret files are sealed under.

    Args:
        path: File with the 32 raw bytes, readable by its owner alone.

    Returns:
        The key.

    Raises:
        KeyFileError: The file is missing, readable by others or of another length.
    """
    untrusted_content = read_secret_file(path, SEALING_KEY_BYTES)
    try:
        if len(untrusted_content) != SEALING_KEY_BYTES:
            raise KeyFileError(f"{path}: a sealing key has {SEALING_KEY_BYTES} raw bytes")
        return SealingKey(untrusted_content)
    finally:
        wipe(untrusted_content)


def read_sealed_file(path: Path, sealing_key: SealingKey | None, maximum_bytes: int) -> bytearray:
    """Read a secret file, opening its seal.

    Args:
        path: The file, readable by its owner alone, under the name that it was sealed for.
        sealing_key: Key it must be sealed under; ``None`` if it must be plain (a laboratory).
        maximum_bytes: Longest content, without the seal; a longer one is refused unread.

    Returns:
        The content, owned by the caller, who wipes it.

    Raises:
        KeyFileMissingError: There is no such file.
        KeyFileError: It is readable by others, too long, sealed where it must be plain or plain
            where it must be sealed; or its seal does not hold: another key, another name, or a
            changed byte.
    """
    untrusted_content = read_secret_file(path, maximum_bytes + _OVERHEAD_BYTES)
    is_sealed = untrusted_content.startswith(_MAGIC)
    if sealing_key is None:
        if is_sealed:
            raise KeyFileError(
                f"{path}: is sealed; tokeniser.sealing_key_file must name the key that opens it"
            )
        if len(untrusted_content) > maximum_bytes:
            wipe(untrusted_content)
            raise KeyFileError(f"{path}: longer than {maximum_bytes} bytes, so another file")
        return untrusted_content
    if not is_sealed:
        wipe(untrusted_content)
        raise KeyFileError(
            f"{path}: is not sealed, though tokeniser.sealing_key_file is set; treat what is in "
            "it as known, and enrol the device again"
        )
    return _open(path, sealing_key, untrusted_content)


def write_sealed_file(
    path: Path, content: bytes | bytearray, sealing_key: SealingKey | None
) -> None:
    """Write a secret file, sealed, whole or not at all.

    A card keeps the blocks of an overwritten file for a while: of a sealed file they are
    ciphertext, of a plain one they are its secrets.

    Args:
        path: The file; replaced if it exists. It can be read under this name only.
        content: What it shall hold. Not modified.
        sealing_key: Key to seal it under; ``None`` leaves it plain (a laboratory).

    Raises:
        KeyFileError: The file cannot be written.
    """
    if sealing_key is None:
        write_secret_file(path, content)
        return
    nonce = secrets.token_bytes(_NONCE_BYTES)
    encryptor = sealing_key.cipher(nonce).encryptor()
    encryptor.authenticate_additional_data(_additional_data(path))
    ciphertext = encryptor.update(content) + encryptor.finalize()
    write_secret_file(path, _MAGIC + nonce + ciphertext + encryptor.tag)


def _open(path: Path, sealing_key: SealingKey, untrusted: bytearray) -> bytearray:
    """Return the content of a sealed file; nothing of it is left behind if the seal is broken."""
    length = len(untrusted) - _OVERHEAD_BYTES
    if length < 0:
        raise KeyFileError(f"{path}: is damaged: its end is missing; enrol the device again")
    nonce = untrusted[len(_MAGIC) : _PREFIX_BYTES]
    decryptor = sealing_key.cipher(nonce, bytes(untrusted[-_TAG_BYTES:])).decryptor()
    decryptor.authenticate_additional_data(_additional_data(path))
    # Into memory of our own: AESGCM.decrypt would leave a copy in ``bytes`` that nobody can wipe.
    content = bytearray(length + _BLOCK_ROOM_BYTES)
    decryptor.update_into(untrusted[_PREFIX_BYTES:-_TAG_BYTES], content)
    try:
        decryptor.finalize()
    except InvalidTag as error:
        wipe(content)
        raise KeyFileError(
            f"{path}: cannot be opened with this device's sealing key: sealed by another device, "
            "under another name, or damaged; enrol the device again"
        ) from error
    opened = content[:length]
    wipe(content)
    return opened


def _additional_data(path: Path) -> bytes:
    """Return what is authenticated besides the content."""
    return _MAGIC + os.fsencode(path.name)
