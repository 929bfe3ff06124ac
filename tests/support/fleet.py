"""A booth whose documents really verify, without the processes that make them on a device."""

from dataclasses import replace

from edge_lpr.core.clock import SystemClock, TimeQuality
from edge_lpr.wire.birth import BirthClaims, PreviousBoot, sign_birth
from edge_lpr.wire.checkpoint import Checkpoint, sign_checkpoint
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.gap import GapClaims, GapReason, sign_gap
from edge_lpr.wire.health import BoothFigures, HealthClaims, sign_health
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import FIRST_PREV, SightingClaims, sighting_hash, sign_sighting
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic
from tests.support.clock import NOON_OF_THE_VECTORS

AUTHORITY = SigningKey.generate()
"""The authority of every booth here, unless a test takes another."""

DAY_S = 86_400

SIGHTING = SightingClaims(
    boot="0123456789abcdef",
    seq=1,
    at=NOON_OF_THE_VECTORS,
    tq=TimeQuality.NTP,
    lane=1,
    dir="in",
    epoch=20_454,
    exact=b"e" * 16,
    fold=b"f" * 16,
    conf=3,
    reads=6,
    prev=FIRST_PREV,
)
"""A sighting to vary with ``dataclasses.replace``."""

HEALTH = HealthClaims(
    boot=SIGHTING.boot,
    seq=0,
    link=FIRST_PREV,
    at=NOON_OF_THE_VECTORS,
    tq=TimeQuality.NTP,
    up_s=60,
    camera="good",
    vision={"frames": 900},
    tokeniser={"received": 12},
    queued=0,
    certificate_days=29,
    key_days=3,
    figures=BoothFigures(
        counters={"published": 12}, unsent=0, oldest_unsent_s=0, kept=12, tls_certificate_days=88
    ),
)
"""A health record to vary in the same way."""


class SignedBooth:
    """A booth at one address, with an event key of its own."""

    def __init__(self, device: str = "booth-1", *, authority: SigningKey = AUTHORITY) -> None:
        self.address = DeviceAddress("tenant-a", "lane-07", device)
        self.event_key = SigningKey.generate()
        self.certificate = DeviceCertificate(
            self.address,
            self.event_key.public_key,
            CustodyTier.C,
            NOON_OF_THE_VECTORS - DAY_S,
            NOON_OF_THE_VECTORS + DAY_S,
        )
        self.at = NOON_OF_THE_VECTORS
        self._authority = authority

    @classmethod
    def of_today(cls, device: str = "booth-1") -> "SignedBooth":
        """Return a booth whose certificate is valid by this machine's clock."""
        booth = cls(device)
        now = SystemClock().unix_s()
        booth.certificate = replace(
            booth.certificate, not_before=now - DAY_S, not_after=now + DAY_S
        )
        booth.at = now
        return booth

    def move_to(self, address: DeviceAddress) -> None:
        """Be certified for another address."""
        self.address = address
        self.certificate = replace(self.certificate, address=address)

    def topic(self, kind: TopicKind) -> str:
        return topic(self.address, kind)

    def birth(self, boot: str = SIGHTING.boot, previous: PreviousBoot | None = None) -> bytes:
        claims = BirthClaims(
            certificate=issue_certificate(self.certificate, self._authority),
            boot=boot,
            previous=previous,
            software="0.1.0",
            models=b"m" * 32,
            camera_networked=False,
            tq=TimeQuality.NTP,
        )
        return sign_birth(claims, self.event_key)

    def sightings(self, count: int, boot: str = SIGHTING.boot) -> list[bytes]:
        """Return the first sightings of a boot, chained."""
        documents: list[bytes] = []
        prev = FIRST_PREV
        for seq in range(1, count + 1):
            claims = replace(SIGHTING, boot=boot, seq=seq, prev=prev, at=self.at)
            documents.append(sign_sighting(claims, self.event_key))
            prev = sighting_hash(documents[-1])
        return documents

    def health(self, last: int, boot: str = SIGHTING.boot, *, up_s: int = 60) -> bytes:
        """Return a health record that names the last of the boot's first sightings."""
        link = sighting_hash(self.sightings(last, boot)[-1]) if last else FIRST_PREV
        return sign_health(
            replace(HEALTH, boot=boot, seq=last, link=link, up_s=up_s), self.event_key
        )

    def gap(self, first: int, last: int, boot: str = SIGHTING.boot) -> bytes:
        """Return a gap that says that sightings were not kept."""
        claims = GapClaims(boot, first, last, NOON_OF_THE_VECTORS, GapReason.NOT_KEPT)
        return sign_gap(claims, self.event_key)

    def checkpoint(self, size: int, root: bytes = bytes(32)) -> bytes:
        """Return a checkpoint of the booth's audit log."""
        return sign_checkpoint(Checkpoint(self.address, size, root), self.event_key)

    def previous(self, count: int, boot: str = SIGHTING.boot) -> PreviousBoot:
        """Return what the next birth says about a boot that ended after some sightings."""
        return PreviousBoot(boot, count, sighting_hash(self.sightings(count, boot)[-1]))
