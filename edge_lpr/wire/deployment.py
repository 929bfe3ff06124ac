"""The deployment bundle: what every booth and consumer of an agency must know before it begins.

A JWS of the authority key that it names itself, in the file ``deployment.lpr``. The signature shows
that the file is whole and was made by the owner of that key; whether this is the agency's key, only
a person can tell, who compares its fingerprint, the key's name. No secret is in it.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from cryptography.x509 import InvalidVersion, load_pem_x509_certificates

from edge_lpr.core.errors import WireError
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S, require_match, require_range
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.topics import NAME_PATTERN

DEPLOYMENT_TYP: Final = "lpr-deployment+jws"
"""Kind of document, in the signed header."""

DEPLOYMENT_FILE_NAME: Final = "deployment.lpr"
"""Name of the file everywhere."""

MAXIMUM_DEPLOYMENT_BYTES: Final = 16_384
"""Longest signed bundle; the longest possible one has 15,186."""

MAXIMUM_NAMES: Final = 4
"""Names with addresses in a bundle: broker, enrolment service, time, updates."""

MAXIMUM_ADDRESSES: Final = 4
"""Addresses of a name: two machines, each with IPv4 and IPv6."""

_CONTRACT_VERSION: Final = 1
_MAXIMUM_PORT: Final = 65_535
_IPV6: Final = 6
_HOST_PATTERN: Final = re.compile(r"[0-9A-Za-z.:-]{1,253}")
_URL_PATTERN: Final = re.compile(
    r"https://(?:[0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}"
)
_NAME_PATTERN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,252}")
_ADDRESS_PATTERN: Final = re.compile(r"[0-9a-f.:]{2,39}")
_TECHNICIAN_CA_PATTERN: Final = re.compile(
    r"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}"
    r"|ecdsa-sha2-nistp256 "
    r"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBB[A-Za-z0-9+/]{86}="
)
"""One line of OpenSSH, without options before it and without a comment after it: it becomes a line
of a file that sshd reads."""

_MAXIMUM_PEM_CHARACTERS: Final = 8192
"""Four certificates of RSA keys of 4,096 bits; ours have Ed25519 or P-256 and 700 characters."""

_PEM_PATTERN: Final = re.compile(
    r"(?:-----BEGIN CERTIFICATE-----\n"
    r"(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n"
    r"-----END CERTIFICATE-----\n)+"
)
"""Certificates as RFC 7468 has them written, and nothing between them: no comment, and above all no
private key."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where an agency's broker and authority are, and what to believe them by."""

    tenant: str
    """The agency."""
    authority: jws.PublicKey
    """The key that certifies devices and signs their deliveries; to be pinned."""
    broker_ca_pem: str
    """Certificates, PEM, that vouch for the broker and for the enrolment service."""
    broker_host: str
    """Name or address of the broker."""
    devices_port: int
    """Where devices connect."""
    consumers_port: int
    """Where consumers connect."""
    enrolment_url: str | None
    """Where devices enrol, ``https://host:port``; ``None`` if only by files."""
    made_at: int
    """When it was made, UTC in whole seconds since 1970: the newest one counts."""
    addresses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Names that booths need, each with its IP addresses, so that no name server must be believed;
    at most ``MAXIMUM_NAMES`` with ``MAXIMUM_ADDRESSES`` each."""
    technician_ca: str | None = None
    """OpenSSH public key, Ed25519 or ECDSA on P-256, that certifies technicians; ``None`` if nobody
    may log in."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_match("tenant", self.tenant, NAME_PATTERN)
        require_match("broker_host", self.broker_host, _HOST_PATTERN)
        require_range("devices_port", self.devices_port, 1, _MAXIMUM_PORT)
        require_range("consumers_port", self.consumers_port, 1, _MAXIMUM_PORT)
        require_range("made_at", self.made_at, 0, MAXIMUM_UNIX_S)
        if self.enrolment_url is not None:
            require_match("enrolment_url", self.enrolment_url, _URL_PATTERN)
            port = int(self.enrolment_url.rpartition(":")[2])
            require_range("port of enrolment_url", port, 1, _MAXIMUM_PORT)
        _require_certificates(self.broker_ca_pem)
        _require_addresses(self.addresses)
        if self.technician_ca is not None:
            _require_technician_ca(self.technician_ca)

    @property
    def fingerprint(self) -> str:
        """What a person compares: the name of the authority's key, 16 characters."""
        return self.authority.kid

    def encode(self) -> bytes:
        """Return the claims as compact JSON."""
        return encode_claims(
            {
                "v": _CONTRACT_VERSION,
                "tenant": self.tenant,
                "authority": self.authority.octets,
                "broker_ca": self.broker_ca_pem,
                "broker_host": self.broker_host,
                "devices_port": self.devices_port,
                "consumers_port": self.consumers_port,
                "enrolment_url": self.enrolment_url,
                "made_at": self.made_at,
                "addresses": dict(self.addresses) or None,
                "technician_ca": self.technician_ca,
            }
        )

    @classmethod
    def decode(cls, untrusted_payload: bytes) -> "Deployment":
        """Return what a payload says, every claim within its bounds.

        Args:
            untrusted_payload: Payload of a bundle, at most ``MAXIMUM_DEPLOYMENT_BYTES`` long.

        Returns:
            The claims.

        Raises:
            WireError: The payload is none of this contract.
        """
        reader = ClaimReader(untrusted_payload, "deployment bundle")
        reader.constant("v", _CONTRACT_VERSION)
        deployment = cls(
            tenant=reader.text("tenant"),
            authority=jws.PublicKey(reader.octets("authority")),
            broker_ca_pem=reader.text("broker_ca"),
            broker_host=reader.text("broker_host"),
            devices_port=reader.integer("devices_port"),
            consumers_port=reader.integer("consumers_port"),
            enrolment_url=reader.text("enrolment_url") if reader.has("enrolment_url") else None,
            made_at=reader.integer("made_at"),
            addresses=_addresses(reader) if reader.has("addresses") else (),
            technician_ca=reader.text("technician_ca") if reader.has("technician_ca") else None,
        )
        reader.nothing_else()
        return deployment


