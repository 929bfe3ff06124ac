"""What the authority says about a booth: two certificates and the answer that carries them."""

from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.tls_records import record_certificate
from edge_lpr.certificates.certificate_authority import Validity
from edge_lpr.certificates.signing_request import read_signing_request
from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.core.errors import AuthorityError, NotAllowedError
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME
from edge_lpr.wire.device_certificate import (
    CustodyTier,
    DeviceCertificate,
    decode_unverified_certificate,
    issue_certificate,
)
from edge_lpr.wire.enrolment import AnswerClaims, document_digest, sign_answer
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.topics import DeviceAddress

DEVICE_CERTIFICATE_DAYS: Final = 90
"""Booths renew it at half time, so a booth may be without a network for six weeks."""

TLS_DAYS: Final = 30
"""A stolen TLS key makes no sighting, but its holder may listen to what is sent to the booth."""

_EARLY_S: Final = 3600
"""Certificates are valid an hour early: clocks differ."""

_CLOCK_LIMIT_S: Final = EPOCH_LENGTH_S
"""A booth whose clock is further off would make tokens of the wrong day."""


def require_ours(authority: Authority, address: DeviceAddress, at: int) -> None:
    """Refuse another agency's booth, and one whose clock is more than a day off.

    Args:
        authority: Open.
        address: Who asks.
        at: When it asked, by its own clock, UTC in whole seconds since 1970.

    Raises:
        NotAllowedError: It is one of them.
    """
    tenant = authority.deployment.tenant
    if address.tenant != tenant:
        raise NotAllowedError(f"this is the authority of {tenant!r}, not of {address.tenant!r}")
    late_s = authority.clock.unix_s() - at
    if abs(late_s) > _CLOCK_LIMIT_S:
        days = abs(late_s) // EPOCH_LENGTH_S
        direction = "behind" if late_s > 0 else "ahead of"
        raise NotAllowedError(
            f"the booth's clock is {days} days {direction} the authority's; set the wrong one "
            "(timedatectl) and ask again"
        )


def device_certificate(
    authority: Authority, address: DeviceAddress, event_key: PublicKey, tier: CustodyTier
) -> bytes:
    """Return a device certificate from now on.

    Args:
        authority: Open.
        address: Whose it is.
        event_key: Key that it names.
        tier: How well the device keeps its keys.
    """
    now_s = authority.clock.unix_s()
    certificate = DeviceCertificate(
        address,
        event_key,
        tier,
        not_before=now_s - _EARLY_S,
        not_after=now_s + DEVICE_CERTIFICATE_DAYS * EPOCH_LENGTH_S,
    )
    return issue_certificate(certificate, authority.signing_key())


def signed_answer(
    authority: Authority,
    document: bytes,
    signing_request: bytes,
    certificate: bytes,
    delivery: bytes | None,
) -> bytes:
    """Certify the TLS key of a request, and return the answer to it.

    Args:
        authority: Open.
        document: The request or renewal, byte for byte.
        signing_request: Its signing request.
        certificate: The device certificate.
        delivery: The first key delivery, if it is the first answer.

    Raises:
        InputRefusedError: The signing request does not hold.
        AuthorityError: The bundle cannot be read.
    """
    device = decode_unverified_certificate(certificate).address.device
    issuer = authority.certificate_authority("devices")
    key = read_signing_request(signing_request, device)
    validity = Validity.days_from(authority.clock.unix_s(), TLS_DAYS)
    tls = issuer.certify_client_key(key, device, validity)
    record_certificate(authority, "devices", device, tls)
    chain = tls.public_bytes(Encoding.PEM) + issuer.certificate_pem
    claims = AnswerClaims(
        request=document_digest(document),
        certificate=certificate,
        tls_chain=chain.decode("ascii"),
        deployment=_read_bundle(authority),
        delivery=delivery,
    )
    return sign_answer(claims, authority.signing_key())


def _read_bundle(authority: Authority) -> bytes:
    """Return the bundle as it is on the disk now."""
    path = authority.folder / DEPLOYMENT_FILE_NAME
    try:
        return path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise AuthorityError(f"{path}: cannot be read ({error.strerror})") from error
