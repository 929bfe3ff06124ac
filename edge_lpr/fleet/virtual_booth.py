"""A booth without a camera: real keys, births, announcements, chained sightings, health and gaps.

No I/O. A booth of hits alone has a watch-list, too: every twentieth vehicle is on it.

What it signs verifies like a real booth's, and says of itself that it is a test. Its keys follow
from the fleet's seed, so that a fleet can be started again under the same authority; whoever knows
the seed can forge it, and nobody may pin such an authority but for trials. Boot ids are random,
as they are on a real booth.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_lpr import __version__
from edge_lpr.core.clock import EPOCH_LENGTH_S, Clock, TimeQuality, epoch_of
from edge_lpr.wire.birth import BirthClaims, Mode, PreviousBoot, sign_birth
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.gap import GapClaims, GapReason, sign_gap
from edge_lpr.wire.health import BoothFigures, HealthClaims, sign_health
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import (
    ENTRY_ID_BYTES,
    FIRST_PREV,
    SightingClaims,
    sighting_hash,
    sign_sighting,
)
from edge_lpr.wire.topics import DeviceAddress
from edge_lpr.wire.transport import TransportClaims, sign_transport

CERTIFICATE_DAYS: Final = 30

_BOOTHS_A_SITE: Final = 10
_TOKEN_BYTES: Final = 16
_KEY_DAYS: Final = 3
_LISTED_ONE_IN: Final = 20
_POSSIBLE_ONE_IN: Final = 10
"""Of the vehicles on a list, those of which only a look-alike is."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A sighting that was signed: what a store must have in the end, unless a gap names it."""

    address: DeviceAddress
    """Which booth."""
    boot: str
    """Boot id, 16 hexadecimal digits."""
    seq: int
    """Number within the boot."""
    link: bytes
    """Its ``sighting_hash``."""
    document: bytes
    """The signed sighting."""


