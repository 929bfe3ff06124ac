"""The token keys that a device holds, one pair an epoch, and the file that keeps them.

::

    "EDGE-LPR-KEYS" 02 | purpose (0 live, 1 test) | count (0..8)
    number of the transport key (8 bytes, most significant first, as all numbers here)
    number of the last delivery (8, 0 before the first) | when it was issued (8, UTC since 1970)
    transport key (32: private half, X25519)
    count times: epoch (8) | stretch key (32) | site key (32)

Epochs ascend. All of it changes together, so that a power cut cannot leave the keys of a delivery
without the transport key that comes after it. The file is sealed where the device has something to
seal it under (``sealing.py``). Where keys come from is left to the authority, when an epoch ends
and what a delivery must satisfy to the tokeniser.
"""

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import (
    KeyFileDamagedError,
    KeyFileError,
    KeyFileMissingError,
    NoValidKeyError,
)
from edge_lpr.core.secret_file import read_secret_file
from edge_lpr.core.wipe import wipe
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.overwriting import replace_secret_file
from edge_lpr.tokens.sealing import SealingKey, read_sealed_file
from edge_lpr.tokens.suite1 import KEY_BYTES, TokenKeys

MAXIMUM_EPOCHS: Final = 8
"""Most epochs a device may hold: what a thief of the booth gets."""

TRANSPORT_KEY_BYTES: Final = 32
"""Length of either half of an X25519 key (RFC 7748)."""

MAXIMUM_NUMBER: Final = 2**48 - 1
"""Largest number of a transport key or delivery: what documents hold too."""

_MAGIC: Final = b"EDGE-LPR-KEYS\x02"
_ANY_VERSION: Final = _MAGIC[:-1]
_NUMBER_BYTES: Final = 8
_NUMBERS: Final = 3
_KEY_START: Final = len(_MAGIC) + 2 + _NUMBERS * _NUMBER_BYTES
_HEADER_BYTES: Final = _KEY_START + TRANSPORT_KEY_BYTES
_ENTRY_BYTES: Final = _NUMBER_BYTES + 2 * KEY_BYTES
_SEAL: Final = b"EDGE-LPR-SEALED"
"""How a sealed file begins (``sealing.py``)."""

_MAXIMUM_CONTENT_BYTES: Final = _HEADER_BYTES + MAXIMUM_EPOCHS * _ENTRY_BYTES

_MOST_LOOKED_AT_BYTES: Final = 1_048_576
"""A damaged file may be longer than any sound one; to know that it is ours takes its beginning."""


class KeyPurpose(Enum):
    """What the tokens of a key ring may stand for."""

    LIVE = 0
    """Vehicles that pass a camera."""
    TEST = 1
    """Replayed or rendered frames; such sightings say so."""


class KeyRing:
    """The token keys that a device holds. Its ``repr`` shows nothing.

    One thread makes tokens and wipes past keys, another takes new ones. Whoever looks keys up needs
    no lock: every change puts a new table in the old one's place, in one step of the interpreter.
    Keys are overwritten by the thread that makes tokens alone, so never in the middle of one.
    """

    __slots__ = ("_changing", "_keys", "_purpose")

    def __init__(self, purpose: KeyPurpose, keys: Mapping[int, TokenKeys]) -> None:
        """Take over keys.

        Args:
            purpose: What the tokens may stand for.
            keys: Keys by epoch; wiped by this ring from now on.
        """
        self._purpose = purpose
        self._keys = dict(sorted(keys.items()))
        self._changing = threading.RLock()

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

    @contextmanager
    def changing(self) -> Iterator[Mapping[int, TokenKeys]]:
        """Keep every other change out while keys are looked through, written or exchanged.

        Otherwise keys that are wiped meanwhile could be put back: all zeros, known to everybody.

        Yields:
            The keys by epoch, ascending; not to be modified.
        """
        with self._changing:
            yield self._keys

    def replace(self, keys: Mapping[int, TokenKeys], purpose: KeyPurpose) -> None:
        """Hold these keys from now on, and no others.

        Keys that are held no more are forgotten but not overwritten: a token may be in the making.

        Args:
            keys: Keys by epoch; wiped by this ring from now on.
            purpose: What the tokens may stand for from now on.
        """
        with self._changing:
            self._keys, self._purpose = dict(sorted(keys.items())), purpose

    def wipe_before(self, epoch: int) -> None:
        """Overwrite and forget the keys of every earlier epoch; for the thread that makes tokens.

        Args:
            epoch: First epoch to keep.
        """
        with self._changing:
            past = [keys for held, keys in self._keys.items() if held < epoch]
            self._keys = {held: keys for held, keys in self._keys.items() if held >= epoch}
            for keys in past:
                keys.wipe()


