"""How a booth becomes one of a deployment: it asks, the authority answers, later it renews.

Three signed documents. A *request* is signed by the event key that it names: whoever made it has
that key, and a ticket. A *renewal* is signed by the event key that the authority knows. The
*answer* to both is signed by the authority and names the document that it answers by its SHA-256.
None of them holds a plate or a token key in the clear; the first delivery inside an answer is
sealed to the booth's transport key.

Whether the ticket is good, the name free and the answer wanted is left to the authority and to
provisioning.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import VerificationError
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S, require_length, require_match, require_range
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.ticket import TICKET_BYTES
from edge_lpr.wire.topics import DeviceAddress

ENROLMENT_TYP: Final = "lpr-enrolment+jws"
"""Kind of document of a request, in the signed header."""

RENEWAL_TYP: Final = "lpr-renewal+jws"
"""Kind of document of a renewal."""

ANSWER_TYP: Final = "lpr-enrolled+jws"
"""Kind of document of an answer."""

MAXIMUM_ENROLMENT_BYTES: Final = 4096
"""Longest request or renewal; one with names of 32 characters has about 1,100."""

MAXIMUM_ANSWER_BYTES: Final = 65_536
"""Longest answer; bundle, chain of two certificates and a delivery of eight epochs have 30,000."""

DIGEST_BYTES: Final = 32
"""Length of SHA-256."""

TRANSPORT_KEY_BYTES: Final = 32
"""Length of an X25519 public key (RFC 7748)."""

_CONTRACT_VERSION: Final = 1
_MAXIMUM_SIGNING_REQUEST_BYTES: Final = 1024
_CUSTODY_PATTERN: Final = re.compile(r"[a-z0-9-]{1,16}")


@dataclass(frozen=True, slots=True, repr=False)
class EnrolmentClaims:
    """What a booth asks for. No ``repr``: it holds the ticket."""

    address: DeviceAddress
    """Who it is to be, as its settings say."""
    ticket: bytes
    """Secret of the ticket, ``TICKET_BYTES`` long."""
    event_key: jws.PublicKey
    """Key that signs this request, and later births and sightings."""
    transport_key: bytes
    """X25519 public key that the first delivery is sealed to."""
    signing_request: bytes
    """PKCS #10 in DER: its TLS key asks for a certificate in the device's name."""
    custody: str
    """Where it keeps its keys, such as ``plain`` or ``tpm``: its own word, for the custodian."""
    at: int
    """When it asked, by its own clock, UTC in whole seconds since 1970."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_length("ticket", self.ticket, TICKET_BYTES)
        require_length("transport_key", self.transport_key, TRANSPORT_KEY_BYTES)
        _require_signing_request(self.signing_request)
        require_match("custody", self.custody, _CUSTODY_PATTERN)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)


@dataclass(frozen=True, slots=True)
class RenewalClaims:
    """What an enrolled booth asks for before its certificates end."""

    address: DeviceAddress
    """Which booth; the authority knows its event key."""
    signing_request: bytes
    """PKCS #10 in DER of its next TLS key."""
    at: int
    """When it asked, by its own clock, UTC in whole seconds since 1970."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds.

        Raises:
            WireError: A claim is out of bounds.
        """
        _require_signing_request(self.signing_request)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)


