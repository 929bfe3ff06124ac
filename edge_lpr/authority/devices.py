"""The booths that the authority knows: keys, tier, certificate, and what each last announced."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.authority.store import Row, Store
from edge_lpr.core.errors import AuthorityError, InputRefusedError, NotAllowedError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.jwe import TransportPublicKey
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.topics import DeviceAddress


class DeviceState(Enum):
    """Whether a device gets keys."""

    ACTIVE = "active"
    """It does."""
    REVOKED = "revoked"
    """Its certificate was taken back."""
    DECOMMISSIONED = "decommissioned"
    """It is out of service."""


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One booth."""

    address: DeviceAddress
    """Tenant, site and device."""
    event_key: PublicKey
    """Key that signs its births and sightings."""
    tier: CustodyTier
    """How well it keeps its keys."""
    certificate: bytes
    """The newest one, a JWS of the authority."""
    transport_key: TransportPublicKey | None = None
    """Newest key that deliveries are sealed to; ``None`` before the first is known."""
    transport_number: int = 0
    """Number of its announcement; rises."""
    tier_c_reason: str | None = None
    """Why a device of tier C may have production keys, if it may."""
    state: DeviceState = DeviceState.ACTIVE
    """Whether it gets keys."""
    announced_at: int | None = None
    """When it last said what it holds, UTC in whole seconds since 1970."""
    announced_epochs: tuple[int, ...] = ()
    """The epochs it said it holds."""
    last_delivery: int = 0
    """Number of the newest delivery made for it."""
    purpose: KeyPurpose = KeyPurpose.LIVE
    """Which keys it was enrolled for: it never takes others."""

    @property
    def production_allowed(self) -> bool:
        """Whether it may have keys of live passages."""
        is_trusted = self.tier is not CustodyTier.C or self.tier_c_reason is not None
        return is_trusted and self.purpose is KeyPurpose.LIVE


_LARGEST_HEEDED: Final = MAXIMUM_SEQUENCE // 2
_COLUMNS: Final = (
    "site, device, event_key, tier, certificate, transport_key, transport_number, tier_c_reason, "
    "state, announced_at, announced_epochs, last_delivery, purpose"
)


