"""Decide whether a message comes from a device that the authority vouches for.

Every rule that concerns a message alone, and no I/O. What came before it does not matter here:
duplicates, gaps and the chain are ``verify.py``'s business, or the store's where several workers
share a subscription.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.subscriber.verdicts import (
    Authentic,
    AuthenticBirth,
    AuthenticCheckpoint,
    AuthenticGap,
    AuthenticHealth,
    AuthenticSighting,
    DeviceStatus,
    Refusal,
    RefusalReason,
)
from edge_lpr.wire.birth import BIRTH_TYP, BirthClaims, parse_birth
from edge_lpr.wire.checkpoint import parse_checkpoint
from edge_lpr.wire.device_certificate import DeviceCertificate, verify_certificate
from edge_lpr.wire.gap import GAP_TYP, GapClaims, parse_gap
from edge_lpr.wire.health import HEALTH_TYP, HealthClaims, parse_health
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.sighting import (
    SIGHTING_TYP,
    SightingClaims,
    parse_sighting,
    sighting_hash,
)
from edge_lpr.wire.status import decode_status
from edge_lpr.wire.topics import DeviceAddress, TopicKind, parse_topic

_MAXIMUM_KEYS: Final = 4
"""Event keys remembered a device; it has one, and a new one at times."""

_parse_topic: Final = lru_cache(maxsize=65_536)(parse_topic)
"""A fleet has few topics and many messages; what is malformed is not remembered."""


class CertificateBook:
    """Which event keys the authority has certified, for which devices."""

    def __init__(self, authority: PublicKey, event_key_kind: type[PublicKey] = PublicKey) -> None:
        """Begin with no certificate.

        Args:
            authority: The only key whose certificates are believed.
            event_key_kind: Verifies what devices sign, once their births are verified.
        """
        self._authority = authority
        self._event_key_kind = event_key_kind
        # Bounded by the number of devices that the authority has certified.
        self._certificates: dict[DeviceAddress, dict[str, DeviceCertificate]] = {}

    def learn(
        self, address: DeviceAddress, untrusted_birth: bytes, unix_s: int
    ) -> AuthenticBirth | Refusal:
        """Verify a birth and remember the certificate inside it.

        A birth that was verified once and kept is learned again with the time of then: its
        certificate may have ended, and what the device signed before that still counts.

        Args:
            address: The device that the topic names.
            untrusted_birth: Payload as delivered, of any length.
            unix_s: When it was received, UTC in whole seconds since 1970.

        Returns:
            The birth, or why it is refused.

        Raises:
            WireError: It is no birth of this contract.
            VerificationError: A signature does not hold, or the certificate was not valid.
        """
        document = parse_birth(untrusted_birth)
        # Decoded before it is verified, because the key stands inside.
        claims = BirthClaims.decode(document.untrusted_payload)
        certificate = verify_certificate(claims.certificate, self._authority, unix_s)
        if certificate.address != address:
            return Refusal(
                RefusalReason.FOREIGN_ADDRESS, "the certificate is of another device than the topic"
            )
        document.verified(BIRTH_TYP, certificate.event_key)
        self._remember(certificate)
        return AuthenticBirth(address, certificate, claims)

    def find(self, address: DeviceAddress, kid: str) -> DeviceCertificate | None:
        """Return the certificate that names a device's key, ``None`` if no birth has shown it.

        Args:
            address: The device that the topic names.
            kid: The key that a document names.
        """
        return self._certificates.get(address, {}).get(kid)

    def of(self, address: DeviceAddress) -> list[DeviceCertificate]:
        """Return all certificates of a device that births have shown, the newest first.

        Args:
            address: The device that the topic names.
        """
        return list(self._certificates.get(address, {}).values())[::-1]

    def _remember(self, certificate: DeviceCertificate) -> None:
        """Keep a certificate; a replayed older one does not shorten its successor."""
        event_key = self._event_key_kind(certificate.event_key.octets)
        certificate = replace(certificate, event_key=event_key)
        keys = self._certificates.setdefault(certificate.address, {})
        kid = certificate.event_key.kid
        known = keys.pop(kid, certificate)
        keys[kid] = max(known, certificate, key=lambda each: each.not_after)
        if len(keys) > _MAXIMUM_KEYS:
            del keys[next(iter(keys))]


class Authenticator:
    """Tell what a message says, once it is known who says it."""

    def __init__(
        self,
        authority: PublicKey,
        clock: Clock,
        event_key_kind: type[PublicKey] = PublicKey,
    ) -> None:
        """Pin the authority.

        Args:
            authority: The only key whose certificates are believed.
            clock: Tells whether a certificate is valid now.
            event_key_kind: Verifies what devices sign, once their births are verified.
        """
        self.certificates = CertificateBook(authority, event_key_kind)
        """What the births have shown so far."""
        self._clock = clock
        self._judges: dict[TopicKind, Callable[[DeviceAddress, bytes], Authentic | Refusal]] = {
            TopicKind.BIRTH: self._judge_birth,
            TopicKind.SIGHTING: self._judge_sighting,
            TopicKind.HEALTH: self._judge_health,
            TopicKind.GAP: self._judge_gap,
            TopicKind.CHECKPOINT: self._judge_checkpoint,
            TopicKind.STATUS: _judge_status,
        }

    def judge(self, untrusted_topic: str, untrusted_payload: bytes) -> Authentic | Refusal:
        """Judge one message by itself.

        What a device signs is believed under every key that a verified birth has named, whatever
        boot it is of: what waited in the outbox through a restart arrives after the new birth.

        Args:
            untrusted_topic: Topic as delivered.
            untrusted_payload: Payload as delivered, of any length.

        Returns:
            What it says, or why it is refused.
        """
        try:
            address, kind = _parse_topic(untrusted_topic)
        except WireError as error:
            return Refusal(RefusalReason.MALFORMED, str(error))
        judge = self._judges.get(kind, _judge_others)
        try:
            verdict = judge(address, untrusted_payload)
        except VerificationError as error:
            verdict = Refusal(RefusalReason.UNVERIFIED, str(error))
        except WireError as error:
            verdict = Refusal(RefusalReason.MALFORMED, str(error))
        if isinstance(verdict, Refusal):
            return replace(verdict, address=address, kind=kind)
        return verdict

    def _judge_birth(self, address: DeviceAddress, untrusted_payload: bytes) -> Authentic | Refusal:
        """Judge a birth: the authority vouches for the key, the key for the birth."""
        return self.certificates.learn(address, untrusted_payload, self._clock.unix_s())

    def _judge_sighting(
        self, address: DeviceAddress, untrusted_payload: bytes
    ) -> Authentic | Refusal:
        """Judge a sighting: a certified key vouches for it, and was certified at the passage."""
        document = parse_sighting(untrusted_payload)
        certificate = self.certificates.find(address, document.kid)
        if certificate is None:
            return _no_birth()
        claims = SightingClaims.decode(document.verified(SIGHTING_TYP, certificate.event_key))
        if not certificate.is_valid_at(claims.at):
            return Refusal(
                RefusalReason.OUTSIDE_VALIDITY,
                "the passage lies outside the validity of the device certificate",
            )
        return AuthenticSighting(address, certificate, claims, sighting_hash(untrusted_payload))

    def _judge_health(
        self, address: DeviceAddress, untrusted_payload: bytes
    ) -> Authentic | Refusal:
        """Judge a health record. Its time is not looked at: a booth without a clock says so."""
        document = parse_health(untrusted_payload)
        certificate = self.certificates.find(address, document.kid)
        if certificate is None:
            return _no_birth()
        claims = HealthClaims.decode(document.verified(HEALTH_TYP, certificate.event_key))
        return AuthenticHealth(address, certificate, claims)

    def _judge_gap(self, address: DeviceAddress, untrusted_payload: bytes) -> Authentic | Refusal:
        """Judge a gap. Its time is not looked at, for the same reason."""
        document = parse_gap(untrusted_payload)
        certificate = self.certificates.find(address, document.kid)
        if certificate is None:
            return _no_birth()
        claims = GapClaims.decode(document.verified(GAP_TYP, certificate.event_key))
        return AuthenticGap(address, certificate, claims)

    def _judge_checkpoint(
        self, address: DeviceAddress, untrusted_payload: bytes
    ) -> Authentic | Refusal:
        """Judge a checkpoint: a note names its key by four bytes, and its log by its address."""
        note = parse_checkpoint(untrusted_payload)
        if note.untrusted.address != address:
            return Refusal(
                RefusalReason.FOREIGN_ADDRESS, "the checkpoint is of another device than the topic"
            )
        for certificate in self.certificates.of(address):
            if note.is_by(certificate.event_key):
                checkpoint = note.verified(certificate.event_key)
                return AuthenticCheckpoint(address, certificate, checkpoint, untrusted_payload)
        return _no_birth()


def _judge_status(address: DeviceAddress, untrusted_payload: bytes) -> Authentic | Refusal:
    """Read a status: nobody signs it."""
    return DeviceStatus(address, decode_status(untrusted_payload))


def _judge_others(_address: DeviceAddress, _untrusted_payload: bytes) -> Authentic | Refusal:
    """Pass over what goes to a device, and what a device says to the authority."""
    return Refusal(RefusalReason.NOT_FOR_US, "the message is for a device or for the authority")


def _no_birth() -> Refusal:
    """Return the refusal that is not final."""
    return Refusal(RefusalReason.NO_BIRTH, "no birth has named the signing key yet")
