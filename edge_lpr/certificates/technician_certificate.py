"""OpenSSH certificates of technicians: who a person is, where he may go, and until when.

A booth knows no technician. It knows the one key that certifies them, so that nobody has to be
taken off thousands of booths: a certificate ends by itself after hours. Whether a certificate is
given at all is the custodian's to decide (``edge-lpr authority certify-technician``).
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_public_identity,
    load_ssh_public_key,
)

from edge_lpr.core.errors import InputRefusedError

LOGIN_USER: Final = "technician"
"""The one user of a booth that anybody can log in as."""

FORCED_COMMAND: Final = "/opt/edge-lpr/bin/edge-lpr technician"
"""What sshd runs whatever was asked for; in the certificate as well as in sshd's settings."""

MAXIMUM_HOURS: Final = 72
"""Longest validity: a booth on a far road, reached on the second day."""

EARLY_S: Final = 30 * 86_400
"""So long before its making a certificate is valid: a booth that has no network, which is why the
technician comes, may have only the time that it saved when it was last on. That costs nothing: who
can set a booth's clock back reaches the hours of a certificate whenever they began."""

MAXIMUM_KEY_CHARACTERS: Final = 1024
"""Longest public key that is read, with its comment."""

MAXIMUM_CERTIFICATE_CHARACTERS: Final = 4096
"""Longest certificate that is read; one for 32 booths has 2,700."""

MAXIMUM_PRINCIPALS: Final = 32
"""Most sites and booths in one certificate."""

PERSON_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")
"""Names of technicians, as of the custodian's other persons."""

_PLACE_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}(?:/[a-z0-9][a-z0-9-]{0,31})?")

TechnicianKey = Ed25519PublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class Technician:
    """What a certificate says about the person who shows it."""

    name: str
    """The person."""
    serial: int
    """Number of the entry in the authority's journal that says who gave it, when and why."""


def principal_of(place: str) -> str:
    """Return the principal that stands for a site or a booth.

    Args:
        place: ``SITE``, or ``SITE/DEVICE``.

    Raises:
        InputRefusedError: It is neither.
    """
    if not _PLACE_PATTERN.fullmatch(place):
        raise InputRefusedError(f"{place}: write SITE, or SITE/DEVICE for one booth alone")
    return f"{LOGIN_USER}@{place}"


def public_line(key: TechnicianKey) -> str:
    """Return a public key as OpenSSH writes it, without a comment."""
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def fingerprint_of(line: str) -> str:
    """Return a public key's fingerprint, as ``ssh-keygen -l`` shows it.

    Args:
        line: A public key that was read already.
    """
    octets = base64.b64decode(line.split()[1])
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode("ascii")
    return f"SHA256:{digest.rstrip('=')}"


def read_technician_key(untrusted_line: str) -> TechnicianKey:
    """Return the key that a person wants certified.

    Args:
        untrusted_line: Content of ``id_ed25519.pub``; its comment is left aside.

    Raises:
        InputRefusedError: It is no such key.
    """
    if len(untrusted_line) > MAXIMUM_KEY_CHARACTERS:
        raise InputRefusedError(f"is longer than {MAXIMUM_KEY_CHARACTERS} characters")
    try:
        key = load_ssh_public_key(untrusted_line.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputRefusedError("is no public key of OpenSSH; ssh-keygen -t ed25519") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise InputRefusedError("must be a key of Ed25519 or ECDSA on P-256; ssh-keygen -t ed25519")


def issue_technician_certificate(
    technician: Technician,
    key: TechnicianKey,
    places: tuple[str, ...],
    valid_s: tuple[int, int],
    issuer: Ed25519PrivateKey,
) -> str:
    """Return a certificate for a person.

    It carries one extension: a booth's sshd may let the person's connection lead to the one address
    that its settings name, the aim page's. No terminal, nothing else is forwarded, no file is read.

    Args:
        technician: Whom it names, and its number.
        key: The person's public key.
        places: Sites, or ``SITE/DEVICE``, that it is good for; 1 to ``MAXIMUM_PRINCIPALS``.
        valid_s: First and last moment, UTC in whole seconds since 1970.
        issuer: The key that certifies technicians.

    Returns:
        One line for ``id_ed25519-cert.pub``, without its end.

    Raises:
        InputRefusedError: Name or places are out of bounds.
    """
    if not PERSON_PATTERN.fullmatch(technician.name):
        raise InputRefusedError(f"a technician's name has the form {PERSON_PATTERN.pattern}")
    if not 1 <= len(set(places)) <= MAXIMUM_PRINCIPALS:
        raise InputRefusedError(f"a certificate is good for 1 to {MAXIMUM_PRINCIPALS} places")
    builder = (
        SSHCertificateBuilder()
        .public_key(key)
        .serial(technician.serial)
        .type(SSHCertificateType.USER)
        .key_id(technician.name.encode("ascii"))
        .valid_principals([principal_of(place).encode("ascii") for place in sorted(set(places))])
        .valid_after(valid_s[0])
        .valid_before(valid_s[1])
        .add_critical_option(b"force-command", FORCED_COMMAND.encode("ascii"))
        .add_extension(b"permit-port-forwarding", b"")
    )
    return f"{builder.sign(issuer).public_bytes().decode('ascii')} {technician.name}"


def read_technician_certificate(
    untrusted_line: str, ca_line: str, principals: frozenset[str]
) -> Technician:
    """Return who a certificate names, once the key that certifies technicians has signed it.

    That the person holds the certified key, and that the certificate has not ended, is sshd's to
    check, and was checked before anybody gets here: this only keeps names from being made up.

    Args:
        untrusted_line: The certificate, of any length.
        ca_line: The public key that certifies technicians.
        principals: Those that this booth takes.

    Raises:
        InputRefusedError: It is no certificate of this key for this booth.
    """
    certificate = _certificate(untrusted_line)
    theirs = {principal.decode("latin-1") for principal in certificate.valid_principals}
    name = certificate.key_id.decode("latin-1")
    if (
        _line_of_issuer(certificate) != ca_line
        or not principals & theirs
        or certificate.type is not SSHCertificateType.USER
        or not PERSON_PATTERN.fullmatch(name)
    ):
        raise InputRefusedError("the certificate is none for this booth")
    return Technician(name, certificate.serial)


def _line_of_issuer(certificate: SSHCertificate) -> str:
    """Return the public key that signed a certificate, as OpenSSH writes it."""
    octets = certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return octets.decode("ascii")


def _certificate(untrusted_line: str) -> SSHCertificate:
    """Return a certificate that its issuer, whoever that is, has signed."""
    if len(untrusted_line) > MAXIMUM_CERTIFICATE_CHARACTERS:
        raise InputRefusedError(f"is longer than {MAXIMUM_CERTIFICATE_CHARACTERS} characters")
    try:
        certificate = load_ssh_public_identity(untrusted_line.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputRefusedError("is no certificate of OpenSSH") from error
    if not isinstance(certificate, SSHCertificate):
        raise InputRefusedError("is a key without a certificate")
    try:
        certificate.verify_cert_signature()
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise InputRefusedError("is not what its issuer has signed") from error
    return certificate
