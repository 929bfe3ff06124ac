"""What the tokeniser must hold before it may start: token keys, event key, device certificate.

Everything is checked here, early and loudly: who may read the files, what they are sealed under,
and that they belong together. The certificate's signature is checked where the settings name the
authority, which a laboratory may leave out; every server refuses a forged one anyway.

Only the key ring may be damaged. It changes every day, and a device that lost it in a power cut
must not need a visit: it begins with no keys and a new transport key, says so, makes no token, and
has keys again when the authority answers its announcement. What is left of the damaged file is
overwritten, for nobody could use it but a thief.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from edge_lpr import __version__
from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.errors import (
    KeyFileDamagedError,
    KeyFileError,
    KeyFileMissingError,
    ModelError,
    SettingsError,
    WireError,
)
from edge_lpr.core.secret_file import named_in_settings
from edge_lpr.core.settings import BoothSettings
from edge_lpr.tokeniser.key_keeper import fresh_state
from edge_lpr.tokens.key_ring import (
    KeyPurpose,
    KeyRing,
    KeyState,
    read_key_state,
    write_key_state,
)
from edge_lpr.tokens.overwriting import destroy_remains
from edge_lpr.tokens.sealing import SealingKey, read_sealing_key
from edge_lpr.wire import base64url
from edge_lpr.wire.birth import BirthClaims
from edge_lpr.wire.device_certificate import (
    MAXIMUM_CERTIFICATE_BYTES,
    CustodyTier,
    DeviceCertificate,
    decode_unverified_certificate,
    verify_certificate,
)
from edge_lpr.wire.jws import PublicKey, SigningKey, load_signing_key

MAXIMUM_MANIFEST_BYTES: Final = 65_536
"""The manifest names a handful of files; anything longer is not one."""

_MAXIMUM_AUTHORITY_BYTES: Final = 128
"""A key has 43 characters."""

_ORIGIN: Final = "the authority issues it"

_MANIFEST_NAME: Final = "manifest.json"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Keys and certificate of this device. No ``repr``: it would lead to the keys."""

    key_state: KeyState
    """Token keys of the current and the coming epochs, and what deliveries are opened with."""
    damage: KeyFileDamagedError | None
    """Why the keys of before are gone, if they are."""
    sealing_key: SealingKey | None
    """What the device's secret files are sealed under, if anything."""
    authority: PublicKey | None
    """Whose deliveries and watch-lists are taken; nobody's if ``None``."""
    signing_key: SigningKey
    """The event key, which signs births and sightings."""
    certificate_jws: bytes
    """The authority's statement about the event key, as it goes into the birth."""
    certificate_ends_s: int
    """Last second of its validity, UTC since 1970."""

    @property
    def key_ring(self) -> KeyRing:
        """Token keys of the current and the coming epochs."""
        return self.key_state.ring


def load_credentials(settings: BoothSettings, clock: Clock) -> Credentials:
    """Read and check all that the tokeniser signs and makes tokens with.

    Args:
        settings: Who the booth is, where its files are, and where its frames come from.
        clock: Tells whether the certificate is valid now.

    Returns:
        Keys and certificate that fit each other and the settings.

    Raises:
        KeyFileError: A file is missing, damaged, sealed otherwise or readable by others, or the
            certificate is for another device, another key or another time, or not the authority's.
        SettingsError: Frames are replayed under live keys.
    """
    files = settings.tokeniser
    sealing_key = _sealing_key(files.sealing_key_file)
    authority = None if files.authority_file is None else _read_authority(files.authority_file)
    # First the event key: where it opens, the sealing key is the right one.
    with named_in_settings("tokeniser.event_key_file", _ORIGIN):
        signing_key = load_signing_key(files.event_key_file, sealing_key)
    with named_in_settings("tokeniser.device_certificate_file", _ORIGIN):
        certificate_jws = _read_certificate(files.device_certificate_file)
    certificate = _decoded(files.device_certificate_file, certificate_jws)
    fault = (
        _certificate_fault(certificate, settings, signing_key, clock)
        or _signature_fault(certificate_jws, certificate, authority)
        or _custody_fault(certificate, sealing_key)
    )
    if fault:
        raise KeyFileError(
            f"{files.device_certificate_file}: {fault}; the authority must issue a certificate "
            "that fits"
        )
    with named_in_settings("tokeniser.key_ring_file", _ORIGIN):
        key_state, damage = _key_state(settings, sealing_key, clock, may_heal=authority is not None)
    return Credentials(
        key_state=key_state,
        damage=damage,
        sealing_key=sealing_key,
        authority=authority,
        signing_key=signing_key,
        certificate_jws=certificate_jws,
        certificate_ends_s=certificate.not_after,
    )


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
        mode=settings.tokeniser.mode,
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


