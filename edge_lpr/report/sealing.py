"""A bundle: a report, the booth's signature over it, and the certificate of the key that signed.

Three lines, ASCII, at most 64 kB: the report as JSON, the signature and the certificate as JWS.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.handoff.diagnosis_desk import ask
from edge_lpr.handoff.diagnosis_message import PARAMETER_BYTES, REPORT, Question
from edge_lpr.report.content import Report, read_report
from edge_lpr.wire.device_certificate import DeviceCertificate, verify_certificate
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.report import REPORT_TYP, parse_report_seal, report_claims

MAXIMUM_BUNDLE_BYTES: Final = 65_536

_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """What a bundle says once all of it holds."""

    report: Report
    certificate: DeviceCertificate
    """Which booth signed it."""
    at: int
    """When it was signed, UTC in whole seconds since 1970."""
    tq: TimeQuality
    """How far the booth's clock could be trusted."""


def sealed(report: Report, tokeniser_socket: Path) -> bytes:
    """Return the bundle of a report.

    Args:
        report: What it says.
        tokeniser_socket: Where the tokeniser answers questions.

    Raises:
        HandoffError: The tokeniser does not answer, or not with a signature.
        WireError: The bundle is too long.
    """
    text = report.text()
    digest = hashlib.sha256(text).digest()
    parameters = digest + bytes(PARAMETER_BYTES - len(digest))
    answer = ask(tokeniser_socket, "tokeniser", Question(REPORT, parameters))
    bundle = text + b"\n" + answer.body + b"\n"
    if len(bundle) > MAXIMUM_BUNDLE_BYTES:
        raise WireError(f"a bundle has at most {MAXIMUM_BUNDLE_BYTES} bytes")
    return bundle


def verify_bundle(untrusted_bundle: bytes, authority: PublicKey) -> VerifiedBundle:
    """Return what a bundle says once signature, certificate and every field hold.

    Args:
        untrusted_bundle: As received, of any length.
        authority: Key of the authority, which is pinned.

    Raises:
        WireError: It is no bundle, or says more than one may.
        VerificationError: Somebody else has signed it.
    """
    if len(untrusted_bundle) > MAXIMUM_BUNDLE_BYTES:
        raise WireError(f"a bundle has at most {MAXIMUM_BUNDLE_BYTES} bytes")
    lines = untrusted_bundle.split(b"\n")
    if len(lines) != _LINES + 1 or lines[-1]:
        raise WireError("a bundle has three lines: report, signature, certificate")
    text, seal_jws, certificate_jws, _ = lines
    seal = parse_report_seal(seal_jws)
    # When it says that it was signed; nobody vouches for that before the certificate holds.
    untrusted_at = report_claims(seal.untrusted_payload).at
    certificate = verify_certificate(certificate_jws, authority, untrusted_at)
    claims = report_claims(seal.verified(REPORT_TYP, certificate.event_key))
    if hashlib.sha256(text).digest() != claims.digest:
        raise VerificationError("the report is another one than the booth has signed")
    return VerifiedBundle(read_report(text), certificate, claims.at, claims.tq)
