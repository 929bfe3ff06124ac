"""Judges an answer of the authority before anything of it is installed.

Everything must fit: authority, request, device, keys, times, bundle. An answer that does not is
refused whole, and the booth stays as it is.
"""

import datetime as dt
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_lpr.core.errors import EnrolmentError, WireError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.deployment import Deployment, read_deployment
from edge_lpr.wire.device_certificate import (
    DeviceCertificate,
    decode_unverified_certificate,
    verify_certificate,
)
from edge_lpr.wire.enrolment import AnswerClaims, document_digest, verify_answer
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.key_delivery import open_delivery
from edge_lpr.wire.topics import DeviceAddress


@dataclass(frozen=True, slots=True, repr=False)
class Expected:
    """What an answer is held against. No ``repr``: the request holds a ticket."""

    address: DeviceAddress
    """Who the booth is."""
    deployment: Deployment
    """The bundle that the booth was given."""
    request: bytes
    """What it asked."""
    event_key: PublicKey
    """Its event key."""
    tls_key: ec.EllipticCurvePublicKey | None
    """Its new TLS key; ``None`` if that was moved to its place already."""


@dataclass(frozen=True, slots=True, repr=False)
class CheckedAnswer:
    """What is to be installed."""

    certificate: DeviceCertificate
    """Who the authority says that the booth is."""
    deployment: Deployment
    """The newest bundle."""
    claims: AnswerClaims
    """The documents themselves."""


def check_answer(untrusted_answer: bytes, expected: Expected, now_s: int) -> CheckedAnswer:
    """Return an answer once everything in it fits.

    Args:
        untrusted_answer: As received, of any length.
        expected: What it is held against.
        now_s: The booth's clock, UTC in whole seconds since 1970.

    Returns:
        The answer.

    Raises:
        EnrolmentError: Something does not fit; the message says what, and what to do.
    """
    try:
        claims = verify_answer(untrusted_answer, expected.deployment.authority)
        certificate = decode_unverified_certificate(claims.certificate)
        deployment = read_deployment(claims.deployment)
    except WireError as error:
        raise EnrolmentError(
            f"the answer is none of the authority of this bundle ({error}); use the bundle and the "
            "answer of one authority"
        ) from error
    if claims.request != document_digest(expected.request):
        raise EnrolmentError(
            "the answer is to another request; bring the answer to the request that this booth "
            "has under way"
        )
    _check_certificate(claims, certificate, expected, now_s)
    _check_chain(claims.tls_chain, expected, now_s)
    is_same = deployment.authority.octets == expected.deployment.authority.octets
    if not is_same or deployment.tenant != expected.deployment.tenant:
        raise EnrolmentError(
            "the answer holds the bundle of another deployment; tell the key custodian"
        )
    return CheckedAnswer(certificate, deployment, claims)


def delivery_purpose(
    claims: AnswerClaims, expected: Expected, transport_key: TransportKey
) -> KeyPurpose:
    """Return what the first token keys are for, once they open.

    Args:
        claims: Of a checked answer.
        expected: What it is held against.
        transport_key: The booth's.

    Returns:
        Whether they are live or test keys; the keys themselves are wiped again.

    Raises:
        EnrolmentError: There are none, or they are for another booth.
    """
    if claims.delivery is None:
        raise EnrolmentError("the answer has no token keys; ask the key custodian for another")
    try:
        delivery = open_delivery(claims.delivery, expected.deployment.authority, transport_key)
    except WireError as error:
        raise EnrolmentError(
            f"the first token keys do not open ({error}); enrol with --again and a new ticket"
        ) from error
    delivery.wipe()
    if delivery.address != expected.address:
        raise EnrolmentError("the first token keys are another booth's; tell the key custodian")
    return delivery.purpose


def _check_certificate(
    claims: AnswerClaims, certificate: DeviceCertificate, expected: Expected, now_s: int
) -> None:
    """Refuse a device certificate that is not this booth's, or not valid now."""
    if certificate.address != expected.address:
        raise EnrolmentError(
            "the device certificate is another booth's; the settings and the ticket must name one"
        )
    if certificate.event_key.octets != expected.event_key.octets:
        raise EnrolmentError("the device certificate names another event key; enrol with --again")
    if not certificate.is_valid_at(now_s):
        raise _wrong_clock("device certificate", certificate.not_before, certificate.not_after)
    try:
        verify_certificate(claims.certificate, expected.deployment.authority, now_s)
    except WireError as error:
        raise EnrolmentError(f"the device certificate does not hold: {error}") from error


def _check_chain(untrusted_pem: str, expected: Expected, now_s: int) -> None:
    """Refuse TLS certificates that are not for our key and name, or not valid now."""
    try:
        own, issuer = x509.load_pem_x509_certificates(untrusted_pem.encode("ascii"))
        own.verify_directly_issued_by(issuer)
        names = [
            str(name.value) for name in own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        ]
    except (ValueError, TypeError, InvalidSignature, x509.InvalidVersion) as error:
        raise EnrolmentError(
            "the TLS certificates of the answer make no sense; tell the key custodian"
        ) from error
    is_our_key = expected.tls_key is None or own.public_key() == expected.tls_key
    if names != [expected.address.device] or not is_our_key:
        raise EnrolmentError("the TLS certificate is for another key or name; enrol with --again")
    begin = int(own.not_valid_before_utc.timestamp())
    end = int(own.not_valid_after_utc.timestamp())
    if not begin <= now_s <= end:
        raise _wrong_clock("TLS certificate", begin, end)


def _wrong_clock(what: str, begin_s: int, end_s: int) -> EnrolmentError:
    """Return the error about a certificate that is not valid at the booth's time."""
    return EnrolmentError(
        f"the {what} is valid from {_date(begin_s)} to {_date(end_s)}, which is not now by this "
        "booth's clock; set the clock (timedatectl) and run this again"
    )


def _date(unix_s: int) -> str:
    """Return a day as people write it."""
    return dt.datetime.fromtimestamp(unix_s, dt.timezone.utc).strftime("%Y-%m-%d")