@dataclass(frozen=True, slots=True, repr=False)
class AnswerClaims:
    """What the authority answers; everything but the delivery is public."""

    request: bytes
    """SHA-256 of the request or renewal, byte for byte."""
    certificate: bytes
    """The device certificate."""
    tls_chain: str
    """PEM certificates for the broker: the booth's own, then those up to its authority."""
    deployment: bytes
    """The deployment bundle as it is now: brokers and their authorities change."""
    delivery: bytes | None
    """The first key delivery, sealed; absent in the answer to a renewal."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_length("request", self.request, DIGEST_BYTES)


def document_digest(document: bytes) -> bytes:
    """Return what an answer calls the document that it answers.

    Args:
        document: A request or a renewal.
    """
    return hashlib.sha256(document).digest()


def sign_enrolment(claims: EnrolmentClaims, event_key: jws.SigningKey) -> bytes:
    """Return a signed request.

    Args:
        claims: What it says; its ``event_key`` is the public half of the other argument.
        event_key: The booth's new event key.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_ENROLMENT_BYTES`` long.
    """
    payload = encode_claims(
        {
            "v": _CONTRACT_VERSION,
            **_address_members(claims.address),
            "ticket": claims.ticket,
            "event_key": claims.event_key.octets,
            "transport_key": claims.transport_key,
            "csr": claims.signing_request,
            "custody": claims.custody,
            "at": claims.at,
        }
    )
    return event_key.sign(ENROLMENT_TYP, payload)


def verify_enrolment(untrusted_document: bytes) -> EnrolmentClaims:
    """Return what a request says once the key that it names has signed it.

    Args:
        untrusted_document: As received, of any length.

    Returns:
        The claims; that their sender has a ticket is left to the authority.

    Raises:
        WireError: It is no request of this contract.
        VerificationError: Its signature does not hold.
    """
    document = jws.parse(untrusted_document, MAXIMUM_ENROLMENT_BYTES)
    if document.typ != ENROLMENT_TYP:
        raise VerificationError(f"the document is no {ENROLMENT_TYP}")
    reader = ClaimReader(document.untrusted_payload, "request for enrolment")
    reader.constant("v", _CONTRACT_VERSION)
    claims = EnrolmentClaims(
        _read_address(reader),
        ticket=reader.octets("ticket"),
        event_key=jws.PublicKey(reader.octets("event_key")),
        transport_key=reader.octets("transport_key"),
        signing_request=reader.octets("csr"),
        custody=reader.text("custody"),
        at=reader.integer("at"),
    )
    reader.nothing_else()
    document.verified(ENROLMENT_TYP, claims.event_key)
    return claims


def sign_renewal(claims: RenewalClaims, event_key: jws.SigningKey) -> bytes:
    """Return a signed renewal.

    Args:
        claims: What it says.
        event_key: The event key that the authority knows.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_ENROLMENT_BYTES`` long.
    """
    payload = encode_claims(
        {
            "v": _CONTRACT_VERSION,
            **_address_members(claims.address),
            "csr": claims.signing_request,
            "at": claims.at,
        }
    )
    return event_key.sign(RENEWAL_TYP, payload)


def parse_renewal(untrusted_document: bytes) -> tuple[jws.UntrustedDocument, RenewalClaims]:
    """Return what a renewal says, without believing it.

    Args:
        untrusted_document: As received, of any length.

    Returns:
        The document, to be verified with the event key of the booth that the claims name, and
        what it says.

    Raises:
        WireError: It is no renewal of this contract.
    """
    document = jws.parse(untrusted_document, MAXIMUM_ENROLMENT_BYTES)
    if document.typ != RENEWAL_TYP:
        raise VerificationError(f"the document is no {RENEWAL_TYP}")
    reader = ClaimReader(document.untrusted_payload, "renewal")
    reader.constant("v", _CONTRACT_VERSION)
    claims = RenewalClaims(_read_address(reader), reader.octets("csr"), reader.integer("at"))
    reader.nothing_else()
    return document, claims


def sign_answer(claims: AnswerClaims, authority_key: jws.SigningKey) -> bytes:
    """Return a signed answer.

    Args:
        claims: What it says.
        authority_key: Key of the authority, which the bundle names.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_ANSWER_BYTES`` long.
    """
    payload = encode_claims(
        {
            "v": _CONTRACT_VERSION,
            "request": claims.request,
            "certificate": claims.certificate,
            "tls_chain": claims.tls_chain,
            "deployment": claims.deployment,
            "delivery": claims.delivery,
        }
    )
    return authority_key.sign(ANSWER_TYP, payload)


def verify_answer(untrusted_document: bytes, authority: jws.PublicKey) -> AnswerClaims:
    """Return what an answer says once the authority has signed it.

    Args:
        untrusted_document: As received, of any length.
        authority: Key of the authority, from the bundle.

    Returns:
        The claims; what is inside them is still to be checked, each by its own rules.

    Raises:
        WireError: It is no answer of this contract.
        VerificationError: Another one has signed it.
    """
    document = jws.parse(untrusted_document, MAXIMUM_ANSWER_BYTES)
    reader = ClaimReader(document.verified(ANSWER_TYP, authority), "answer")
    reader.constant("v", _CONTRACT_VERSION)
    claims = AnswerClaims(
        request=reader.octets("request"),
        certificate=reader.octets("certificate"),
        tls_chain=reader.text("tls_chain"),
        deployment=reader.octets("deployment"),
        delivery=reader.octets("delivery") if reader.has("delivery") else None,
    )
    reader.nothing_else()
    return claims


def is_renewal(untrusted_document: bytes) -> bool:
    """Return whether a file of a booth is a renewal rather than a request.

    Args:
        untrusted_document: As received, of any length.

    Raises:
        WireError: It is no signed document.
    """
    return jws.parse(untrusted_document, MAXIMUM_ENROLMENT_BYTES).typ == RENEWAL_TYP


def _address_members(address: DeviceAddress) -> dict[str, str]:
    """Return an address as claims."""
    return {"tenant": address.tenant, "site": address.site, "device": address.device}


def _read_address(reader: ClaimReader) -> DeviceAddress:
    """Take the three claims of an address."""
    return DeviceAddress(reader.text("tenant"), reader.text("site"), reader.text("device"))


def _require_signing_request(signing_request: bytes) -> None:
    """Refuse an endless signing request; its content is judged where it is signed."""
    require_range("length of csr", len(signing_request), 1, _MAXIMUM_SIGNING_REQUEST_BYTES)
