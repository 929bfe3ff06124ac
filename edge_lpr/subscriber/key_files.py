"""The files that a server gets from others: pinned authority, TLS certificate and key."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import KeyFileError, SettingsError, WireError
from edge_lpr.core.secret_file import read_secret_file
from edge_lpr.core.wipe import wipe
from edge_lpr.wire import base64url
from edge_lpr.wire.deployment import MAXIMUM_DEPLOYMENT_BYTES, Deployment, read_deployment
from edge_lpr.wire.jws import PublicKey

_MAXIMUM_AUTHORITY_BYTES: Final = 128
"""A key has 43 characters."""

_MAXIMUM_KEY_BYTES: Final = 65_536
"""An RSA key of 4,096 bits has a twentieth of this."""

_BUNDLE_HEAD: Final = b"eyJ"
"""How a signed document begins: the base64url of ``{"``. A key may too, but is shorter."""


@dataclass(frozen=True, slots=True)
class DeploymentFile:
    """A deployment bundle and where it lies."""

    path: Path
    """The file; it is read again for every TLS connection, so a newer one is taken."""
    deployment: Deployment
    """What it says, signed by the authority that it names."""

    @property
    def broker_url(self) -> str:
        """Where servers reach the broker."""
        host = self.deployment.broker_host
        shown = f"[{host}]" if ":" in host else host
        return f"mqtts://{shown}:{self.deployment.consumers_port}"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Who the broker must be, and who we are."""

    ca_file: Path | None
    """PEM certificates of the broker's authority, or the deployment bundle; ``None`` for those that
    this machine trusts."""
    certificate_file: Path | None
    """PEM certificate of this consumer, with those between it and its authority."""
    key_file: Path | None
    """Its private key, PEM without a password, readable by its owner alone."""


def read_deployment_file(path: Path) -> DeploymentFile:
    """Read a deployment bundle.

    Args:
        path: ``deployment.lpr``, which the key custodian gives you.

    Returns:
        The bundle.

    Raises:
        KeyFileError: The file cannot be read, or holds no sound bundle.
    """
    untrusted_content = _read(path, MAXIMUM_DEPLOYMENT_BYTES, "it is the deployment bundle")
    try:
        return DeploymentFile(path, read_deployment(untrusted_content.strip()))
    except WireError as error:
        raise KeyFileError(
            f"{path}: is no sound deployment bundle ({error}); ask the key custodian for it again"
        ) from error


def read_authority_key(path: Path) -> PublicKey:
    """Read the public key of the authority, which is pinned.

    Args:
        path: One line: 32 bytes in base64url, 43 characters; or the deployment bundle.

    Returns:
        The key.

    Raises:
        KeyFileError: The file cannot be read, or holds no such key.
    """
    untrusted_content = _read(path, MAXIMUM_DEPLOYMENT_BYTES, "it is the authority's public key")
    if _is_bundle(untrusted_content):
        return read_deployment_file(path).deployment.authority
    try:
        return PublicKey(base64url.decode(untrusted_content[:_MAXIMUM_AUTHORITY_BYTES].strip()))
    except WireError as error:
        raise KeyFileError(
            f"{path}: holds no public key of an authority: one line of 43 base64url characters"
        ) from error


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """Return what TLS connections are made with: version 1.3, name and certificate checked.

    Args:
        files: Read now, so that renewed ones are taken by the next connection.

    Returns:
        The context.

    Raises:
        SettingsError: A file is missing, is not what it should be, or is a key that others can
            read.
    """
    if (files.certificate_file is None) != (files.key_file is None):
        raise SettingsError("certificate_file and key_file belong together: give both or neither")
    # Name and certificate are checked by this; nothing here can switch that off.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if files.ca_file is None:
        context.load_default_certs()
    else:
        _load_authorities(context, files.ca_file)
    if files.certificate_file is not None and files.key_file is not None:
        _load_identity(context, files.certificate_file, files.key_file)
    return context


def _load_authorities(context: ssl.SSLContext, ca_file: Path) -> None:
    """Trust the authorities of a file, and nobody else."""
    try:
        with ca_file.open("rb") as file:
            if _is_bundle(file.read(_MAXIMUM_AUTHORITY_BYTES)):
                _load_bundle(context, ca_file)
                return
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError as error:
        raise SettingsError(f"{ca_file}: holds no sound PEM certificate of an authority") from error
    except OSError as error:
        raise SettingsError(f"{ca_file}: cannot be read ({error.strerror})") from error


def _load_bundle(context: ssl.SSLContext, path: Path) -> None:
    """Trust the authorities of a deployment bundle."""
    try:
        context.load_verify_locations(cadata=read_deployment_file(path).deployment.broker_ca_pem)
    except KeyFileError as error:
        # One kind for all of TLS: it is read again at every connection, and may be half exchanged.
        raise SettingsError(str(error)) from error


def _is_bundle(untrusted_content: bytes) -> bool:
    """Return whether a file is a deployment bundle rather than a key or PEM."""
    longest_key = 43
    head = untrusted_content.lstrip()
    return head.startswith(_BUNDLE_HEAD) and len(head.split(b"\n")[0]) > longest_key


def _read(path: Path, maximum_bytes: int, what: str) -> bytes:
    """Return the content of a file that the key custodian gives."""
    try:
        with path.open("rb") as file:
            return file.read(maximum_bytes + 1)
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot be read ({error.strerror}); {what}, which the key custodian gives you"
        ) from error


def _load_identity(context: ssl.SSLContext, certificate_file: Path, key_file: Path) -> None:
    """Show a certificate to the broker."""
    _require_private(key_file)
    try:
        context.load_cert_chain(certificate_file, key_file, password=_no_password)
    except ssl.SSLError as error:
        raise SettingsError(
            f"{certificate_file} and {key_file}: are no PEM certificate and its key without a "
            f"password ({error.reason or 'the TLS library does not say more'}); give the two files "
            "that were issued together"
        ) from error
    except OSError as error:
        raise SettingsError(
            f"{certificate_file} and {key_file}: cannot be read ({error.strerror})"
        ) from error


def _require_private(key_file: Path) -> None:
    """Refuse a key that somebody else can read."""
    try:
        wipe(read_secret_file(key_file, _MAXIMUM_KEY_BYTES))
    except KeyFileError as error:
        # One kind for all of TLS: it is read again at every connection, and may be half exchanged.
        raise SettingsError(str(error)) from error


def _no_password() -> str:
    """Keep the library from asking at a terminal."""
    return ""
