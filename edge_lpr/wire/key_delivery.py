"""A delivery: the authority brings the next token keys to one device.

A JWS of the authority outside, whose payload is a JWE to the device's newest transport key. The
signature is checked before anything inside is parsed, so that only the authority's documents ever
reach the decryption. Plaintext of the JWE::

    claims as compact JSON, without a secret | LF | for each epoch: K_stretch (32) | K_site (32)

The keys stand apart from the claims because JSON would leave them in strings, which nobody can
wipe.

One delivery brings all its epochs: the device replaces its transport key after each (decision
0023). That it is for this device, in time and newer than the last one is left to the tokeniser.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import WireError
from edge_lpr.core.wipe import wipe
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import (
    MAXIMUM_EPOCH,
    MAXIMUM_HELD_EPOCHS,
    MAXIMUM_SEQUENCE,
    MAXIMUM_UNIX_S,
    require_range,
)
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.jwe import TransportKey, TransportPublicKey, open_sealed, seal
from edge_lpr.wire.topics import DeviceAddress

DELIVERY_TYP: Final = "lpr-keys+jws"
"""Kind of the signed document, in its header."""

SEALED_KEYS_TYP: Final = "lpr-keys+jwe"
"""Kind of the sealed document inside it."""

MAXIMUM_DELIVERY_BYTES: Final = 4096
"""Longest signed delivery; the longest possible one has 1,937."""

_CONTRACT_VERSION: Final = 1
_KEY_BYTES: Final = 32
_PURPOSES: Final = {"live": KeyPurpose.LIVE, "test": KeyPurpose.TEST}
_WORDS: Final = {purpose: word for word, purpose in _PURPOSES.items()}


@dataclass(frozen=True, slots=True, repr=False)
class EpochKeys:
    """The two keys of one epoch. No ``repr``: it holds secrets."""

    epoch: int
    """Key epoch, days since 1970."""
    stretch: Octets
    """``K_stretch`` of the epoch, 32 bytes."""
    site: Octets
    """``K_site`` of site and epoch, 32 bytes."""

    def __post_init__(self) -> None:
        """Refuse what no delivery can hold.

        Raises:
            WireError: The epoch is out of bounds, or a key has another length.
        """
        require_range("epoch", self.epoch, 0, MAXIMUM_EPOCH)
        if len(self.stretch) != _KEY_BYTES or len(self.site) != _KEY_BYTES:
            raise WireError(f"token keys have {_KEY_BYTES} bytes each")

    def wipe(self) -> None:
        """Overwrite the keys where they can be: in memory as ``open_delivery`` gives it."""
        for key in (self.stretch, self.site):
            if isinstance(key, bytearray):
                wipe(key)


@dataclass(frozen=True, slots=True, repr=False)
class KeyDelivery:
    """What the authority brings to a device. No ``repr``: it holds keys."""

    address: DeviceAddress
    """The device that it is for."""
    number: int
    """From 1, rising with every delivery to this device: an older one is a replay."""
    issued_at: int
    """When it was made, UTC in whole seconds since 1970."""
    last_valid: int
    """Last second at which it may be accepted, UTC since 1970."""
    purpose: KeyPurpose
    """What the tokens of these keys may stand for."""
    keys: tuple[EpochKeys, ...]
    """1 to 8 epochs, ascending."""

    def __post_init__(self) -> None:
        """Refuse a delivery out of bounds.

        Raises:
            WireError: A number is out of bounds, or the epochs do not ascend.
        """
        require_range("number", self.number, 1, MAXIMUM_SEQUENCE)
        require_range("issued_at", self.issued_at, 0, MAXIMUM_UNIX_S)
        require_range("last_valid", self.last_valid, self.issued_at, MAXIMUM_UNIX_S)
        require_range("number of epochs", len(self.keys), 1, MAXIMUM_HELD_EPOCHS)
        epochs = [each.epoch for each in self.keys]
        if epochs != sorted(set(epochs)):
            raise WireError("the epochs of a delivery must ascend, each once")

    def wipe(self) -> None:
        """Overwrite the keys, as ``EpochKeys.wipe`` does."""
        for each in self.keys:
            each.wipe()


def sign_delivery(
    delivery: KeyDelivery, recipient: TransportPublicKey, authority_key: jws.SigningKey
) -> bytes:
    """Return a delivery, sealed to the device and signed by the authority.

    Args:
        delivery: What it brings.
        recipient: The device's newest transport key, out of a verified announcement.
        authority_key: Key of the authority, which the device pins.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_DELIVERY_BYTES`` long.
    """
    plaintext = bytearray(_encode(delivery) + b"\n")
    try:
        for each in delivery.keys:
            plaintext += each.stretch
            plaintext += each.site
        return authority_key.sign(DELIVERY_TYP, seal(plaintext, recipient, SEALED_KEYS_TYP))
    finally:
        wipe(plaintext)


def open_delivery(
    untrusted_document: bytes, authority: jws.PublicKey, transport_key: TransportKey
) -> KeyDelivery:
    """Return what a delivery brings, once the authority's signature holds.

    Args:
        untrusted_document: As received, of any length.
        authority: The pinned key of the authority.
        transport_key: The device's newest transport key.

    Returns:
        The delivery; address, number and times are the caller's to judge, who wipes it.

    Raises:
        WireError: It is no delivery of this contract.
        SealedToOtherKeyError: The authority has sealed it to another transport key.
        VerificationError: The authority has not signed it, or it does not open.
    """
    document = jws.parse(untrusted_document, MAXIMUM_DELIVERY_BYTES)
    sealed = document.verified(DELIVERY_TYP, authority)
    plaintext = open_sealed(sealed, transport_key, SEALED_KEYS_TYP, MAXIMUM_DELIVERY_BYTES)
    try:
        return _decode(plaintext)
    finally:
        wipe(plaintext)


def _encode(delivery: KeyDelivery) -> bytes:
    """Return the claims: everything but the keys."""
    return encode_claims(
        {
            "v": _CONTRACT_VERSION,
            "tenant": delivery.address.tenant,
            "site": delivery.address.site,
            "device": delivery.address.device,
            "number": delivery.number,
            "issued_at": delivery.issued_at,
            "last_valid": delivery.last_valid,
            "purpose": _WORDS[delivery.purpose],
            "epochs": tuple(each.epoch for each in delivery.keys),
        }
    )


def _decode(plaintext: bytearray) -> KeyDelivery:
    """Return what a plaintext says, every byte accounted for."""
    end = max(plaintext.find(b"\n"), 0)
    reader = ClaimReader(bytes(plaintext[:end]), "delivery")
    reader.constant("v", _CONTRACT_VERSION)
    address = DeviceAddress(reader.text("tenant"), reader.text("site"), reader.text("device"))
    number = reader.integer("number")
    issued_at, last_valid = reader.integer("issued_at"), reader.integer("last_valid")
    purpose = reader.text("purpose")
    epochs = reader.numbers("epochs", MAXIMUM_HELD_EPOCHS)
    reader.nothing_else()
    if purpose not in _PURPOSES:
        raise WireError("'purpose' of the delivery must be live or test")
    keys = _keys(epochs, plaintext, end + 1)
    return KeyDelivery(address, number, issued_at, last_valid, _PURPOSES[purpose], keys)


def _keys(epochs: Sequence[int], plaintext: bytearray, start: int) -> tuple[EpochKeys, ...]:
    """Return the keys that follow the claims, in memory of their own."""
    if len(plaintext) - start != len(epochs) * 2 * _KEY_BYTES:
        raise WireError("the delivery does not hold two keys for each of its epochs")
    middles = range(start + _KEY_BYTES, len(plaintext), 2 * _KEY_BYTES)
    return tuple(
        EpochKeys(
            epoch, plaintext[middle - _KEY_BYTES : middle], plaintext[middle : middle + _KEY_BYTES]
        )
        for epoch, middle in zip(epochs, middles, strict=True)
    )
