"""What a server knows of every booth at the moment: seen when, how late, what is missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.subscriber.device_record import DeviceRecord
from edge_lpr.subscriber.verdicts import (
    Continuity,
    DeviceStatus,
    Refusal,
    Verdict,
    VerifiedBirth,
    VerifiedCheckpoint,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.wire.health import HealthClaims
from edge_lpr.wire.topics import DeviceAddress

_MAXIMUM_UNCERTIFIED: Final = 20_000
"""Statuses kept of devices whose birth has not come: nobody vouches for them."""


@dataclass(slots=True)
class DeviceState:
    """What is known of one certified device."""

    address: DeviceAddress
    """Which device."""
    record: DeviceRecord
    """What was received of it."""
    is_online: bool | None = None
    """Whether the broker has a session with it; unsigned. ``None`` if nothing was heard."""
    software: str = ""
    """Its version of edge-lpr."""
    certificate_ends_at: int = 0
    """Last second of the device certificate, UTC since 1970."""
    seen_at: int = 0
    """When anything new that it signed arrived last, births apart: UTC in seconds since 1970; 0 for
    never. A broker that plays old messages again does not make a dead booth look alive."""
    lag_s: int | None = None
    """How long the latest sighting took from the passage to here."""
    sightings: int = 0
    """Sightings received since this program started, each once."""
    lost: int = 0
    """Sightings that it said will never come, since this program started."""
    is_broken: bool = False
    """Whether it once did not remember what it had sent."""
    health: HealthClaims | None = None
    """Its latest health record."""

    @property
    def missing(self) -> int:
        """Sightings that it signed and that have not arrived, as far as that is known."""
        return self.record.missing

    def certificate_days(self, now_unix_s: int) -> int:
        """Return for how many whole days the device certificate is still valid.

        Args:
            now_unix_s: UTC in whole seconds since 1970.
        """
        return max(0, (self.certificate_ends_at - now_unix_s) // EPOCH_LENGTH_S)


class FleetState:
    """The certified devices that were heard of."""

    def __init__(self, record_of: Callable[[DeviceAddress], DeviceRecord]) -> None:
        """Begin with none.

        Args:
            record_of: Returns what was received of a certified device.
        """
        self._record_of = record_of
        self._devices: dict[DeviceAddress, DeviceState] = {}
        self._statuses: dict[DeviceAddress, bool] = {}

    @property
    def devices(self) -> Mapping[DeviceAddress, DeviceState]:
        """The devices, in the order in which they were first heard of; not a copy."""
        return MappingProxyType(self._devices)

    def note(self, verdict: Verdict, now_unix_s: int, *, is_live: bool = True) -> None:
        """Take in what was said.

        Args:
            verdict: What the verifier says about a message.
            now_unix_s: UTC in whole seconds since 1970.
            is_live: Whether it was sent just now, rather than kept by the broker.
        """
        if isinstance(verdict, Refusal):
            return
        if isinstance(verdict, DeviceStatus):
            self._note_status(verdict)
            return
        device = self._device(verdict.address)
        if is_live and _is_news(verdict):
            device.seen_at = now_unix_s
        if isinstance(verdict, VerifiedBirth):
            _note_birth(device, verdict)
        elif isinstance(verdict, VerifiedSighting):
            _note_sighting(device, verdict, now_unix_s)
        elif isinstance(verdict, VerifiedGap):
            device.lost += verdict.lost
        elif isinstance(verdict, VerifiedHealth) and not verdict.is_duplicate:
            device.health = verdict.claims

    def _note_status(self, status: DeviceStatus) -> None:
        """Remember whether a device is connected, also before its birth has come."""
        device = self._devices.get(status.address)
        if device is not None:
            device.is_online = status.claims.is_online
            return
        self._statuses[status.address] = status.claims.is_online
        if len(self._statuses) > _MAXIMUM_UNCERTIFIED:
            del self._statuses[next(iter(self._statuses))]

    def _device(self, address: DeviceAddress) -> DeviceState:
        """Return the state of a certified device, a new one if there is none."""
        if address not in self._devices:
            is_online = self._statuses.pop(address, None)
            self._devices[address] = DeviceState(address, self._record_of(address), is_online)
        return self._devices[address]


def _is_news(
    verdict: VerifiedBirth | VerifiedSighting | VerifiedHealth | VerifiedGap | VerifiedCheckpoint,
) -> bool:
    """Return whether a booth said something that it had not said before."""
    if isinstance(verdict, VerifiedBirth):
        # Said again at every connection, so an old one looks like any other; within a minute a
        # health record follows.
        return False
    if isinstance(verdict, VerifiedGap):
        return verdict.lost > 0
    return not verdict.is_duplicate


def _note_birth(device: DeviceState, birth: VerifiedBirth) -> None:
    """Remember who a device is."""
    device.software = birth.claims.software
    device.certificate_ends_at = birth.certificate.not_after
    device.is_broken |= birth.continuity is Continuity.BROKEN


def _note_sighting(device: DeviceState, sighting: VerifiedSighting, now_unix_s: int) -> None:
    """Count a sighting that is new."""
    if not sighting.is_duplicate:
        device.sightings += 1
        device.lag_s = max(0, now_unix_s - sighting.claims.at)