def _sealing_key(path: Path | None) -> SealingKey | None:
    """Return what the secret files are sealed under; ``None`` where they are plain."""
    if path is None:
        return None
    with named_in_settings(
        "tokeniser.sealing_key_file", "a credential that the service manager unseals"
    ):
        return read_sealing_key(path)


def _read_authority(path: Path) -> PublicKey:
    """Return the public key of the authority: one line of 43 base64url characters."""
    try:
        with path.open("rb") as file:
            untrusted_content = file.read(_MAXIMUM_AUTHORITY_BYTES)
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot be read ({error.strerror}); tokeniser.authority_file names it: the "
            "authority's public key, which comes with the deployment bundle"
        ) from error
    try:
        return PublicKey(base64url.decode(untrusted_content.strip()))
    except WireError as error:
        raise KeyFileError(
            f"{path}: holds no public key of an authority: one line of 43 base64url characters"
        ) from error


def _key_state(
    settings: BoothSettings, sealing_key: SealingKey | None, clock: Clock, *, may_heal: bool
) -> tuple[KeyState, KeyFileDamagedError | None]:
    """Return the token keys; none, and why, if their file is damaged and others may come."""
    path = settings.tokeniser.key_ring_file
    is_live = settings.vision.source.is_live
    destroy_remains(path)
    try:
        state = read_key_state(path, sealing_key)
    except KeyFileDamagedError as error:
        if not may_heal:
            raise
        purpose = KeyPurpose.LIVE if is_live else KeyPurpose.TEST
        fresh = fresh_state(KeyRing(purpose, {}), clock)
        # At once, so that the number of its transport key is not announced with another key.
        write_key_state(path, fresh, sealing_key)
        return fresh, error
    if not is_live and state.ring.purpose is not KeyPurpose.TEST:
        raise SettingsError(
            f"vision.source.kind is {settings.vision.source.kind}, but {path} "
            "holds live keys; replayed frames need a key ring made for tests"
        )
    return state, None


def _decoded(path: Path, certificate_jws: bytes) -> DeviceCertificate:
    """Return what a certificate says, or say that it is none."""
    try:
        return decode_unverified_certificate(certificate_jws)
    except WireError as error:
        raise KeyFileError(
            f"{path}: is no device certificate ({error}); the authority must issue it again"
        ) from error


def _signature_fault(
    certificate_jws: bytes, certificate: DeviceCertificate, authority: PublicKey | None
) -> str | None:
    """Return that the authority has not signed a certificate, if it is known and has not."""
    if authority is None:
        return None
    try:
        # At a moment when it is valid: its time is looked at elsewhere, with a clock that knows.
        verify_certificate(certificate_jws, authority, certificate.not_before)
    except WireError as error:
        return f"is not signed by the authority in tokeniser.authority_file ({error})"
    return None


def _custody_fault(certificate: DeviceCertificate, sealing_key: SealingKey | None) -> str | None:
    """Return that the certificate promises a custody that the settings do not keep."""
    if certificate.tier is CustodyTier.A and sealing_key is None:
        return (
            "promises custody tier A, but tokeniser.sealing_key_file names no key that the board's "
            "TPM unseals; set it, or have a certificate of the right tier issued"
        )
    return None


def _certificate_fault(
    certificate: DeviceCertificate, settings: BoothSettings, signing_key: SigningKey, clock: Clock
) -> str | None:
    """Return what does not fit, or ``None``."""
    booth, address = settings.booth, certificate.address
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