@dataclass(slots=True, repr=False, kw_only=True)
class KeyState:
    """All that a device must remember about token keys. Its ``repr`` shows nothing.

    Raises:
        ValueError: The transport key has another length, or a number is out of range.
    """

    ring: KeyRing
    """Token keys by epoch; there may be none."""
    transport_key: bytearray
    """Private half of the newest transport key, 32 bytes: what deliveries are sealed to."""
    transport_number: int
    """Number of that key; each has a larger one than those before it."""
    delivery_number: int = 0
    """Number of the last delivery that was taken, 0 before the first."""
    issued_at_s: int = 0
    """When that one was issued, UTC since 1970: the clock cannot be right if it is earlier."""

    def __post_init__(self) -> None:
        """Check what the file's fields can hold."""
        if len(self.transport_key) != TRANSPORT_KEY_BYTES:
            msg = f"a transport key has {TRANSPORT_KEY_BYTES} bytes"
            raise ValueError(msg)
        numbers = (self.transport_number, self.delivery_number, self.issued_at_s)
        if not all(0 <= number <= MAXIMUM_NUMBER for number in numbers):
            msg = f"the numbers of a key state lie in 0..{MAXIMUM_NUMBER}"
            raise ValueError(msg)


def read_key_state(path: Path, sealing_key: SealingKey | None = None) -> KeyState:
    """Read what a device remembers about token keys.

    Args:
        path: Key ring file, readable by its owner alone.
        sealing_key: Key that it is sealed under; ``None`` if it is plain (a laboratory).

    Returns:
        Keys and numbers, owned by the caller.

    Raises:
        KeyFileMissingError: There is no such file.
        KeyFileDamagedError: Its content makes no sense, or its seal does not hold: it is damaged,
            or another sealing key than this one has sealed it.
        KeyFileError: The file cannot be read, others can read it, it is sealed where it must be
            plain, or plain where it must be sealed.
    """
    try:
        untrusted_content = read_sealed_file(path, sealing_key, _MAXIMUM_CONTENT_BYTES)
    except KeyFileMissingError:
        raise
    except KeyFileError as error:
        _raise_if_not_damaged(path, sealing_key)
        raise KeyFileDamagedError(str(error)) from error
    try:
        return _parse(path, memoryview(untrusted_content))
    finally:
        wipe(untrusted_content)


def write_key_state(path: Path, state: KeyState, sealing_key: SealingKey | None = None) -> None:
    """Write what a device remembers about token keys, and destroy what it remembered before.

    A crash at any moment leaves the old state or the new one.

    Args:
        path: The file; replaced if it exists, its old content overwritten.
        state: Keys and numbers; 0 to 8 epochs. Not modified.
        sealing_key: Key to seal the file under; ``None`` leaves it plain.

    Raises:
        KeyFileError: The file cannot be written; the old one is as it was.
    """
    with state.ring.changing() as keys:
        content = _pack(state, keys)
    try:
        replace_secret_file(path, content, sealing_key)
    finally:
        wipe(content)


def read_key_ring(path: Path, sealing_key: SealingKey | None = None) -> KeyRing:
    """Read the token keys alone; see ``read_key_state``."""
    state = read_key_state(path, sealing_key)
    wipe(state.transport_key)
    return state.ring


def write_key_ring(
    path: Path,
    purpose: KeyPurpose,
    keys: Mapping[int, tuple[Octets, Octets]],
    sealing_key: SealingKey | None = None,
) -> None:
    """Write token keys for a device that takes no deliveries, with a random transport key.

    Args:
        path: The file; replaced if it exists, its old content overwritten.
        purpose: What the tokens may stand for.
        keys: Stretch key and site key, 32 bytes each, by epoch; 1 to 8 epochs. Not modified.
        sealing_key: Key to seal the file under; ``None`` leaves it plain.

    Raises:
        KeyFileError: The file cannot be written.
    """
    if not keys:
        msg = f"a key ring holds 1 to {MAXIMUM_EPOCHS} epochs, not {len(keys)}"
        raise ValueError(msg)
    ring = KeyRing(purpose, {epoch: TokenKeys(*pair) for epoch, pair in keys.items()})
    transport_key = bytearray(secrets.token_bytes(TRANSPORT_KEY_BYTES))
    state = KeyState(ring=ring, transport_key=transport_key, transport_number=1)
    try:
        write_key_state(path, state, sealing_key)
    finally:
        wipe(transport_key)
        ring.wipe_before(max(keys) + 1)