class VirtualBooth:
    """One booth; it signs when it is told to."""

    def __init__(
        self,
        address: DeviceAddress,
        authority_key: SigningKey,
        event_key: SigningKey,
        clock: Clock,
        mode: Mode = "stream",
    ) -> None:
        """Begin the first boot.

        Args:
            address: Which booth it is.
            authority_key: Certifies the event key.
            event_key: Signs everything that the booth says.
            clock: Time of sightings and records.
            mode: What it publishes: every passage or hits alone.
        """
        self.address = address
        self._mode: Mode = mode
        # Nobody sends keys to a fleet, so the private half is thrown away.
        self._transport_key = TransportKey.generate().public_key
        self._announcement = 0
        self._key = event_key
        self._clock = clock
        now = clock.unix_s()
        self._certificate = issue_certificate(
            DeviceCertificate(
                address=address,
                event_key=event_key.public_key,
                tier=CustodyTier.C,
                # A day earlier: servers' clocks differ.
                not_before=now - EPOCH_LENGTH_S,
                not_after=now + CERTIFICATE_DAYS * EPOCH_LENGTH_S,
            ),
            authority_key,
        )
        self._previous: PreviousBoot | None = None
        self._started_ns = clock.monotonic_ns()
        self._boot = secrets.token_hex(8)
        self._seq = 0
        self._link = FIRST_PREV

    @property
    def boot(self) -> str:
        """Boot id, 16 hexadecimal digits."""
        return self._boot

    @property
    def seq(self) -> int:
        """Number of the last sighting of this boot, 0 before the first."""
        return self._seq

    def restart(self) -> None:
        """Begin a new boot; its birth names the end of this one."""
        if self._seq:
            self._previous = PreviousBoot(self._boot, self._seq, self._link)
        self._started_ns = self._clock.monotonic_ns()
        self._boot = secrets.token_hex(8)
        self._seq = 0
        self._link = FIRST_PREV

    def birth(self) -> bytes:
        """Return the signed birth of this boot."""
        claims = BirthClaims(
            certificate=self._certificate,
            boot=self._boot,
            previous=self._previous,
            software=__version__,
            models=hashlib.sha256(b"no models").digest(),
            camera_networked=False,
            tq=TimeQuality.NTP,
            mode=self._mode,
            test=True,
        )
        return sign_birth(claims, self._key)

    def announcement(self) -> bytes:
        """Return the signed announcement of the transport key, with a number of its own."""
        now = self._clock.unix_s()
        self._announcement = max(now, self._announcement + 1)
        today = epoch_of(now)
        claims = TransportClaims(
            certificate=self._certificate,
            number=self._announcement,
            key=self._transport_key,
            epochs=tuple(range(today, today + _KEY_DAYS + 1)),
            delivery=0,
            at=now,
        )
        return sign_transport(claims, self._key)

    def publishes(self, vehicle: int) -> bool:
        """Return whether the passage of a vehicle leaves the booth.

        Args:
            vehicle: Its number.
        """
        return self._mode == "stream" or vehicle % _LISTED_ONE_IN == 0

    def commit(self, vehicle: int, *, lane: int = 1) -> Committed:
        """Sign the next sighting.

        Args:
            vehicle: Number of the vehicle, one that the booth publishes; the same one has the same
                tokens on the same day, and the same entry at a site.
            lane: Lane, from 1.
        """
        now = self._clock.unix_s()
        epoch = epoch_of(now)
        tokens = hashlib.sha256(b"vehicle %d in epoch %d" % (vehicle, epoch)).digest()
        is_hit = self._mode == "hit-only"
        claims = SightingClaims(
            boot=self._boot,
            seq=self._seq + 1,
            at=now,
            tq=TimeQuality.NTP,
            lane=lane,
            dir="in",
            epoch=epoch,
            exact=tokens[:_TOKEN_BYTES],
            fold=tokens[_TOKEN_BYTES:],
            conf=3,
            reads=6,
            prev=self._link,
            entry=self._entry(vehicle, epoch) if is_hit else None,
            possible=is_hit and vehicle // _LISTED_ONE_IN % _POSSIBLE_ONE_IN == 0,
            test=True,
        )
        document = sign_sighting(claims, self._key)
        self._seq, self._link = claims.seq, sighting_hash(document)
        return Committed(self.address, self._boot, self._seq, self._link, document)

    def _entry(self, vehicle: int, epoch: int) -> bytes:
        """Return the entry of a vehicle on the list of this site and day."""
        named = f"vehicle {vehicle} at {self.address.site} in epoch {epoch}"
        return hashlib.sha256(named.encode()).digest()[:ENTRY_ID_BYTES]

    def gap(self, boot: str, first: int, last: int, reason: GapReason) -> bytes:
        """Return a signed gap.

        Args:
            boot: Boot id of the sightings that will not come.
            first: Smallest of their numbers.
            last: Largest of their numbers.
            reason: Why.
        """
        claims = GapClaims(boot, first, last, self._clock.unix_s(), reason)
        return sign_gap(claims, self._key)

    def health(self, figures: BoothFigures) -> bytes:
        """Return a signed health record.

        Args:
            figures: What the sending side says about itself.
        """
        claims = HealthClaims(
            boot=self._boot,
            seq=self._seq,
            link=self._link,
            at=self._clock.unix_s(),
            tq=TimeQuality.NTP,
            up_s=(self._clock.monotonic_ns() - self._started_ns) // 1_000_000_000,
            camera="good",
            vision={"frames": self._seq * 25, "agreed": self._seq, "handed_over": self._seq},
            tokeniser={
                "received": self._seq,
                "tokenised": self._seq,
                "delivered": self._seq,
            },
            queued=0,
            certificate_days=CERTIFICATE_DAYS,
            key_days=_KEY_DAYS,
            figures=figures,
            test=True,
        )
        return sign_health(claims, self._key)


class Ring:
    """The sightings of a booth that can be asked for again, the latest ones."""

    def __init__(self, maximum: int) -> None:
        """Start empty.

        Args:
            maximum: Most sightings kept.
        """
        self._maximum = maximum
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, committed: Committed) -> None:
        """Keep a sighting, in place of the oldest one if the ring is full."""
        self._kept[committed.boot, committed.seq] = committed.document
        if len(self._kept) > self._maximum:
            self._kept.popitem(last=False)

    def find(self, boot: str, seq: int) -> bytes | None:
        """Return a sighting, ``None`` if it is not here (any more)."""
        return self._kept.get((boot, seq))


def address_of(tenant: str, number: int) -> DeviceAddress:
    """Return the address of a booth of the fleet.

    Args:
        tenant: Of the whole fleet.
        number: From 1.
    """
    site = (number - 1) // _BOOTHS_A_SITE + 1
    return DeviceAddress(tenant, f"site-{site:04d}", f"booth-{number:05d}")


def key_from(seed: int, owner: str) -> SigningKey:
    """Return a signing key that follows from the fleet's seed.

    Args:
        seed: Of the fleet.
        owner: Whose key it is, such as ``authority``.
    """
    octets = hashlib.sha256(f"edge-lpr fleet {seed} {owner}".encode()).digest()
    return SigningKey(Ed25519PrivateKey.from_private_bytes(octets))