class DeviceBook:
    """The table of devices of one tenant."""

    def __init__(self, store: Store, tenant: str) -> None:
        """Use the authority's data base.

        Args:
            store: Of the table.
            tenant: The deployment's.
        """
        self._store = store
        self._tenant = tenant

    def add(self, row: DeviceRow, enrolled_at: int) -> None:
        """Keep a device; one that is enrolled again gets the new keys and loses what it announced.

        Args:
            row: The device, of this tenant.
            enrolled_at: UTC in whole seconds since 1970.

        Raises:
            InputRefusedError: It is of another tenant.
        """
        if row.address.tenant != self._tenant:
            raise InputRefusedError(f"the device is of another tenant than {self._tenant}")
        transport = None if row.transport_key is None else row.transport_key.octets
        with self._store.transaction() as session:
            session.execute(
                "INSERT INTO device (site, device, event_key, tier, certificate, transport_key, "
                "transport_number, tier_c_reason, state, enrolled_at, purpose) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, device) DO UPDATE SET "
                "event_key = excluded.event_key, tier = excluded.tier, "
                "certificate = excluded.certificate, transport_key = excluded.transport_key, "
                "transport_number = excluded.transport_number, "
                "tier_c_reason = excluded.tier_c_reason, state = excluded.state, "
                "enrolled_at = excluded.enrolled_at, purpose = excluded.purpose, "
                "announced_at = NULL, announced_epochs = '[]'",
                (
                    row.address.site,
                    row.address.device,
                    row.event_key.octets,
                    row.tier.value,
                    row.certificate,
                    transport,
                    row.transport_number,
                    row.tier_c_reason,
                    row.state.value,
                    enrolled_at,
                    row.purpose.value,
                ),
            )

    def get(self, site: str, device: str) -> DeviceRow:
        """Return a device.

        Raises:
            InputRefusedError: There is none of this name.
        """
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM device WHERE site = ? AND device = ?",  # noqa: S608 - constant
            (site, device),
        )
        if not rows:
            raise InputRefusedError(
                f"no device {site}/{device} is enrolled; edge-lpr authority status lists them"
            )
        return self._row(rows[0])

    def all(self) -> list[DeviceRow]:
        """Return every device, by site and name."""
        rows = self._store.rows(f"SELECT {_COLUMNS} FROM device ORDER BY site, device")  # noqa: S608 - constant
        return [self._row(row) for row in rows]

    def active(self) -> list[DeviceRow]:
        """Return the devices that get keys."""
        return [row for row in self.all() if row.state is DeviceState.ACTIVE]

    def update_transport(
        self,
        address: DeviceAddress,
        key: TransportPublicKey,
        number: int,
        epochs: Sequence[int],
        at: int,
    ) -> bool:
        """Remember what a device announced, unless it is older than what is known.

        Args:
            address: The device.
            key: Its newest transport key.
            number: Of the announcement.
            epochs: Epochs that it holds.
            at: When it said so.

        Returns:
            Whether it was news.

        Raises:
            NotAllowedError: The same number came with another key before.
        """
        with self._store.transaction() as session:
            row = self.get(address.site, address.device)
            known = None if row.transport_key is None else row.transport_key.octets
            if (number, at) < (row.transport_number, row.announced_at or 0):
                return False
            if number == row.transport_number and known is not None and known != key.octets:
                raise NotAllowedError(
                    f"{address.site}/{address.device} announced two transport keys under one "
                    "number; enrol it again"
                )
            session.execute(
                "UPDATE device SET transport_key = ?, transport_number = ?, announced_at = ?, "
                "announced_epochs = ? WHERE site = ? AND device = ?",
                (
                    key.octets,
                    number,
                    at,
                    json.dumps(sorted(epochs)),
                    address.site,
                    address.device,
                ),
            )
            return known != key.octets or tuple(sorted(epochs)) != row.announced_epochs

    def raise_last_delivery(self, address: DeviceAddress, number: int) -> None:
        """Note what delivery a device has taken, so that the next one has a larger number.

        It may be larger than what is known here, after a backup was restored or the clock was
        wrong; the device would take all further ones for replays.

        Args:
            address: The device.
            number: As it has announced. One so large that hardly any would be left is not heeded: a
                device that is in somebody else's hands must not end the deliveries to the others.
        """
        if number > _LARGEST_HEEDED:
            return
        with self._store.transaction() as session:
            session.execute(
                "UPDATE device SET last_delivery = max(last_delivery, ?) "
                "WHERE site = ? AND device = ?",
                (number, address.site, address.device),
            )

    def allow_tier_c(self, address: DeviceAddress, reason: str | None) -> None:
        """Allow a device of tier C production keys, or take that back with ``None``."""
        self._set(address, "tier_c_reason", reason)

    def renew_certificate(self, address: DeviceAddress, certificate: bytes) -> None:
        """Keep a device's newer certificate."""
        self._set(address, "certificate", certificate)

    def revoke(self, address: DeviceAddress) -> None:
        """Give a device no more keys; its X.509 certificate is left to the caller."""
        self._set(address, "state", DeviceState.REVOKED.value)

    def decommission(self, address: DeviceAddress) -> None:
        """Take a device out of service."""
        self._set(address, "state", DeviceState.DECOMMISSIONED.value)

    def _set(self, address: DeviceAddress, column: str, value: object) -> None:
        """Change one column of a device."""
        with self._store.transaction() as session:
            changed = session.execute(
                f"UPDATE device SET {column} = ? WHERE site = ? AND device = ?",  # noqa: S608 - ours
                (value, address.site, address.device),
            )
            if changed.rowcount != 1:
                raise InputRefusedError(f"no device {address.site}/{address.device} is enrolled")

    def _row(self, row: Row) -> DeviceRow:
        """Return a device from its row."""
        site, device, event_key, tier, certificate, transport, number, reason, state = row[:9]
        announced_at, epochs, last_delivery, purpose = row[9:]
        try:
            return DeviceRow(
                address=DeviceAddress(self._tenant, site, device),
                event_key=PublicKey(event_key),
                tier=CustodyTier(tier),
                certificate=certificate,
                transport_key=None if transport is None else TransportPublicKey(transport),
                transport_number=number,
                tier_c_reason=reason,
                state=DeviceState(state),
                announced_at=announced_at,
                announced_epochs=tuple(json.loads(epochs)),
                last_delivery=last_delivery,
                purpose=KeyPurpose(purpose),
            )
        except ValueError as error:
            raise AuthorityError(
                f"{self._store.file}: the row of {site}/{device} is damaged; restore a backup"
            ) from error
