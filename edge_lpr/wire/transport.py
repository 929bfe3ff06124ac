"""An announcement: a device says which transport key is its newest, and which epochs it holds.

Signed by the device's event key, whose certificate stands inside, so that the authority needs
nothing else to believe it. Retained by the broker: the authority finds it whenever it comes. A
number that rises tells it from a replay; to keep the largest one is left to the authority, and so
is comparing the certificate's address with the topic.
"""

import re
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import WireError
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import (
    MAXIMUM_EPOCH,
    MAXIMUM_HELD_EPOCHS,
    MAXIMUM_SEQUENCE,
    MAXIMUM_UNIX_S,
    require_match,
    require_range,
)
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.device_certificate import DeviceCertificate, verify_certificate
from edge_lpr.wire.jwe import TransportPublicKey

TRANSPORT_TYP: Final = "lpr-transport+jws"
"""Kind of document, in the signed header."""

MAXIMUM_TRANSPORT_BYTES: Final = 2048
"""Longest signed announcement; the longest possible one has 1,812."""

_CONTRACT_VERSION: Final = 1
_CERTIFICATE_PATTERN: Final = re.compile(r"[A-Za-z0-9_.-]{1,1024}")


@dataclass(frozen=True, slots=True)
class TransportClaims:
    """What an announcement says."""

    certificate: bytes
    """The device certificate, signed by the authority, as text."""
    number: int
    """From 1, rising with every announcement of this device, also across restarts."""
    key: TransportPublicKey
    """The newest key: what is sealed to an older one cannot be opened any more."""
    epochs: tuple[int, ...]
    """Key epochs that the device holds, ascending; 0 to 8."""
    delivery: int
    """Number of the last delivery that was accepted; 0 before the first."""
    at: int
    """When this was signed, UTC in whole seconds since 1970, as far as the device knows."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_match("certificate", self.certificate.decode("latin-1"), _CERTIFICATE_PATTERN)
        require_range("number", self.number, 1, MAXIMUM_SEQUENCE)
        require_range("delivery", self.delivery, 0, MAXIMUM_SEQUENCE)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)
        require_range("number of epochs", len(self.epochs), 0, MAXIMUM_HELD_EPOCHS)
        for epoch in self.epochs:
            require_range("epochs", epoch, 0, MAXIMUM_EPOCH)
        if list(self.epochs) != sorted(set(self.epochs)):
            raise WireError("the epochs of an announcement must ascend, each once")

    def encode(self) -> bytes:
        """Return the claims as compact JSON."""
        return encode_claims(
            {
                "v": _CONTRACT_VERSION,
                "certificate": self.certificate.decode("ascii"),
                "number": self.number,
                "key": self.key.octets,
                "epochs": self.epochs,
                "delivery": self.delivery,
                "at": self.at,
            }
        )

    @classmethod
    def decode(cls, untrusted_payload: bytes) -> "TransportClaims":
        """Return what a payload says, every claim within its bounds.

        Args:
            untrusted_payload: Payload of an announcement, at most ``MAXIMUM_TRANSPORT_BYTES``
                long.

        Returns:
            The claims.

        Raises:
            WireError: The payload is none of this contract.
        """
        reader = ClaimReader(untrusted_payload, "announcement")
        reader.constant("v", _CONTRACT_VERSION)
        claims = cls(
            certificate=reader.text("certificate").encode("utf-8", "replace"),
            number=reader.integer("number"),
            key=TransportPublicKey(reader.octets("key")),
            epochs=reader.numbers("epochs", MAXIMUM_HELD_EPOCHS),
            delivery=reader.integer("delivery"),
            at=reader.integer("at"),
        )
        reader.nothing_else()
        return claims


def sign_transport(claims: TransportClaims, event_key: jws.SigningKey) -> bytes:
    """Return a signed announcement.

    Args:
        claims: What it says.
        event_key: The device's event key, the one that the certificate names.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_TRANSPORT_BYTES`` long.
    """
    return event_key.sign(TRANSPORT_TYP, claims.encode())


def verify_transport(
    untrusted_document: bytes, authority: jws.PublicKey, unix_s: int
) -> tuple[DeviceCertificate, TransportClaims]:
    """Return what an announcement says once the authority vouches for the key that signed it.

    Args:
        untrusted_document: As received, of any length.
        authority: The authority's own key.
        unix_s: Now, UTC in whole seconds since 1970.

    Returns:
        Who the device is, and what it says.

    Raises:
        WireError: It is no announcement of this contract.
        VerificationError: The authority has not certified its key, does not now, or the key has
            not signed it.
    """
    document = jws.parse(untrusted_document, MAXIMUM_TRANSPORT_BYTES)
    # Read before it is verified: only the certificate inside tells which key must have signed.
    untrusted_claims = TransportClaims.decode(document.untrusted_payload)
    certificate = verify_certificate(untrusted_claims.certificate, authority, unix_s)
    document.verified(TRANSPORT_TYP, certificate.event_key)
    return certificate, untrusted_claims
