"""Decide whether what a broker delivered really comes from a certified device, and is new.

Every rule and no I/O: receiving, acknowledging and storing are left to the caller. The broker is
not trusted. It can delay, repeat and drop messages, which shows as ``missing``, but not invent or
change them. One verifier sees the whole stream of a device; with several workers on a shared
subscription, numbers and chain are judged in the store instead.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.subscriber.continuity import BootRecord, Fit, SequenceRange
from edge_lpr.wire.birth import BIRTH_TYP, BirthClaims, PreviousBoot, parse_birth
from edge_lpr.wire.device_certificate import DeviceCertificate, verify_certificate
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.sighting import (
    SIGHTING_TYP,
    SightingClaims,
    parse_sighting,
    sighting_hash,
)
from edge_lpr.wire.status import StatusClaims, decode_status
from edge_lpr.wire.topics import DeviceAddress, TopicKind, parse_topic

_MAXIMUM_BOOTS: Final = 16
"""Boots remembered a device; sightings of older ones count as new."""

_MAXIMUM_KEYS: Final = 4
"""Event keys remembered a device; it has one, and a new one at times."""


class RefusalReason(Enum):
    """Why a message is not believed."""

    MALFORMED = "malformed"
    """It is none of this contract."""
    UNVERIFIED = "unverified"
    """A signature or a certificate does not hold."""
    FOREIGN_ADDRESS = "foreign_address"
    """The certificate is another device's than the topic's."""
    NO_BIRTH = "no_birth"
    """No birth has named the signing key yet. Not final: fetch the retained birth, try again."""
    OUTSIDE_VALIDITY = "outside_validity"
    """The passage lies outside the validity of the device's certificate."""
    CONFLICT = "conflict"
    """Another sighting with the same number was received before."""
    BROKEN_CHAIN = "broken_chain"
    """The chain of hashes does not hold."""


class Continuity(Enum):
    """How a birth fits what was received of the boot before."""

    CONTINUES = "continues"
    """All of the boot before was received, or this is the first boot."""
    UNKNOWN = "unknown"
    """Of the boot before, not all was received yet, or nothing at all."""
    BROKEN = "broken"
    """The device does not remember what it sent: its outbox was lost, cut or exchanged."""


@dataclass(frozen=True, slots=True)
class VerifiedBirth:
    """A device that the authority vouches for has started, or says again that it has."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    claims: BirthClaims
    """What it says about itself."""
    continuity: Continuity
    """How it fits what was received before."""
    missing: SequenceRange | None
    """Last numbers of the boot before that were not received, or not yet."""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """Whether a device is connected. Unsigned: nobody vouches for it."""

    address: DeviceAddress
    """Which device."""
    claims: StatusClaims
    """What the status says."""


@dataclass(frozen=True, slots=True, repr=False)
class VerifiedSighting:
    """A passage that a certified device vouches for. No ``repr``: it holds tokens."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    claims: SightingClaims
    """What the sighting says."""
    is_duplicate: bool
    """Whether it was received before."""
    is_linked: bool
    """Whether its place in the chain was checked against the sighting before it; False for a
    duplicate, which is not checked again."""
    missing: SequenceRange | None
    """Numbers just before this one that were not received, or not yet."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that is not believed."""

    reason: RefusalReason
    """Why, for counting."""
    detail: str
    """Why, as a sentence; it quotes nothing of the message."""


Verdict: TypeAlias = VerifiedBirth | DeviceStatus | VerifiedSighting | Refusal
"""What the verifier says about a message."""


