"""Makes what signs updates: an authority, whose certificate is in every image, and a signing key.

Two, so that the key that is at hand when bundles are made can be replaced without touching a booth,
and the authority's can lie in a safe. ECDSA on P-384: RAUC's signatures are CMS, which OpenSSL
makes with Ed25519 from version 3.2 on only.
"""

import datetime as dt
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_lpr.certificates.key_usage import key_usage
from edge_lpr.core.errors import KeyFileError, UpdateError
from edge_lpr.core.secret_file import write_secret_file

AUTHORITY: Final = "update-authority"
"""Name of the authority's files."""

SIGNING: Final = "update-signing"
"""Name of the signing key's files."""

AUTHORITY_YEARS: Final = 20
"""As long as a booth may stand: an image cannot be told of a new one but by an update."""

SIGNING_YEARS: Final = 2
"""Bundles are judged by the booth's clock: one signed today can be installed for so long."""

_BACKDATED: Final = dt.timedelta(days=365)
"""A booth without a clock of its own starts in the past, and stays there where its line is cut.

It must be able to take a bundle all the same; that a certificate is not valid yet protects nobody.
"""


def make_update_keys(folder: Path, owner: str, now: dt.datetime) -> None:
    """Write ``update-authority`` and ``update-signing``, each as ``.crt`` and ``.key``.

    Args:
        folder: Made if it is not there; must not hold such keys.
        owner: Who signs, such as the agency's name.
        now: From when on the certificates' years count, aware; they are valid a year before, too.

    Raises:
        UpdateError: There are keys already, or a file cannot be written.
    """
    if any((folder / f"{name}.key").exists() for name in (AUTHORITY, SIGNING)):
        raise UpdateError(f"{folder}: has keys already, and booths may trust them; name another")
    authority_key, signing_key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    authority_name, signing_name = _name(f"{owner} updates"), _name(f"{owner} update signing")
    authority = (
        _builder(authority_name, authority_name, authority_key, now, AUTHORITY_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(authority_key, hashes.SHA384())
    )
    signing = (
        _builder(signing_name, authority_name, signing_key, now, SIGNING_YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA384())
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, key, certificate in (
            (AUTHORITY, authority_key, authority),
            (SIGNING, signing_key, signing),
        ):
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_secret_file(folder / f"{name}.key", pem)
            (folder / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    except (OSError, KeyFileError) as error:
        raise UpdateError(f"{folder}: cannot be written ({error})") from error


def _name(text: str) -> x509.Name:
    """Return a name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    years: int,
) -> x509.CertificateBuilder:
    """Return what both certificates have."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + dt.timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
