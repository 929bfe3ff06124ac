"""The authority's signed statement that an event key belongs to a device at a site."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S, require_range
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.topics import DeviceAddress

CERTIFICATE_TYP: Final = "lpr-certificate+jws"
"""Kind of document, in the signed header."""

MAXIMUM_CERTIFICATE_BYTES: Final = 1024
"""Longest signed certificate; the longest possible one has 559."""

_CONTRACT_VERSION: Final = 1


class CustodyTier(Enum):
    """How well a device keeps its keys."""

    A = "A"
    """Secure boot and a TPM or fused board."""
    B = "B"
    """Secure boot with disk encryption bound to the chip."""
    C = "C"
    """Anything else: laboratory."""


@dataclass(frozen=True, slots=True)
class DeviceCertificate:
    """Who a device is."""

    address: DeviceAddress
    """Tenant, site and device: what the topic must say."""
    event_key: jws.PublicKey
    """Key that signs the device's births and sightings."""
    tier: CustodyTier
    """How well the device keeps its keys."""
    not_before: int
    """First second of validity, UTC since 1970."""
    not_after: int
    """Last second of validity, UTC since 1970."""

    def __post_init__(self) -> None:
        """Refuse an impossible validity.

        Raises:
            WireError: It ends before it begins, or lies beyond the contract's times.
        """
        require_range("not_before", self.not_before, 0, MAXIMUM_UNIX_S)
        require_range("not_after", self.not_after, self.not_before, MAXIMUM_UNIX_S)

    def is_valid_at(self, unix_s: int) -> bool:
        """Return whether a moment lies within the validity.

        Args:
            unix_s: UTC in whole seconds since 1970.
        """
        return self.not_before <= unix_s <= self.not_after


def issue_certificate(certificate: DeviceCertificate, authority_key: jws.SigningKey) -> bytes:
    """Return a signed device certificate.

    Args:
        certificate: What it says.
        authority_key: Key of the authority, which consumers pin.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_CERTIFICATE_BYTES`` long.
    """
    payload = encode_claims(
        {
            "v": _CONTRACT_VERSION,
            "tenant": certificate.address.tenant,
            "site": certificate.address.site,
            "device": certificate.address.device,
            "event_key": certificate.event_key.octets,
            "tier": certificate.tier.value,
            "not_before": certificate.not_before,
            "not_after": certificate.not_after,
        }
    )
    return authority_key.sign(CERTIFICATE_TYP, payload)


def verify_certificate(
    untrusted_document: bytes, authority_key: jws.PublicKey, unix_s: int
) -> DeviceCertificate:
    """Return what a certificate says once signature and validity hold.

    Args:
        untrusted_document: As received, of any length.
        authority_key: The pinned key of the authority.
        unix_s: Now, UTC in whole seconds since 1970.

    Returns:
        The certificate; that its address is the topic's is left to the caller.

    Raises:
        WireError: It is no certificate of this contract.
        VerificationError: The authority has not signed it, or it is not valid now.
    """
    document = jws.parse(untrusted_document, MAXIMUM_CERTIFICATE_BYTES)
    certificate = _decode(document.verified(CERTIFICATE_TYP, authority_key))
    if not certificate.is_valid_at(unix_s):
        raise VerificationError(
            f"the device certificate is valid from {certificate.not_before} "
            f"to {certificate.not_after} only; the authority must issue a new one"
        )
    return certificate


def decode_unverified_certificate(untrusted_document: bytes) -> DeviceCertificate:
    """Return what a certificate says, without knowing whether the authority signed it.

    For the device itself, which compares its own certificate with its settings and key.

    Args:
        untrusted_document: Content of the certificate file, of any length.

    Returns:
        What it says; nobody vouches for it.

    Raises:
        WireError: It is no certificate of this contract.
    """
    document = jws.parse(untrusted_document, MAXIMUM_CERTIFICATE_BYTES)
    if document.typ != CERTIFICATE_TYP:
        raise WireError(f"the document is no {CERTIFICATE_TYP}")
    return _decode(document.untrusted_payload)


def _decode(untrusted_payload: bytes) -> DeviceCertificate:
    """Return what a payload says, every claim within its bounds."""
    reader = ClaimReader(untrusted_payload, "device certificate")
    reader.constant("v", _CONTRACT_VERSION)
    tenant, site, device = reader.text("tenant"), reader.text("site"), reader.text("device")
    event_key, tier = reader.octets("event_key"), reader.text("tier")
    not_before, not_after = reader.integer("not_before"), reader.integer("not_after")
    reader.nothing_else()
    if tier not in CustodyTier.__members__:
        raise WireError("'tier' of the device certificate must be A, B or C")
    address = DeviceAddress(tenant, site, device)
    return DeviceCertificate(
        address, jws.PublicKey(event_key), CustodyTier(tier), not_before, not_after
    )
