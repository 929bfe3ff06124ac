"""A checkpoint of a booth's audit log: how many entries it has, and the one root over them.

A signed note in the form of C2SP, so that an auditor's own tools read it: the text of a
tlog-checkpoint, a blank line, and one signature line of the booth's event key. Nothing else that
this key signs has a line end in it, so no document passes for another. ::

    edge-lpr/agency/north-crossing/booth-1
    2016
    q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=

    — edge-lpr/agency/north-crossing/booth-1 WFVnCh…
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE, require_length, require_range
from edge_lpr.wire.jws import PublicKey, SigningKey
from edge_lpr.wire.topics import DeviceAddress

MAXIMUM_CHECKPOINT_BYTES: Final = 384
"""Longest checkpoint; the longest possible one has 375."""

ROOT_BYTES: Final = 32
"""Length of the root: SHA-256."""

_ORIGIN_PREFIX: Final = "edge-lpr/"
_ED25519: Final = b"\x01"
"""Kind of signature (c2sp.org/signed-note, "Signature types")."""

_KEY_ID_BYTES: Final = 4
_SIGNATURE_BYTES: Final = 64
_NOTE: Final = re.compile(
    r"(?P<text>(?P<origin>[\x21-\x7e]{1,120})\n(?P<size>[1-9][0-9]{0,14})\n(?P<root>\S{1,64})\n)"
    r"\n\u2014 (?P<name>[\x21-\x7e]{1,120}) (?P<signature>\S{1,128})\n"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says."""

    address: DeviceAddress
    """Which booth."""
    size: int
    """How many entries its log has, from 1."""
    root: bytes
    """Root of the Merkle tree over them, 32 bytes."""

    def __post_init__(self) -> None:
        """Refuse values out of bounds.

        Raises:
            WireError: A value is out of bounds.
        """
        require_range("size", self.size, 1, MAXIMUM_SEQUENCE)
        require_length("root", self.root, ROOT_BYTES)

    @property
    def origin(self) -> str:
        """Name of the log, and of the key that signs it."""
        return origin_of(self.address)

    def text(self) -> bytes:
        """Return what is signed.

        Source:
            c2sp.org/tlog-checkpoint, "Note text"; without extension lines.
        """
        root = base64.b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{root}\n".encode("ascii")


@dataclass(frozen=True, slots=True, repr=False)
class UntrustedCheckpoint:
    """A well-formed checkpoint whose signature nobody has checked yet."""

    untrusted: Checkpoint
    """What it says."""
    key_id: bytes
    """Names the key that is said to have signed it, 4 bytes."""
    _signature: bytes

    def is_by(self, key: PublicKey) -> bool:
        """Return whether it names a key as its signer; the signature is not looked at."""
        return self.key_id == note_key_id(self.untrusted.origin, key)

    def verified(self, key: PublicKey) -> Checkpoint:
        """Return what it says once key and signature hold.

        Args:
            key: The booth's event key, as its certificate names it.

        Raises:
            VerificationError: The key has not signed it.
        """
        if not self.is_by(key):
            raise VerificationError("another key than the expected one is named as the signer")
        if not key.is_signature(self._signature, self.untrusted.text()):
            raise VerificationError("the signature of the checkpoint does not hold")
        return self.untrusted


def origin_of(address: DeviceAddress) -> str:
    """Return the name of a booth's log."""
    return f"{_ORIGIN_PREFIX}{address.tenant}/{address.site}/{address.device}"


def note_key_id(name: str, key: PublicKey) -> bytes:
    """Return the four bytes that name a key in a signature line.

    Args:
        name: Of the key: the origin.
        key: The public key.

    Source:
        c2sp.org/signed-note, "Signatures": SHA-256 of name, line feed, kind and key.
    """
    named = name.encode("ascii") + b"\n" + _ED25519 + key.octets
    return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]


def sign_checkpoint(checkpoint: Checkpoint, event_key: SigningKey) -> bytes:
    """Return a signed checkpoint.

    Args:
        checkpoint: What it says.
        event_key: The booth's event key, the one that its certificate names.

    Returns:
        A signed note, UTF-8, at most ``MAXIMUM_CHECKPOINT_BYTES`` long.
    """
    text = checkpoint.text()
    key_id = note_key_id(checkpoint.origin, event_key.public_key)
    signature = base64.b64encode(key_id + event_key.sign_note(text)).decode("ascii")
    return text + f"\n\u2014 {checkpoint.origin} {signature}\n".encode()


def parse_checkpoint(untrusted_document: bytes) -> UntrustedCheckpoint:
    """Take a signed checkpoint apart without believing it.

    Args:
        untrusted_document: As received, of any length.

    Returns:
        Its parts.

    Raises:
        WireError: It is too long, or no checkpoint of the one form that booths write.
    """
    if len(untrusted_document) > MAXIMUM_CHECKPOINT_BYTES:
        raise WireError(f"a checkpoint has at most {MAXIMUM_CHECKPOINT_BYTES} bytes")
    found = _NOTE.fullmatch(untrusted_document.decode("utf-8", "replace"))
    if found is None or found["name"] != found["origin"]:
        raise WireError(
            "this is no checkpoint: it needs origin, size, root, a blank line, and one signature "
            "line of the origin's own key"
        )
    signature = _octets(found["signature"])
    require_length("signature", signature, _KEY_ID_BYTES + _SIGNATURE_BYTES)
    checkpoint = Checkpoint(_address(found["origin"]), int(found["size"]), _octets(found["root"]))
    return UntrustedCheckpoint(checkpoint, signature[:_KEY_ID_BYTES], signature[_KEY_ID_BYTES:])


def _address(untrusted_origin: str) -> DeviceAddress:
    """Return the booth that an origin names."""
    parts = untrusted_origin.removeprefix(_ORIGIN_PREFIX).split("/")
    if not untrusted_origin.startswith(_ORIGIN_PREFIX) or len(parts) != len(("t", "s", "d")):
        raise WireError("the origin of a checkpoint is edge-lpr/{tenant}/{site}/{device}")
    return DeviceAddress(*parts)


def _octets(untrusted_text: str) -> bytes:
    """Return the bytes of strict base64 with padding: one text for every bytes."""
    try:
        octets = base64.b64decode(untrusted_text.encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError("a part of the checkpoint is no base64") from error
    if base64.b64encode(octets).decode("ascii") != untrusted_text:
        raise WireError("a base64 part of the checkpoint has stray bits at its end")
    return octets
