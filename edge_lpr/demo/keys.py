"""The demo's throw-away keys: authority, device and token keys of a laboratory.

What the authority's own program will do for real booths (make, deliver, destroy) is not here; a
demo plays all parts on one machine, and its token keys are marked as test keys.
"""

import secrets
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import EPOCH_LENGTH_S, Clock, epoch_of
from edge_lpr.core.errors import NoValidKeyError
from edge_lpr.demo.folders import DemoFolders
from edge_lpr.tokens.key_ring import KeyPurpose, read_key_ring, write_key_ring
from edge_lpr.tokens.suite1 import KEY_BYTES
from edge_lpr.wire import base64url
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jws import PublicKey, SigningKey, load_signing_key, write_signing_key
from edge_lpr.wire.topics import DeviceAddress

DEMO_ADDRESS: Final = DeviceAddress(tenant="demo", site="north-crossing", device="booth-1")
"""Who the demo's booth is."""

EPOCHS: Final = 4
"""Today's key and three to come, as on a booth: a demo across midnight goes on."""

_CERTIFICATE_DAYS: Final = 30


def key_ring_file(folders: DemoFolders) -> Path:
    """Return where the token keys are."""
    return folders.keys / "key-ring"


def event_key_file(folders: DemoFolders) -> Path:
    """Return where the device's signing key is."""
    return folders.keys / "event-key"


def certificate_file(folders: DemoFolders) -> Path:
    """Return where the device certificate is."""
    return folders.keys / "device-certificate"


def authority_file(folders: DemoFolders) -> Path:
    """Return where the authority's public key is, in base64url: what a consumer pins."""
    return folders.keys / "authority.pub"


def incoming_folder(folders: DemoFolders) -> Path:
    """Return where the tokeniser takes deliveries of keys from as files; nobody puts any there."""
    return folders.keys / "incoming"


def make_keys(folders: DemoFolders, clock: Clock) -> PublicKey:
    """Make the keys that are missing, and certify the device anew.

    Keys that an earlier run left in a kept folder are used again, so that the same plate on the
    same day has the same token.

    Args:
        folders: The demo's folders.
        clock: For the epochs and the certificate's validity.

    Returns:
        The authority's public key: what a consumer pins.

    Raises:
        KeyFileError: A key file is there and damaged, or cannot be written.
    """
    _complete_key_ring(key_ring_file(folders), epoch_of(clock.unix_s()))
    authority_key = _load_or_generate(folders.keys / "authority-key")
    event_key = _load_or_generate(event_key_file(folders))
    # A day earlier, because a kept folder may meet a clock that was set back.
    not_before = max(0, clock.unix_s() - EPOCH_LENGTH_S)
    certificate = DeviceCertificate(
        address=DEMO_ADDRESS,
        event_key=event_key.public_key,
        tier=CustodyTier.C,
        not_before=not_before,
        not_after=not_before + _CERTIFICATE_DAYS * EPOCH_LENGTH_S,
    )
    certificate_file(folders).write_bytes(issue_certificate(certificate, authority_key))
    public_key = authority_key.public_key
    authority_file(folders).write_bytes(base64url.encode(public_key.octets) + b"\n")
    return public_key


def _load_or_generate(path: Path) -> SigningKey:
    """Return the key of an earlier run, or a new one."""
    if path.exists():
        return load_signing_key(path)
    key = SigningKey.generate()
    write_signing_key(path, key)
    return key


def _complete_key_ring(path: Path, today: int) -> None:
    """Write a ring for today and the days to come, keeping the keys that it already has."""
    ring = read_key_ring(path) if path.exists() else None
    keys: dict[int, tuple[bytes, bytes]] = {}
    for epoch in range(today, today + EPOCHS):
        keys[epoch] = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
        if ring is not None:
            try:
                kept = ring.keys_for(epoch)
            except NoValidKeyError:
                continue
            keys[epoch] = bytes(kept.stretch_key), bytes(kept.site_key)
    write_key_ring(path, KeyPurpose.TEST, keys)
