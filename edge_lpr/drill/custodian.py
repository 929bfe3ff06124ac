"""The drill's key custodian: a real authority, with a backup and a destruction."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.configuration import Configuration, FilesPlace
from edge_lpr.authority.devices import DeviceRow
from edge_lpr.authority.file_wrapping import FileWrappingKeys
from edge_lpr.authority.issuing import make_delivery
from edge_lpr.core.clock import EPOCH_LENGTH_S, Clock
from edge_lpr.drill.crowd import TENANT
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jwe import TransportPublicKey
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.key_delivery import EpochKeys
from edge_lpr.wire.topics import DeviceAddress
from edge_lpr.wire.transport import verify_transport

_CERTIFICATE_DAYS = 90
_REASON = "breach drill: a laboratory"


class Custodian:
    """Whoever runs the authority."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Make an authority.

        Args:
            folder: Empty; data base and wrapping keys go to two folders in it.
            clock: The drill's.
        """
        self.folder, self.wrapping = folder / "authority", folder / "wrapping"
        self._clock = clock
        self.authority = Authority.create(
            self.folder,
            Configuration(wrapping=FilesPlace(folder=self.wrapping)),
            FileWrappingKeys.create(self.wrapping),
            DeploymentPlan(TENANT, "127.0.0.1", 8883, 8884, None),
            clock,
        )

    @property
    def public_key(self) -> PublicKey:
        """What booths and servers pin."""
        return self.authority.deployment.authority

    def enrol(
        self,
        address: DeviceAddress,
        event_key: PublicKey,
        transport_key: TransportPublicKey,
        tier: CustodyTier,
    ) -> bytes:
        """Certify a booth and keep it in the book of devices.

        Args:
            address: The booth.
            event_key: Signs what it says.
            transport_key: Its first deliveries are sealed to this.
            tier: How well it keeps keys.

        Returns:
            Its certificate.
        """
        now = self._clock.unix_s()
        certificate = issue_certificate(
            DeviceCertificate(
                address=address,
                event_key=event_key,
                tier=tier,
                not_before=now - EPOCH_LENGTH_S,
                not_after=now + _CERTIFICATE_DAYS * EPOCH_LENGTH_S,
            ),
            self.authority.signing_key(),
        )
        reason = _REASON if tier is CustodyTier.C else None
        row = DeviceRow(
            address, event_key, tier, certificate, transport_key, 1, tier_c_reason=reason
        )
        self.authority.devices.add(row, now)
        return certificate

    def keys(self, site: str, epoch: int) -> EpochKeys:
        """Return the keys of a site and day."""
        return self.authority.epoch_keys(site, epoch)

    def delivery(self, address: DeviceAddress, epochs: Sequence[int]) -> bytes:
        """Return a delivery for a booth, sealed to the newest key that it has announced."""
        device = self.authority.devices.get(address.site, address.device)
        return make_delivery(self.authority, device, epochs)

    def hear(self, announcement: bytes) -> None:
        """Take the announcement of a transport key."""
        certificate, claims = verify_transport(announcement, self.public_key, self._clock.unix_s())
        self.authority.devices.update_transport(
            certificate.address, claims.key, claims.number, claims.epochs, claims.at
        )

    def back_up(self, folder: Path) -> Path:
        """Copy what may be backed up: everything but the wrapping keys.

        Args:
            folder: Where the copy goes; not there yet.

        Returns:
            The copy.
        """
        shutil.copytree(self.folder, folder)
        return folder

    def destroy(self, epochs: Sequence[int]) -> None:
        """Destroy the keys of days for ever."""
        self.authority.vault.destroy(epochs)
