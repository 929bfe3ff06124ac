"""A certificate authority: certificates for MQTT and HTTPS over TLS, and what was taken back.

Who may have a certificate is left to others: the laboratory certifies everybody on a list and keeps
its key in a file beside everything else, the Token Authority asks its custodian.
"""

import datetime as dt
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_lpr.certificates.key_usage import key_usage
from edge_lpr.core.errors import KeyFileError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.core.wipe import wipe

AUTHORITY_DAYS: Final = 730
"""How long a laboratory's authority, and its revocation list, are valid."""

CERTIFICATE_DAYS: Final = 90
"""How long a certificate is valid: enough for a trial, too short to be forgotten in a booth."""

_MAXIMUM_KEY_BYTES: Final = 4096
_HOUR: Final = dt.timedelta(hours=1)
"""Certificates are valid an hour early: clocks of a laboratory differ."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a certificate is valid."""

    not_before: dt.datetime
    """First moment, aware."""
    not_after: dt.datetime
    """Last moment, aware."""

    @classmethod
    def days_from(cls, unix_s: int, days: int) -> "Validity":
        """Return the validity of so many days, one hour early.

        Args:
            unix_s: Start, UTC in whole seconds since 1970.
            days: How long; negative for a certificate that has already ended.
        """
        start = dt.datetime.fromtimestamp(unix_s, dt.timezone.utc)
        if days < 0:
            return cls(start + dt.timedelta(days=days - 1), start + dt.timedelta(days=days))
        return cls(start - _HOUR, start + dt.timedelta(days=days))


@dataclass(frozen=True, slots=True, repr=False)
class CertifiedKey:
    """A private key and the certificate that names its owner. No ``repr``: it holds a secret."""

    certificate: x509.Certificate
    """Signed by the authority."""
    key: ec.EllipticCurvePrivateKey
    """On P-256: every TLS library takes it."""

    def write(self, folder: Path, name: str) -> None:
        """Write ``name.crt`` and, for the owner alone to read, ``name.key``.

        Args:
            folder: An existing folder.
            name: Of the files.

        Raises:
            KeyFileError: A file cannot be written.
        """
        write_secret_file(folder / f"{name}.key", _private_pem(self.key))
        write_public(folder / f"{name}.crt", self.certificate.public_bytes(Encoding.PEM))