def _raise_if_not_damaged(path: Path, sealing_key: SealingKey | None) -> None:
    """Raise what makes a file unfit other than damage: who can read it, or that it has no seal."""
    untrusted_content = read_secret_file(path, _MOST_LOOKED_AT_BYTES)
    try:
        if sealing_key is None and untrusted_content.startswith(_SEAL):
            raise KeyFileError(
                f"{path}: is sealed; tokeniser.sealing_key_file must name the key that opens it"
            )
        if sealing_key is not None and untrusted_content.startswith(_ANY_VERSION):
            raise KeyFileError(
                f"{path}: is not sealed, though tokeniser.sealing_key_file is set; treat its keys "
                "as known, and enrol the device again"
            )
    finally:
        wipe(untrusted_content)


def _pack(state: KeyState, keys: Mapping[int, TokenKeys]) -> bytearray:
    """Return the content of the file, owned by the caller, who wipes it."""
    if len(keys) > MAXIMUM_EPOCHS:
        msg = f"a key ring holds 1 to {MAXIMUM_EPOCHS} epochs, not {len(keys)}"
        raise ValueError(msg)
    # As long as it will ever be: a bytearray that grows leaves copies of the keys behind.
    content = bytearray(_HEADER_BYTES + len(keys) * _ENTRY_BYTES)
    content[: len(_MAGIC)] = _MAGIC
    content[len(_MAGIC) : len(_MAGIC) + 2] = bytes((state.ring.purpose.value, len(keys)))
    numbers = (state.transport_number, state.delivery_number, state.issued_at_s)
    packed = b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers)
    content[len(_MAGIC) + 2 : _KEY_START] = packed
    content[_KEY_START:_HEADER_BYTES] = state.transport_key
    for index, (epoch, pair) in enumerate(keys.items()):
        entry = memoryview(content)[_HEADER_BYTES + index * _ENTRY_BYTES :]
        entry[:_NUMBER_BYTES] = epoch.to_bytes(_NUMBER_BYTES, "big")
        entry[_NUMBER_BYTES : _NUMBER_BYTES + KEY_BYTES] = pair.stretch_key
        entry[_NUMBER_BYTES + KEY_BYTES : _ENTRY_BYTES] = pair.site_key
    return content


def _parse(path: Path, untrusted: memoryview) -> KeyState:
    """Return the state that a file's content describes; every byte must be accounted for."""
    if len(untrusted) < _HEADER_BYTES or bytes(untrusted[: len(_MAGIC)]) != _MAGIC:
        raise KeyFileDamagedError(
            f"{path}: is no key ring of this version; the authority must deliver keys again"
        )
    purpose, count = untrusted[len(_MAGIC) : len(_MAGIC) + 2]
    entries = untrusted[_HEADER_BYTES:]
    if purpose > 1 or count > MAXIMUM_EPOCHS or len(entries) != count * _ENTRY_BYTES:
        raise KeyFileDamagedError(f"{path}: is damaged; the authority must deliver keys again")
    transport_number, delivery_number, issued_at_s = (
        int.from_bytes(untrusted[start : start + _NUMBER_BYTES], "big")
        for start in range(len(_MAGIC) + 2, _KEY_START, _NUMBER_BYTES)
    )
    keys = _parse_entries(path, entries)
    try:
        return KeyState(
            ring=KeyRing(KeyPurpose(purpose), keys),
            transport_key=bytearray(untrusted[_KEY_START:_HEADER_BYTES]),
            transport_number=transport_number,
            delivery_number=delivery_number,
            issued_at_s=issued_at_s,
        )
    except ValueError as error:
        raise KeyFileDamagedError(
            f"{path}: is damaged ({error}); the authority must deliver keys again"
        ) from error


def _parse_entries(path: Path, untrusted: memoryview) -> dict[int, TokenKeys]:
    """Return the keys by epoch."""
    keys: dict[int, TokenKeys] = {}
    for start in range(0, len(untrusted), _ENTRY_BYTES):
        entry = untrusted[start : start + _ENTRY_BYTES]
        epoch = int.from_bytes(entry[:_NUMBER_BYTES], "big")
        if keys and epoch <= max(keys):
            raise KeyFileDamagedError(f"{path}: its epochs do not ascend; keys must come again")
        site_start = _NUMBER_BYTES + KEY_BYTES
        keys[epoch] = TokenKeys(entry[_NUMBER_BYTES:site_start], entry[site_start:])
    return keys
