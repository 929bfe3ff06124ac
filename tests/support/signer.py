"""Signs what the tokeniser would, births, sightings, records and transport keys; and requests."""

from edge_lpr.core.clock import TimeQuality
from edge_lpr.handoff.record_message import (
    GapWish,
)
from edge_lpr.wire.birth import BirthClaims, sign_birth
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.gap import GapClaims, sign_gap
from edge_lpr.wire.health import BoothFigures, HealthClaims, sign_health
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import FIRST_PREV, SightingClaims, sighting_hash, sign_sighting
from edge_lpr.wire.topics import DeviceAddress
from edge_lpr.wire.transport import TransportClaims, sign_transport
from tests.support.clock import SetClock

BOOTH = DeviceAddress("agency", "north-crossing", "booth-1")


class Signer:
    """Makes births and sightings as the tokeniser would."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.authority_key = SigningKey.generate()
        self.event_key = SigningKey.generate()
        self.transport_key = TransportKey.generate()
        self.transport_number = 0
        self.boot_number = 0
        self.begin_boot()

    def begin_boot(self) -> None:
        self.boot_number += 1
        self.boot = f"{self.boot_number:016x}"
        self.seq = 0
        self.prev = FIRST_PREV

    def certificate(self) -> bytes:
        now = self.clock.unix_s()
        certificate = DeviceCertificate(
            BOOTH, self.event_key.public_key, CustodyTier.C, now - 1000, now + 1_000_000
        )
        return issue_certificate(certificate, self.authority_key)

    def transport(self, *, delivery: int = 0) -> bytes:
        """Announce the transport key, under the next number."""
        self.transport_number += 1
        claims = TransportClaims(
            certificate=self.certificate(),
            number=self.transport_number,
            key=self.transport_key.public_key,
            epochs=(),
            delivery=delivery,
            at=self.clock.unix_s(),
        )
        return sign_transport(claims, self.event_key)

    def birth(self) -> bytes:
        claims = BirthClaims(
            certificate=self.certificate(),
            boot=self.boot,
            previous=None,
            software="0.1.0",
            models=bytes(32),
            camera_networked=False,
            tq=TimeQuality.NTP,
            test=True,
        )
        return sign_birth(claims, self.event_key)

    def sighting(self) -> bytes:
        self.seq += 1
        now = self.clock.unix_s()
        claims = SightingClaims(
            boot=self.boot,
            seq=self.seq,
            at=now,
            tq=TimeQuality.NTP,
            lane=1,
            dir="in",
            epoch=now // 86_400,
            exact=self.seq.to_bytes(16, "big"),
            fold=bytes(16),
            conf=3,
            reads=2,
            prev=self.prev,
            test=True,
        )
        document = sign_sighting(claims, self.event_key)
        self.prev = sighting_hash(document)
        return document

    def health(self, figures: BoothFigures | None = None) -> bytes:
        """Return a health record of a booth that is well."""
        claims = HealthClaims(
            boot=self.boot,
            seq=self.seq,
            link=self.prev,
            at=self.clock.unix_s(),
            tq=TimeQuality.NTP,
            up_s=60,
            camera="good",
            vision=None,
            tokeniser={},
            queued=0,
            certificate_days=100,
            key_days=7,
            figures=figures or BoothFigures(counters={}, unsent=0, oldest_unsent_s=0, kept=0),
            test=True,
        )
        return sign_health(claims, self.event_key)

    def gap(self, wish: GapWish) -> bytes:
        """Return the gap that a publisher wants signed."""
        claims = GapClaims(wish.boot, wish.first, wish.last, self.clock.unix_s(), wish.reason)
        return sign_gap(claims, self.event_key)
