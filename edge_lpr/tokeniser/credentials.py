"""What the tokeniser must hold before it may start: token keys, event key, device certificate.

Everything is checked here, early and loudly. The certificate's own signature is not: the
authority's key is not on the device yet (it comes with the signed deployment bundle). Until then
a forged certificate stops nothing here, and every server refuses it.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from edge_lpr import __version__
from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.errors import (
    KeyFileError,
    KeyFileMissingError,
    ModelError,
    SettingsError,
    WireError,
)
from edge_lpr.core.secret_file import named_in_settings
from edge_lpr.core.settings import BoothSection, BoothSettings
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing, read_key_ring
from edge_lpr.wire.birth import BirthClaims
from edge_lpr.wire.device_certificate import (
    MAXIMUM_CERTIFICATE_BYTES,
    DeviceCertificate,
    decode_unverified_certificate,
)
from edge_lpr.wire.jws import SigningKey, load_signing_key

MAXIMUM_MANIFEST_BYTES: Final = 65_536
"""The manifest names a handful of files; anything longer is not one."""

_ORIGIN: Final = "the authority issues it"

_MANIFEST_NAME: Final = "manifest.json"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Keys and certificate of this device. No ``repr``: it would lead to the keys."""

    key_ring: KeyRing
    """Token keys of the current and the coming epochs."""
    signing_key: SigningKey
    """The event key, which signs births and sightings."""
    certificate_jws: bytes
    """The authority's statement about the event key, as it goes into the birth."""
    certificate_ends_s: int
    """Last second of its validity, UTC since 1970."""


def load_credentials(settings: BoothSettings, clock: Clock) -> Credentials:
    """Read and check all that the tokeniser signs and makes tokens with.

    Args:
        settings: Who the booth is, where its files are, and where its frames come from.
        clock: Tells whether the certificate is valid now.

    Returns:
        Keys and certificate that fit each other and the settings.

    Raises:
        KeyFileError: A file is missing, damaged or readable by others, or the certificate is for
            another device, another key or another time.
        SettingsError: Frames are replayed under live keys.
    """
    files = settings.tokeniser
    with named_in_settings("tokeniser.key_ring_file", _ORIGIN):
        key_ring = read_key_ring(files.key_ring_file)
    if not settings.vision.source.is_live and key_ring.purpose is not KeyPurpose.TEST:
        raise SettingsError(
            f"vision.source.kind is {settings.vision.source.kind}, but {files.key_ring_file} "
            "holds live keys; replayed frames need a key ring made for tests"
        )
    with named_in_settings("tokeniser.event_key_file", _ORIGIN):
        signing_key = load_signing_key(files.event_key_file)
    with named_in_settings("tokeniser.device_certificate_file", _ORIGIN):
        certificate_jws = _read_certificate(files.device_certificate_file)
    certificate = _checked_certificate(
        files.device_certificate_file, certificate_jws, settings.booth, signing_key, clock
    )
    return Credentials(key_ring, signing_key, certificate_jws, certificate.not_after)


def birth_claims(
    settings: BoothSettings, credentials: Credentials, *, boot: str, time_quality: TimeQuality
) -> BirthClaims:
    """Return what the birth says, but for the previous boot.

    Args:
        settings: Where the models and the frames come from.
        credentials: The certificate, and whether the keys are for tests.
        boot: Boot id of the sighting chain.
        time_quality: How far the clock can be trusted now.

    Returns:
        The claims.

    Raises:
        ModelError: The models' manifest cannot be read.
    """
    return BirthClaims(
        certificate=credentials.certificate_jws,
        boot=boot,
        previous=None,
        software=__version__,
        models=_manifest_digest(settings.vision.models_folder),
        camera_networked=settings.vision.source.kind == "rtsp",
        tq=time_quality,
        test=credentials.key_ring.purpose is KeyPurpose.TEST,
    )


def _read_certificate(path: Path) -> bytes:
    """Return the certificate's text, bounded; it is public, so anybody may be able to read it."""
    try:
        with path.open("rb") as file:
            untrusted_text = file.read(MAXIMUM_CERTIFICATE_BYTES + 2)
    except FileNotFoundError as error:
        raise KeyFileMissingError(f"{path}: there is no such file") from error
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot be read ({error.strerror}); the authority must issue a certificate"
        ) from error
    # A text editor ends its files with a newline.
    return untrusted_text.rstrip(b"\r\n")


def _checked_certificate(
    path: Path, certificate_jws: bytes, booth: BoothSection, signing_key: SigningKey, clock: Clock
) -> DeviceCertificate:
    """Return what a certificate says, unless no server would accept it for this booth and key."""
    try:
        certificate = decode_unverified_certificate(certificate_jws)
    except WireError as error:
        raise KeyFileError(
            f"{path}: is no device certificate ({error}); the authority must issue it again"
        ) from error
    fault = _certificate_fault(certificate, booth, signing_key, clock)
    if fault:
        raise KeyFileError(f"{path}: {fault}; the authority must issue a certificate that fits")
    return certificate


def _certificate_fault(
    certificate: DeviceCertificate, booth: BoothSection, signing_key: SigningKey, clock: Clock
) -> str | None:
    """Return what does not fit, or ``None``."""
    address = certificate.address
    if (address.tenant, address.site, address.device) != (booth.tenant, booth.site, booth.device):
        return (
            f"is for {address.tenant}/{address.site}/{address.device}, but the settings say "
            f"{booth.tenant}/{booth.site}/{booth.device}"
        )
    if certificate.event_key.octets != signing_key.public_key.octets:
        return "names another event key than the one in tokeniser.event_key_file"
    # A reset clock says nothing about validity; without a clock no token is made anyway.
    if clock.quality() is not TimeQuality.NONE and not certificate.is_valid_at(clock.unix_s()):
        return "is not valid today"
    return None


def _manifest_digest(models_folder: Path | None) -> bytes:
    """Return the SHA-256 of the models' manifest, which names the digest of every model."""
    folder = resources.files("edge_lpr") / "models" if models_folder is None else models_folder
    manifest = folder / _MANIFEST_NAME
    try:
        with manifest.open("rb") as file:
            untrusted_manifest = file.read(MAXIMUM_MANIFEST_BYTES + 1)
    except OSError as error:
        raise ModelError(
            f"{manifest}: cannot be read ({error.strerror}); install the models again"
        ) from error
    if len(untrusted_manifest) > MAXIMUM_MANIFEST_BYTES:
        raise ModelError(
            f"{manifest}: longer than {MAXIMUM_MANIFEST_BYTES} bytes; install it again"
        )
    return hashlib.sha256(untrusted_manifest).digest()
