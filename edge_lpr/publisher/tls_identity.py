"""Who this device is to the broker: authority, certificate and key, read from three files.

All three are checked against one another before anything is connected, so that a technician reads
what is wrong with which file and not what the broker thinks of it. When they are read again is
left to ``tls_renewal.py``, what a failed greeting means to ``tls_faults.py``.
"""

import datetime as dt
import hashlib
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from edge_lpr.core.errors import KeyFileError, SettingsError
from edge_lpr.core.secret_file import named_in_settings, read_secret_file
from edge_lpr.core.wipe import wipe

MAXIMUM_PEM_BYTES: Final = 65_536
"""Each of the three; a chain of four certificates has a tenth of this."""

_DAY_S: Final = 86_400
_MAXIMUM_DAYS: Final = 36_525
_CA_KEY: Final = "publisher.tls_ca_file"
_CERTIFICATE_KEY: Final = "publisher.tls_certificate_file"
_KEY_KEY: Final = "publisher.tls_key_file"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the three files are, and whose they must be."""

    ca_file: Path
    """PEM certificates; the broker's must be signed by one of them, and nobody else is trusted."""
    certificate_file: Path
    """PEM certificate of this device, then those between it and its authority."""
    key_file: Path
    """Its private key, PEM without a password, readable by its owner alone."""
    device: str
    """Name of the device; the certificate's common name, because the broker's rules go by it."""


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """What was read, sound and in agreement."""

    context: ssl.SSLContext = field(repr=False)
    """TLS 1.3 or later, this authority alone, the broker's name checked."""
    valid_from: int
    """From when the certificate is valid, UTC in whole seconds since 1970."""
    valid_until: int
    """Until when, likewise."""
    digest: bytes
    """SHA-256 over the contents of the three files."""

    def days_left(self, now_unix_s: int) -> int:
        """Return for how many whole days the certificate is still valid; 0 if it is not.

        A century at most: one that never ends, which RFC 5280 writes as the year 9999 (4.1.2.5),
        must not be more than a health record can hold.

        Args:
            now_unix_s: UTC in whole seconds since 1970.
        """
        if now_unix_s < self.valid_from:
            return 0
        return min(max(0, (self.valid_until - now_unix_s) // _DAY_S), _MAXIMUM_DAYS)


def load_identity(files: TlsFiles) -> TlsIdentity:
    """Read the three files and put them together.

    Whether the certificate is valid at this moment is not asked: the booth's clock may be wrong,
    and the broker decides anyway.

    Args:
        files: Where they are.

    Returns:
        The identity.

    Raises:
        SettingsError: A file cannot be read, is not what it should be, or does not belong to the
            others; the message says which.
        KeyFileError: The key is missing, damaged or readable by others.
    """
    ca_pem = _read_public(files.ca_file, _CA_KEY)
    certificate_pem = _read_public(files.certificate_file, _CERTIFICATE_KEY)
    authorities = _certificates(files.ca_file, ca_pem, _CA_KEY)
    certificate = _certificates(files.certificate_file, certificate_pem, _CERTIFICATE_KEY)[0]
    _require_name(files, certificate)
    with named_in_settings(_KEY_KEY, "it comes with the device's certificate for the broker"):
        key_pem = read_secret_file(files.key_file, MAXIMUM_PEM_BYTES)
    try:
        _require_pair(files, certificate, key_pem)
        digest = hashlib.sha256()
        for content in (ca_pem, certificate_pem, key_pem):
            digest.update(len(content).to_bytes(4, "big"))
            digest.update(content)
        context = _context(files, authorities, certificate_pem, key_pem)
    finally:
        wipe(key_pem)
    return TlsIdentity(
        context,
        valid_from=_unix_s(certificate.not_valid_before_utc),
        valid_until=_unix_s(certificate.not_valid_after_utc),
        digest=digest.digest(),
    )


def _read_public(path: Path, key: str) -> bytes:
    """Return the content of a file that everybody may read."""
    try:
        # O_NONBLOCK: opening a named pipe would otherwise wait for its writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(MAXIMUM_PEM_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}); {key} names it: put the PEM file there, "
            "readable by this process's user"
        ) from error
    if not content or len(content) > MAXIMUM_PEM_BYTES:
        raise SettingsError(
            f"{path}: is empty or longer than {MAXIMUM_PEM_BYTES} bytes, so not the file of "
            f"certificates that {key} asks for"
        )
    return content


def _certificates(path: Path, pem: bytes, key: str) -> list[x509.Certificate]:
    """Return the certificates in a file, at least one."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion) as error:
        raise SettingsError(
            f"{path}: holds no sound PEM certificate; {key} needs one that begins with "
            "-----BEGIN CERTIFICATE-----"
        ) from error


def _require_name(files: TlsFiles, certificate: x509.Certificate) -> None:
    """Refuse another device's certificate."""
    names = [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [files.device]:
        raise SettingsError(
            f"{files.certificate_file}: is not this device's certificate; its common name must be "
            f"{files.device!r}, as booth.device says, or the broker's rules refuse every message"
        )


def _require_pair(files: TlsFiles, certificate: x509.Certificate, key_pem: bytearray) -> None:
    """Refuse a key that is none, has a password, or belongs to another certificate."""
    try:
        key = load_pem_private_key(key_pem, password=None)
    except TypeError as error:
        raise KeyFileError(
            f"{files.key_file}: has a password, and nobody is there to type it; store the key "
            "without one, with mode 0600"
        ) from error
    except (ValueError, UnsupportedAlgorithm):
        # From None: OpenSSL's words may quote the key.
        raise KeyFileError(
            f"{files.key_file}: holds no sound private key; {_KEY_KEY} needs one in PEM, as "
            "openssl genpkey writes it"
        ) from None
    plain = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*plain) != certificate.public_key().public_bytes(*plain):
        raise SettingsError(
            f"{files.key_file}: is not the key of {files.certificate_file}; put the two files of "
            "one issue there"
        )


def _context(
    files: TlsFiles,
    authorities: list[x509.Certificate],
    certificate_pem: bytes,
    key_pem: bytearray,
) -> ssl.SSLContext:
    """Return what TLS connections are made with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # PROTOCOL_TLS_CLIENT checks name and certificate; nothing here can switch that off.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.hostname_checks_common_name = False
    try:
        # In this order: Python takes a fault that another library has left in OpenSSL's queue, such
        # as a wrong PIN of SoftHSM, for one of the authorities; loading a chain clears the queue.
        _load_chain(context, certificate_pem, key_pem)
        der = b"".join(authority.public_bytes(Encoding.DER) for authority in authorities)
        context.load_verify_locations(cadata=der)
    except ssl.SSLError as error:
        raise SettingsError(
            f"{files.certificate_file}: the TLS library refuses it or its key "
            f"({error.reason or 'no reason given'}); have a new pair issued"
        ) from error
    return context


def _load_chain(context: ssl.SSLContext, certificate_pem: bytes, key_pem: bytearray) -> None:
    """Load exactly the bytes that were checked; the library takes files only."""
    # In memory and without a name: the files may be replaced between check and use.
    descriptor = os.memfd_create("tls-pair", os.MFD_CLOEXEC)
    try:
        os.writev(descriptor, [key_pem, b"\n", certificate_pem])
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_password)
    finally:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _no_password() -> str:
    """Keep the library from asking at a terminal."""
    return ""


def _unix_s(moment: dt.datetime) -> int:
    """Return a moment as whole seconds since 1970."""
    return int(moment.timestamp())
