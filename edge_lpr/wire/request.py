"""A request: a registered consumer asks a device for sightings again.

Signed by the consumer's own request key, whose public half the device has in its settings. The
device answers on the usual topics: with the very documents that it sent before, and with a gap for
what it no longer has.
"""

from dataclasses import dataclass
from typing import Final

from edge_lpr.wire import jws
from edge_lpr.wire.bounds import (
    BOOT_PATTERN,
    MAXIMUM_SEQUENCE,
    MAXIMUM_UNIX_S,
    require_match,
    require_range,
)
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.topics import DeviceAddress

REQUEST_TYP: Final = "lpr-request+jws"
"""Kind of document, in the signed header."""

MAXIMUM_REQUEST_BYTES: Final = 512
"""Longest signed request; the longest possible one has 476."""

MAXIMUM_REQUESTED: Final = 10_000
"""Most sightings that one request asks for: five megabytes, within a booth's daily budget."""

_CONTRACT_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class RequestClaims:
    """What a request says."""

    address: DeviceAddress
    """Which device is asked: a request cannot be played to another one."""
    boot: str
    """Boot id of the sightings, 16 hexadecimal digits."""
    first: int
    """Smallest number wanted."""
    last: int
    """Largest number wanted; at most ``MAXIMUM_REQUESTED`` in all."""
    at: int
    """When it was signed, UTC in whole seconds since 1970: it is worth an hour."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_match("boot", self.boot, BOOT_PATTERN)
        require_range("first", self.first, 1, MAXIMUM_SEQUENCE)
        most = min(MAXIMUM_SEQUENCE, self.first + MAXIMUM_REQUESTED - 1)
        require_range("last", self.last, self.first, most)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)

    def encode(self) -> bytes:
        """Return the claims as compact JSON."""
        return encode_claims(
            {
                "v": _CONTRACT_VERSION,
                "tenant": self.address.tenant,
                "site": self.address.site,
                "device": self.address.device,
                "boot": self.boot,
                "first": self.first,
                "last": self.last,
                "at": self.at,
            }
        )

    @classmethod
    def decode(cls, untrusted_payload: bytes) -> "RequestClaims":
        """Return what a payload says, every claim within its bounds.

        Args:
            untrusted_payload: Payload of a request, at most ``MAXIMUM_REQUEST_BYTES`` long.

        Returns:
            The claims.

        Raises:
            WireError: The payload is none of this contract.
        """
        reader = ClaimReader(untrusted_payload, "request")
        reader.constant("v", _CONTRACT_VERSION)
        address = DeviceAddress(reader.text("tenant"), reader.text("site"), reader.text("device"))
        boot, first, last = reader.text("boot"), reader.integer("first"), reader.integer("last")
        at = reader.integer("at")
        reader.nothing_else()
        return cls(address, boot, first, last, at)


def sign_request(claims: RequestClaims, key: jws.SigningKey) -> bytes:
    """Return a signed request.

    Args:
        claims: What it says.
        key: The consumer's request key.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_REQUEST_BYTES`` long.
    """
    return key.sign(REQUEST_TYP, claims.encode())


def parse_request(untrusted_document: bytes) -> jws.UntrustedDocument:
    """Take a signed request apart without believing it.

    Args:
        untrusted_document: As received, of any length.

    Returns:
        Its parts; ``kid`` says whose key must have signed it.

    Raises:
        WireError: It is too long or no signed document.
    """
    return jws.parse(untrusted_document, MAXIMUM_REQUEST_BYTES)
