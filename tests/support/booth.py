"""The files of one booth in a temporary folder: settings, keys, certificate."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from edge_lpr.core.clock import EPOCH_LENGTH_S, SystemClock, epoch_of
from edge_lpr.tokens.key_ring import KeyPurpose, write_key_ring
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jws import SigningKey, write_signing_key
from edge_lpr.wire.topics import DeviceAddress

ADDRESS = DeviceAddress("agency", "north", "booth-1")

_SETTINGS = """
[booth]
tenant = "agency"
site = "north"
device = "booth-1"
[[lanes]]
number = 1
region = [[0.0, 0.0], [0.5, 0.0], [0.0, 1.0]]
[[lanes]]
number = 2
region = [[1.0, 0.0], [0.5, 0.0], [1.0, 1.0]]
[vision]
readings_socket = "{folder}/readings.sock"
{more_vision_settings}
[vision.source]
kind = "{source_kind}"
address = "0"
[tokeniser]
readings_socket = "{folder}/readings.sock"
sightings_socket = "{folder}/sightings.sock"
key_ring_file = "{folder}/key-ring"
event_key_file = "{folder}/event-key"
device_certificate_file = "{folder}/device-certificate"
queue_sightings = {queue_sightings}
{more_tokeniser_settings}
[publisher]
sightings_socket = "{folder}/sightings.sock"
outbox_file = "{folder}/outbox.sqlite3"
"""


def epoch_keys(epoch: int) -> tuple[bytes, bytes]:
    """Return the stretch and the site key of an epoch, the same in every run."""
    stretch_key = hashlib.sha256(b"stretch %d" % epoch).digest()
    return stretch_key, hashlib.sha256(b"site %d" % epoch).digest()


@dataclass(frozen=True)
class Booth:
    """A booth that can be started, and what servers know of it."""

    folder: Path
    authority_key: SigningKey
    event_key: SigningKey

    @property
    def settings_file(self) -> Path:
        return self.folder / "booth.toml"

    @property
    def readings_socket(self) -> Path:
        return self.folder / "readings.sock"

    @property
    def sightings_socket(self) -> Path:
        return self.folder / "sightings.sock"

    @property
    def key_ring_file(self) -> Path:
        return self.folder / "key-ring"

    @property
    def event_key_file(self) -> Path:
        return self.folder / "event-key"

    @property
    def certificate_file(self) -> Path:
        return self.folder / "device-certificate"

    def write_keys(self, purpose: KeyPurpose, *epochs: int) -> None:
        """Write the key ring for some epochs."""
        write_key_ring(self.key_ring_file, purpose, {epoch: epoch_keys(epoch) for epoch in epochs})

    def write_certificate(
        self,
        *,
        address: DeviceAddress = ADDRESS,
        event_key: SigningKey | None = None,
        valid_from_s: int | None = None,
    ) -> None:
        """Write a certificate that the authority signed, valid for ten days."""
        not_before = SystemClock().unix_s() - 3600 if valid_from_s is None else valid_from_s
        certificate = DeviceCertificate(
            address=address,
            event_key=(event_key or self.event_key).public_key,
            tier=CustodyTier.C,
            not_before=not_before,
            not_after=not_before + 10 * EPOCH_LENGTH_S,
        )
        self.certificate_file.write_bytes(issue_certificate(certificate, self.authority_key))


def lay_out_booth(
    folder: Path,
    *,
    source_kind: str = "folder",
    queue_sightings: int = 100,
    more_vision_settings: str = "",
    more_tokeniser_settings: str = "",
) -> Booth:
    """Write everything that a tokeniser needs, for replayed frames under a test key.

    Args:
        folder: Empty folder, with a path short enough for a local socket.
        source_kind: ``vision.source.kind`` of the settings.
        queue_sightings: ``tokeniser.queue_sightings`` of the settings.
        more_vision_settings: Further lines of the section ``[vision]``.
        more_tokeniser_settings: Further lines of the section ``[tokeniser]``.
    """
    booth = Booth(folder, SigningKey.generate(), SigningKey.generate())
    booth.settings_file.write_text(
        _SETTINGS.format(
            folder=folder,
            source_kind=source_kind,
            queue_sightings=queue_sightings,
            more_vision_settings=more_vision_settings,
            more_tokeniser_settings=more_tokeniser_settings,
        )
    )
    today = epoch_of(SystemClock().unix_s())
    # Yesterday and tomorrow too: a test may run at midnight.
    booth.write_keys(KeyPurpose.TEST, today - 1, today, today + 1)
    write_signing_key(booth.event_key_file, booth.event_key)
    booth.write_certificate()
    return booth
