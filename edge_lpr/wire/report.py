"""What the tokeniser signs about a diagnostics report: its digest, and when.

The key signs no text of somebody else: a report is named by its SHA-256 alone, in a kind of
document that is used for nothing else. What a report may say is ``report/content.py``'s; whoever
verifies one holds it against that.
"""

from dataclasses import dataclass
from typing import Final

from edge_lpr.core.clock import TimeQuality
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S, require_length, require_range
from edge_lpr.wire.claims import ClaimReader, ClaimValue, encode_claims
from edge_lpr.wire.sighting import time_quality

REPORT_TYP: Final = "lpr-report+jws"
"""Kind of document, in the signed header."""

MAXIMUM_REPORT_SEAL_BYTES: Final = 512
"""Longest signed statement; the longest possible one has 292."""

DIGEST_BYTES: Final = 32
"""Length of the digest: SHA-256."""

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ReportClaims:
    """What the statement says.

    Raises:
        WireError: A value is out of bounds.
    """

    digest: bytes
    """SHA-256 of the report's text, 32 bytes."""
    at: int
    """When it was signed, UTC in whole seconds since 1970, as far as ``tq`` lets one know."""
    tq: TimeQuality
    """How far the device's clock can be trusted."""

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        require_length("digest", self.digest, DIGEST_BYTES)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)


def sign_report(claims: ReportClaims, event_key: jws.SigningKey) -> bytes:
    """Return a signed statement about a report.

    Args:
        claims: What it says.
        event_key: The booth's event key, the one that its certificate names.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_REPORT_SEAL_BYTES`` long.
    """
    payload: dict[str, ClaimValue | None] = {
        "v": _VERSION,
        "digest": claims.digest,
        "at": claims.at,
        "tq": claims.tq.value,
    }
    return event_key.sign(REPORT_TYP, encode_claims(payload))


def parse_report_seal(untrusted_document: bytes) -> jws.UntrustedDocument:
    """Take a signed statement apart without believing it.

    Args:
        untrusted_document: As received, of any length.

    Raises:
        WireError: It is too long or no signed document.
    """
    return jws.parse(untrusted_document, MAXIMUM_REPORT_SEAL_BYTES)


def report_claims(payload: bytes) -> ReportClaims:
    """Return what the payload of a statement says.

    Args:
        payload: Of a document of the kind ``REPORT_TYP``.

    Raises:
        WireError: It is none of this version.
    """
    reader = ClaimReader(payload, "report's signature")
    reader.constant("v", _VERSION)
    claims = ReportClaims(
        digest=reader.octets("digest"),
        at=reader.integer("at"),
        tq=time_quality(reader.text("tq")),
    )
    reader.nothing_else()
    return claims