class CertificateAuthority:
    """Certifies brokers and their clients, and revokes clients."""

    def __init__(self, own: CertifiedKey) -> None:
        """Sign with a key.

        Args:
            own: The authority's key and self-signed certificate.
        """
        self._own = own
        self._revoked: dict[int, dt.datetime] = {}

    @classmethod
    def generate(cls, name: str, unix_s: int, days: int = AUTHORITY_DAYS) -> "CertificateAuthority":
        """Return a new authority.

        Args:
            name: Common name, such as ``edge-lpr laboratory devices``.
            unix_s: Now, UTC in whole seconds since 1970.
            days: How long it is valid; no certificate of it can be valid for longer.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        validity = Validity.days_from(unix_s, days)
        subject = _name(name)
        builder = _builder(subject, subject, key.public_key(), key.public_key(), validity)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(CertifiedKey(certificate, key))

    @classmethod
    def read(cls, folder: Path, name: str) -> "CertificateAuthority":
        """Return the authority that an earlier run wrote, with what it has revoked.

        Args:
            folder: Where ``write`` put it.
            name: Of its files.

        Raises:
            KeyFileError: A file is missing, damaged or readable by others.
        """
        key_file = folder / f"{name}.key"
        key_pem = read_secret_file(key_file, _MAXIMUM_KEY_BYTES)
        try:
            certificate_pem = (folder / f"{name}.crt").read_bytes()
            revocation_list_pem = (folder / f"{name}.crl").read_bytes()
            return cls.from_pem(key_pem, certificate_pem, revocation_list_pem)
        except OSError as error:
            raise KeyFileError(
                f"{key_file}: its .crt or .crl cannot be read ({error.strerror}); remove the "
                "folder and begin anew"
            ) from error
        except KeyFileError as error:
            raise KeyFileError(f"{key_file}: {error}, or begin anew in an empty folder") from error
        finally:
            wipe(key_pem)

    @classmethod
    def from_pem(
        cls, key_pem: bytes | bytearray, certificate_pem: bytes, revocation_list_pem: bytes
    ) -> "CertificateAuthority":
        """Return an authority from the three things that make it up.

        Args:
            key_pem: As ``private_pem`` gave it. Not modified.
            certificate_pem: As ``certificate_pem`` gave it.
            revocation_list_pem: As ``revocation_list_pem`` gave it: what was taken back.

        Raises:
            KeyFileError: One of them is damaged, or they do not belong together.
        """
        try:
            key = load_pem_private_key(key_pem, password=None)
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            revocations = x509.load_pem_x509_crl(revocation_list_pem)
        except (ValueError, TypeError) as error:
            raise KeyFileError(
                "key, certificate and revocation list are not those of an authority; "
                "restore all three from the same backup"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeyFileError("the key is one of another kind; restore it from a backup")
        public_key = key.public_key()
        is_one = certificate.public_key() == public_key
        if not is_one or not revocations.is_signature_valid(public_key):
            raise KeyFileError(
                "key, certificate and revocation list do not belong to one authority; "
                "restore all three from the same backup"
            )
        authority = cls(CertifiedKey(certificate, key))
        for revoked in revocations:
            authority._revoked[revoked.serial_number] = revoked.revocation_date_utc
        return authority

    def private_pem(self) -> bytes:
        """Return the private key as PKCS #8: a secret, to be wrapped before it is kept."""
        return _private_pem(self._own.key)

    @property
    def certificate_pem(self) -> bytes:
        """The authority's certificate: what the other side trusts."""
        return self._own.certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path, name: str) -> None:
        """Write ``name.crt``, ``name.key`` and the revocation list ``name.crl``.

        Args:
            folder: An existing folder.
            name: Of the files.

        Raises:
            KeyFileError: A file cannot be written.
        """
        self._own.write(folder, name)
        write_public(folder / f"{name}.crl", self.revocation_list_pem())

    def certify_broker(self, hosts: Sequence[str], validity: Validity) -> CertifiedKey:
        """Return key and certificate of a broker.

        Args:
            hosts: Names and IP addresses under which clients find it.
            validity: From when to when.
        """
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        return self._certify("broker", ExtendedKeyUsageOID.SERVER_AUTH, validity, [names])

    def certify_client(self, name: str, validity: Validity) -> CertifiedKey:
        """Return key and certificate of a booth or a consumer.

        Args:
            name: Common name: the device id or the consumer's name, which the broker takes as the
                user.
            validity: From when to when.
        """
        return self._certify(name, ExtendedKeyUsageOID.CLIENT_AUTH, validity, [])

    def certify_broker_key(
        self, key: ec.EllipticCurvePublicKey, hosts: Sequence[str], validity: Validity
    ) -> x509.Certificate:
        """Return a certificate for a broker's, or another server's, own key.

        Args:
            key: Taken from a checked signing request (``signing_request.py``).
            hosts: Names and IP addresses under which clients find it.
            validity: From when to when.
        """
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        return self._sign(key, "broker", ExtendedKeyUsageOID.SERVER_AUTH, validity, [names])

    def certify_client_key(
        self, key: ec.EllipticCurvePublicKey, name: str, validity: Validity
    ) -> x509.Certificate:
        """Return a certificate for a booth's or consumer's own key.

        Args:
            key: Taken from a checked signing request (``signing_request.py``).
            name: Common name, which the broker takes as the user.
            validity: From when to when.
        """
        return self._sign(key, name, ExtendedKeyUsageOID.CLIENT_AUTH, validity, [])

    def revoke(self, certificate: x509.Certificate | x509.RevokedCertificate, unix_s: int) -> None:
        """Take a certificate back; it shows in the next ``revocation_list_pem``.

        Args:
            certificate: One of this authority, or its line in another list of this authority; a
                second time changes nothing.
            unix_s: Now, UTC in whole seconds since 1970.
        """
        at = dt.datetime.fromtimestamp(unix_s, dt.timezone.utc)
        self._revoked.setdefault(certificate.serial_number, at)

    def revocation_list_pem(self) -> bytes:
        """Return the signed list of what was taken back; valid as long as the authority is.

        A list that has ended makes a broker refuse everybody, so one in the field must be renewed
        in time.
        """
        own = self._own.certificate
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(own.subject)
            .last_update(own.not_valid_before_utc)
            .next_update(own.not_valid_after_utc)
            .add_extension(x509.CRLNumber(len(self._revoked) + 1), critical=False)
            .add_extension(_authority_key_identifier(self._own.key.public_key()), critical=False)
        )
        for serial, at in self._revoked.items():
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
            )
        return builder.sign(self._own.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def _certify(
        self,
        name: str,
        usage: x509.ObjectIdentifier,
        validity: Validity,
        extensions: Iterable[x509.ExtensionType],
    ) -> CertifiedKey:
        """Return a new key with a certificate for one use."""
        key = ec.generate_private_key(ec.SECP256R1())
        return CertifiedKey(self._sign(key.public_key(), name, usage, validity, extensions), key)

    def _sign(
        self,
        key: ec.EllipticCurvePublicKey,
        name: str,
        usage: x509.ObjectIdentifier,
        validity: Validity,
        extensions: Iterable[x509.ExtensionType],
    ) -> x509.Certificate:
        """Return a certificate for one use, valid no longer than this authority's own."""
        own = self._own.certificate
        last = min(validity.not_after, own.not_valid_after_utc)
        validity = Validity(validity.not_before, last)
        builder = (
            _builder(_name(name), own.subject, key, self._own.key.public_key(), validity)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._own.key, hashes.SHA256())


def write_public(path: Path, content: bytes) -> None:
    """Write a file that everybody may read.

    Args:
        path: The file; replaced if it exists.
        content: What it shall hold.

    Raises:
        KeyFileError: The file cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot be written ({error.strerror}); its folder must exist and have room"
        ) from error


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    validity: Validity,
) -> x509.CertificateBuilder:
    """Return what all certificates have; strict libraries refuse one without the identifiers."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_authority_key_identifier(issuer_key), critical=False)
    )


def _authority_key_identifier(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    """Return the name of the key that signed."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _name(common_name: str) -> x509.Name:
    """Return a subject that has a common name and nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    """Return a host as certificates write it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key as PKCS #8 without a passphrase."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
