"""The file that holds a device's token keys, one pair an epoch.

::

    "EDGE-LPR-KEYS" 01 | purpose (0 live, 1 test) | count (1..8)
    count times: epoch (8 bytes, most significant first) | stretch key (32) | site key (32)

Epochs ascend. Where the keys come from (the authority) and when an epoch ends (the tokeniser)
are left to others.
"""

import struct
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import KeyFileError, NoValidKeyError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.core.wipe import wipe
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.suite1 import KEY_BYTES, TokenKeys

MAXIMUM_EPOCHS: Final = 8
"""Most epochs a device may hold: what a thief of the booth gets."""

_MAGIC: Final = b"EDGE-LPR-KEYS\x01"
_HEADER: Final = struct.Struct(f"> {len(_MAGIC)}s B B")
_ENTRY: Final = struct.Struct(f"> Q {KEY_BYTES}s {KEY_BYTES}s")
_MAXIMUM_FILE_BYTES: Final = _HEADER.size + MAXIMUM_EPOCHS * _ENTRY.size
_EPOCH_BYTES: Final = 8


class KeyPurpose(Enum):
    """What the tokens of a key ring may stand for."""

    LIVE = 0
    """Vehicles that pass a camera."""
    TEST = 1
    """Replayed or rendered frames; such sightings say so."""


class KeyRing:
    """The token keys that a device holds. Its ``repr`` shows nothing."""

    __slots__ = ("_keys", "_purpose")

    def __init__(self, purpose: KeyPurpose, keys: Mapping[int, TokenKeys]) -> None:
        """Take over keys.

        Args:
            purpose: What the tokens may stand for.
            keys: Keys by epoch; wiped by this ring from now on.
        """
        self._purpose = purpose
        self._keys = dict(sorted(keys.items()))

    @property
    def purpose(self) -> KeyPurpose:
        """What the tokens may stand for."""
        return self._purpose

    def epochs(self) -> tuple[int, ...]:
        """Return the epochs there are keys for, ascending."""
        return tuple(self._keys)

    def keys_for(self, epoch: int) -> TokenKeys:
        """Return the keys of an epoch.

        Args:
            epoch: Days since 1970.

        Returns:
            The keys, owned by the ring.

        Raises:
            NoValidKeyError: The ring holds none for this epoch; no other epoch's will do.
        """
        try:
            return self._keys[epoch]
        except KeyError as error:
            raise NoValidKeyError(
                f"no token key for epoch {epoch}; the authority must issue one to this device"
            ) from error

    def wipe_before(self, epoch: int) -> None:
        """Overwrite and forget the keys of every earlier epoch.

        Args:
            epoch: First epoch to keep.
        """
        for past in [held for held in self._keys if held < epoch]:
            self._keys.pop(past).wipe()


def read_key_ring(path: Path) -> KeyRing:
    """Read a device's token keys.

    Args:
        path: Key ring file, readable by its owner alone.

    Returns:
        The keys.

    Raises:
        KeyFileError: The file is missing, readable by others or damaged.
    """
    untrusted_content = read_secret_file(path, _MAXIMUM_FILE_BYTES)
    try:
        return _parse(path, memoryview(untrusted_content))
    finally:
        wipe(untrusted_content)


def write_key_ring(
    path: Path, purpose: KeyPurpose, keys: Mapping[int, tuple[Octets, Octets]]
) -> None:
    """Write a key ring file that only its owner can read, whole or not at all.

    Args:
        path: The file; replaced if it exists.
        purpose: What the tokens may stand for.
        keys: Stretch key and site key, 32 bytes each, by epoch; 1 to 8 epochs. Not modified.

    Raises:
        KeyFileError: The file cannot be written.
    """
    if not 1 <= len(keys) <= MAXIMUM_EPOCHS:
        msg = f"a key ring holds 1 to {MAXIMUM_EPOCHS} epochs, not {len(keys)}"
        raise ValueError(msg)
    content = bytearray(_HEADER.pack(_MAGIC, purpose.value, len(keys)))
    for epoch, (stretch_key, site_key) in sorted(keys.items()):
        if len(stretch_key) != KEY_BYTES or len(site_key) != KEY_BYTES:
            msg = f"token keys have {KEY_BYTES} bytes each"
            raise ValueError(msg)
        content += epoch.to_bytes(_EPOCH_BYTES, "big")
        content += stretch_key
        content += site_key
    try:
        write_secret_file(path, content)
    finally:
        wipe(content)


def _parse(path: Path, untrusted: memoryview) -> KeyRing:
    """Return the ring that a file's content describes; every byte must be accounted for."""
    if len(untrusted) < _HEADER.size or bytes(untrusted[: len(_MAGIC)]) != _MAGIC:
        raise KeyFileError(f"{path}: is no key ring; the authority must issue it again")
    purpose, count = untrusted[len(_MAGIC) : _HEADER.size]
    entries = untrusted[_HEADER.size :]
    if purpose > 1 or not 1 <= count <= MAXIMUM_EPOCHS or len(entries) != count * _ENTRY.size:
        raise KeyFileError(f"{path}: is damaged; the authority must issue it again")
    keys: dict[int, TokenKeys] = {}
    for start in range(0, len(entries), _ENTRY.size):
        entry = entries[start : start + _ENTRY.size]
        epoch = int.from_bytes(entry[:_EPOCH_BYTES], "big")
        if keys and epoch <= max(keys):
            raise KeyFileError(f"{path}: its epochs do not ascend; it must be issued again")
        site_start = _EPOCH_BYTES + KEY_BYTES
        keys[epoch] = TokenKeys(entry[_EPOCH_BYTES:site_start], entry[site_start:])
    return KeyRing(KeyPurpose(purpose), keys)