def sign_deployment(deployment: Deployment, authority_key: jws.SigningKey) -> bytes:
    """Return a signed bundle.

    Args:
        deployment: What it says; it names ``authority_key``'s public half.
        authority_key: Key of the authority.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_DEPLOYMENT_BYTES`` long.
    """
    return authority_key.sign(DEPLOYMENT_TYP, deployment.encode())


def read_deployment(untrusted_document: bytes) -> Deployment:
    """Return what a bundle says, once the key that it names has signed it.

    Args:
        untrusted_document: Content of the file, of any length.

    Returns:
        What it says; that the key is the agency's is left to whoever compares the fingerprint.

    Raises:
        WireError: It is no bundle of this contract.
        VerificationError: The key that it names has not signed it.
    """
    document = jws.parse(untrusted_document, MAXIMUM_DEPLOYMENT_BYTES)
    untrusted_deployment = Deployment.decode(document.untrusted_payload)
    document.verified(DEPLOYMENT_TYP, untrusted_deployment.authority)
    return untrusted_deployment


def _require_certificates(untrusted_pem: str) -> None:
    """Refuse what is not a row of certificates."""
    if len(untrusted_pem) > _MAXIMUM_PEM_CHARACTERS or not _PEM_PATTERN.fullmatch(untrusted_pem):
        raise WireError("'broker_ca' must be certificates in PEM and nothing else")
    try:
        load_pem_x509_certificates(untrusted_pem.encode("ascii"))
    except (ValueError, InvalidVersion) as error:
        raise WireError("'broker_ca' holds a certificate that cannot be read") from error


def _addresses(reader: ClaimReader) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Take the addresses of names, in the order of the document."""
    untrusted_addresses = reader.texts_by_name("addresses", MAXIMUM_NAMES, MAXIMUM_ADDRESSES)
    return tuple((name, tuple(texts)) for name, texts in untrusted_addresses.items())


def _require_addresses(untrusted_addresses: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    """Refuse names and addresses that could not stand in ``/etc/hosts`` and in a firewall."""
    # Host names are the same in capitals.
    names = {name.lower() for name, _ in untrusted_addresses}
    if len(names) != len(untrusted_addresses) or len(names) > MAXIMUM_NAMES:
        raise WireError(f"'addresses' must have at most {MAXIMUM_NAMES} names, each once")
    for name, texts in untrusted_addresses:
        require_match("name in addresses", name, _NAME_PATTERN)
        if not 1 <= len(texts) <= MAXIMUM_ADDRESSES or len(set(texts)) != len(texts):
            raise WireError(
                f"a name in 'addresses' must have 1 to {MAXIMUM_ADDRESSES} addresses, each once"
            )
        for text in texts:
            require_match("address in addresses", text, _ADDRESS_PATTERN)
            _require_address(text)


def _require_address(untrusted_text: str) -> None:
    """Refuse what no machine has as its address, and what is written in an unusual way."""
    try:
        address = ipaddress.ip_address(untrusted_text)
    except ValueError as error:
        raise WireError("'addresses' must hold IP addresses") from error
    # An IPv4 address inside IPv6 is written differently by different versions of Python.
    is_mapped = address.version == _IPV6 and address.ipv4_mapped is not None
    if is_mapped or address.is_multicast or address.is_unspecified:
        raise WireError("'addresses' must hold addresses that a machine can have")
    if str(address) != untrusted_text:
        raise WireError(f"an address in 'addresses' must be written {address}")


def _require_technician_ca(untrusted_line: str) -> None:
    """Refuse what is not one public key in the form of OpenSSH."""
    require_match("technician_ca", untrusted_line, _TECHNICIAN_CA_PATTERN)
    try:
        load_ssh_public_key(untrusted_line.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise WireError("'technician_ca' holds a key that cannot be read") from error
