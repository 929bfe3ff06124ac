"""A booth whose documents really verify, without the processes that make them on a device."""

from dataclasses import replace

from edge_lpr.core.clock import TimeQuality
from edge_lpr.wire.birth import BirthClaims, PreviousBoot, sign_birth
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
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
        self._authority = authority

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
            claims = replace(SIGHTING, boot=boot, seq=seq, prev=prev)
            documents.append(sign_sighting(claims, self.event_key))
            prev = sighting_hash(documents[-1])
        return documents

    def previous(self, count: int, boot: str = SIGHTING.boot) -> PreviousBoot:
        """Return what the next birth says about a boot that ended after some sightings."""
        return PreviousBoot(boot, count, sighting_hash(self.sightings(count, boot)[-1]))
