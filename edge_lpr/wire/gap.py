"""A gap: a device's signed word that sightings with some numbers will never come.

Without it a server could not tell what is late from what is lost. The tokeniser signs it, on the
publisher's word: a taken-over publisher can drop sightings anyway, and this makes it say so.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.core.errors import WireError
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import (
    BOOT_PATTERN,
    MAXIMUM_SEQUENCE,
    MAXIMUM_UNIX_S,
    require_match,
    require_range,
)
from edge_lpr.wire.claims import ClaimReader, encode_claims

GAP_TYP: Final = "lpr-gap+jws"
"""Kind of document, in the signed header."""

MAXIMUM_GAP_BYTES: Final = 384
"""Longest signed gap; the longest possible one has 327."""

_CONTRACT_VERSION: Final = 1


class GapReason(Enum):
    """Why sightings will never come."""

    OUTBOX_FULL = "outbox_full"
    """The outbox was full, and the oldest unsent ones had to go."""
    NOT_KEPT = "not_kept"
    """They were asked for again, and the outbox does not have them (any more)."""


@dataclass(frozen=True, slots=True)
class GapClaims:
    """What a gap says."""

    boot: str
    """Boot id of the tokeniser that had signed the sightings, 16 hexadecimal digits."""
    first: int
    """Smallest of the numbers."""
    last: int
    """Largest of the numbers; all between are meant too."""
    at: int
    """When this was signed, UTC in whole seconds since 1970."""
    reason: GapReason
    """Why they will never come."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_match("boot", self.boot, BOOT_PATTERN)
        require_range("first", self.first, 1, MAXIMUM_SEQUENCE)
        require_range("last", self.last, self.first, MAXIMUM_SEQUENCE)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)

    def encode(self) -> bytes:
        """Return the claims as compact JSON."""
        return encode_claims(
            {
                "v": _CONTRACT_VERSION,
                "boot": self.boot,
                "first": self.first,
                "last": self.last,
                "at": self.at,
                "reason": self.reason.value,
            }
        )

    @classmethod
    def decode(cls, untrusted_payload: bytes) -> "GapClaims":
        """Return what a payload says, every claim within its bounds.

        Args:
            untrusted_payload: Payload of a gap, at most ``MAXIMUM_GAP_BYTES`` long.

        Returns:
            The claims.

        Raises:
            WireError: The payload is none of this contract.
        """
        reader = ClaimReader(untrusted_payload, "gap")
        reader.constant("v", _CONTRACT_VERSION)
        boot, first, last = reader.text("boot"), reader.integer("first"), reader.integer("last")
        at, reason = reader.integer("at"), reader.text("reason")
        reader.nothing_else()
        try:
            return cls(boot, first, last, at, GapReason(reason))
        except ValueError as error:
            allowed = [each.value for each in GapReason]
            raise WireError(f"'reason' of the gap must be one of {allowed}") from error


def sign_gap(claims: GapClaims, key: jws.SigningKey) -> bytes:
    """Return a signed gap.

    Args:
        claims: What it says.
        key: The device's event key.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_GAP_BYTES`` long.
    """
    return key.sign(GAP_TYP, claims.encode())


def parse_gap(untrusted_document: bytes) -> jws.UntrustedDocument:
    """Take a signed gap apart without believing it.

    Args:
        untrusted_document: As received, of any length.

    Returns:
        Its parts.

    Raises:
        WireError: It is too long or no signed document.
    """
    return jws.parse(untrusted_document, MAXIMUM_GAP_BYTES)