class _DeviceRecord:
    """What is known of one device."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._certificates: dict[str, DeviceCertificate] = {}
        self._boots: dict[str, BootRecord] = {}

    def certificate_for(self, kid: str) -> DeviceCertificate | None:
        """Return the certificate that names a key."""
        return self._certificates.get(kid)

    def certify(self, certificate: DeviceCertificate) -> None:
        """Remember a verified certificate; a replayed older one does not shorten its successor."""
        kid = certificate.event_key.kid
        known = self._certificates.pop(kid, certificate)
        self._certificates[kid] = max(known, certificate, key=lambda each: each.not_after)
        if len(self._certificates) > _MAXIMUM_KEYS:
            del self._certificates[next(iter(self._certificates))]

    def boot(self, boot: str) -> BootRecord:
        """Return the record of a boot, a new one if there is none."""
        if boot not in self._boots and len(self._boots) == _MAXIMUM_BOOTS:
            del self._boots[next(iter(self._boots))]
        return self._boots.setdefault(boot, BootRecord())

    def continuity(self, claims: BirthClaims) -> tuple[Continuity, SequenceRange | None]:
        """Judge how a birth fits what was received before."""
        self.boot(claims.boot)
        if claims.previous is not None:
            return self._after(claims.previous)
        is_first = next(iter(self._boots)) == claims.boot
        return (Continuity.CONTINUES if is_first else Continuity.BROKEN), None

    def _after(self, previous: PreviousBoot) -> tuple[Continuity, SequenceRange | None]:
        """Judge what a device says about the end of its boot before."""
        record = self._boots.get(previous.boot)
        if record is None:
            return Continuity.UNKNOWN, None
        if record.highest < previous.seq:
            return Continuity.UNKNOWN, SequenceRange(record.highest + 1, previous.seq)
        if record.link_of(previous.seq) != previous.link or record.highest > previous.seq:
            return Continuity.BROKEN, None
        return Continuity.CONTINUES, None


class FleetVerifier:
    """Verify what the devices of one authority publish."""

    def __init__(self, authority: PublicKey, clock: Clock) -> None:
        """Pin the authority.

        Args:
            authority: The only key whose certificates are believed.
            clock: Tells whether a certificate is valid now.
        """
        self._authority = authority
        self._clock = clock
        # Bounded by the number of certificates that the authority has signed.
        self._devices: dict[DeviceAddress, _DeviceRecord] = {}

    def receive(self, untrusted_topic: str, untrusted_payload: bytes) -> Verdict:
        """Judge one message.

        A sighting is believed under every key that a verified birth has named, whatever boot it
        is of: what waited in the outbox through a restart arrives after the new birth.

        Args:
            untrusted_topic: Topic as delivered.
            untrusted_payload: Payload as delivered, of any length.

        Returns:
            The verified content, or why the message is refused.
        """
        try:
            address, kind = parse_topic(untrusted_topic)
            if kind is TopicKind.BIRTH:
                return self._receive_birth(address, untrusted_payload)
            if kind is TopicKind.SIGHTING:
                return self._receive_sighting(address, untrusted_payload)
            return DeviceStatus(address, decode_status(untrusted_payload))
        except VerificationError as error:
            return Refusal(RefusalReason.UNVERIFIED, str(error))
        except WireError as error:
            return Refusal(RefusalReason.MALFORMED, str(error))

    def _receive_birth(self, address: DeviceAddress, untrusted_payload: bytes) -> Verdict:
        """Judge a birth: the authority vouches for the key, the key for the birth."""
        document = parse_birth(untrusted_payload)
        # Decoded before it is verified, because the key stands inside.
        claims = BirthClaims.decode(document.untrusted_payload)
        certificate = verify_certificate(claims.certificate, self._authority, self._clock.unix_s())
        if certificate.address != address:
            return Refusal(
                RefusalReason.FOREIGN_ADDRESS, "the certificate is of another device than the topic"
            )
        document.verified(BIRTH_TYP, certificate.event_key)
        device = self._devices.setdefault(address, _DeviceRecord())
        device.certify(certificate)
        continuity, missing = device.continuity(claims)
        return VerifiedBirth(address, certificate, claims, continuity, missing)

    def _receive_sighting(self, address: DeviceAddress, untrusted_payload: bytes) -> Verdict:
        """Judge a sighting: a certified key vouches for it, and it fits the ones before."""
        document = parse_sighting(untrusted_payload)
        device = self._devices.get(address)
        certificate = device.certificate_for(document.kid) if device else None
        if device is None or certificate is None:
            return Refusal(RefusalReason.NO_BIRTH, "no birth has named the signing key yet")
        claims = SightingClaims.decode(document.verified(SIGHTING_TYP, certificate.event_key))
        if not certificate.is_valid_at(claims.at):
            return Refusal(
                RefusalReason.OUTSIDE_VALIDITY,
                "the passage lies outside the validity of the device certificate",
            )
        fit, missing = device.boot(claims.boot).admit(
            claims.seq, sighting_hash(untrusted_payload), claims.prev
        )
        if fit is Fit.CONFLICT:
            return Refusal(RefusalReason.CONFLICT, "another sighting has the same number")
        if fit is Fit.BROKEN:
            return Refusal(RefusalReason.BROKEN_CHAIN, "the chain of hashes does not hold")
        return VerifiedSighting(
            address,
            certificate,
            claims,
            is_duplicate=fit is Fit.DUPLICATE,
            is_linked=fit is Fit.LINKED,
            missing=missing,
        )
