"""Decide whether what a broker delivered really comes from a certified device, and is new.

Every rule and no I/O: receiving, acknowledging and storing are left to the caller. The broker is
not trusted. It can delay, repeat and drop messages, which shows as ``missing``, but not invent or
change them. One verifier sees the whole stream of a device; with several workers on a shared
subscription each uses ``authenticity.py``, and numbers and chain are judged in the store instead.
"""

from collections.abc import Iterator

from edge_lpr.core.clock import Clock
from edge_lpr.subscriber.authenticity import Authenticator
from edge_lpr.subscriber.checkpoint_record import Growth
from edge_lpr.subscriber.continuity import BootRecord, Fit
from edge_lpr.subscriber.device_record import DeviceRecord
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import (
    AuthenticBirth,
    AuthenticCheckpoint,
    AuthenticGap,
    AuthenticHealth,
    AuthenticSighting,
    DeviceStatus,
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedCheckpoint,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.topics import DeviceAddress, TopicKind


# The reliability tests still take the last two from here.
class FleetVerifier:
    """Verify what the devices of one authority publish."""

    def __init__(self, authority: PublicKey, clock: Clock, oldest_s: int | None = None) -> None:
        """Pin the authority.

        Args:
            authority: The only key whose certificates are believed.
            clock: Tells whether a certificate is valid now.
            oldest_s: Age in seconds beyond which a passage is refused; ``None`` for no limit, and
                then a sighting of a boot that is forgotten counts as new at any age.
        """
        self._authenticator = Authenticator(authority, clock)
        self._clock = clock
        self._oldest_s = oldest_s
        # Bounded by the number of certificates that the authority has signed.
        self._devices: dict[DeviceAddress, DeviceRecord] = {}

    def receive(
        self, untrusted_topic: str, untrusted_payload: bytes, *, joins_late: bool = False
    ) -> Verdict:
        """Judge one message.

        Args:
            untrusted_topic: Topic as delivered.
            untrusted_payload: Payload as delivered, of any length.
            joins_late: Whether, if this is the first that is heard of the device, nobody misses
                what it had sent in this boot before.

        Returns:
            The verified content, or why the message is refused.
        """
        authentic = self._authenticator.judge(untrusted_topic, untrusted_payload)
        if isinstance(authentic, Refusal | DeviceStatus):
            return authentic
        device = self._devices.get(authentic.address)
        if device is None:
            device = self._devices[authentic.address] = DeviceRecord(joins_late=joins_late)
        if isinstance(authentic, AuthenticSighting):
            return self._judge_sighting(authentic, device)
        if isinstance(authentic, AuthenticBirth):
            continuity, missing = device.continuity(authentic.claims)
            return VerifiedBirth(
                authentic.address, authentic.certificate, authentic.claims, continuity, missing
            )
        if isinstance(authentic, AuthenticHealth):
            return _place_health(authentic, device)
        if isinstance(authentic, AuthenticCheckpoint):
            return _place_checkpoint(authentic, device)
        return _place_gap(authentic, device.boot(authentic.claims.boot))

    def _judge_sighting(self, authentic: AuthenticSighting, device: DeviceRecord) -> Verdict:
        """Judge a sighting by its place and its age."""
        claims = authentic.claims
        is_too_old = (
            self._oldest_s is not None and claims.at < self._clock.unix_s() - self._oldest_s
        )
        if is_too_old and device.find(claims.boot) is None:
            # Without a trace: replays of forgotten boots must not push out those of now.
            return _too_old(authentic)
        verdict = _place_sighting(authentic, device.boot(claims.boot))
        if is_too_old and isinstance(verdict, VerifiedSighting) and not verdict.is_duplicate:
            # It was recorded all the same, so that nobody asks for its number any more.
            return _too_old(authentic)
        return verdict

    def resume(self, address: DeviceAddress, boot: str, record: BootRecord) -> None:
        """Go on with the record of a boot that was kept.

        Args:
            address: The device; its certificate is not needed for this, but for what comes.
            boot: Boot id.
            record: What had been received of it.
        """
        self._devices.setdefault(address, DeviceRecord()).resume(boot, record)

    def device(self, address: DeviceAddress) -> DeviceRecord:
        """Return what was received of a device; for others than certified ones, nothing.

        Args:
            address: The device.
        """
        return self._devices.get(address) or DeviceRecord()

    def devices(self) -> Iterator[tuple[DeviceAddress, DeviceRecord]]:
        """Return what was received of every device that was heard of."""
        return iter(list(self._devices.items()))


def _place_sighting(authentic: AuthenticSighting, record: BootRecord) -> Verdict:
    """Judge how a sighting fits the ones before."""
    claims = authentic.claims
    fit, missing = record.admit(claims.seq, authentic.link, claims.prev)
    if fit is Fit.CONFLICT:
        reason, detail = RefusalReason.CONFLICT, "another sighting has the same number"
        return Refusal(reason, detail, authentic.address, TopicKind.SIGHTING)
    if fit is Fit.BROKEN:
        reason, detail = RefusalReason.BROKEN_CHAIN, "the chain of hashes does not hold"
        return Refusal(reason, detail, authentic.address, TopicKind.SIGHTING)
    return VerifiedSighting(
        authentic.address,
        authentic.certificate,
        claims,
        is_duplicate=fit is Fit.DUPLICATE,
        is_linked=fit is Fit.LINKED,
        missing=missing,
    )


def _too_old(authentic: AuthenticSighting) -> Refusal:
    """Return the refusal of what is older than the consumer keeps anything."""
    detail = "the passage is longer ago than this consumer keeps anything (oldest_s)"
    return Refusal(RefusalReason.TOO_OLD, detail, authentic.address, TopicKind.SIGHTING)


def _place_health(authentic: AuthenticHealth, device: DeviceRecord) -> Verdict:
    """Judge how the end that a health record names fits what was received."""
    claims = authentic.claims
    record = device.boot(claims.boot)
    if not record.expect(claims.seq, claims.link):
        detail = "the health record names another last sighting than came"
        return Refusal(RefusalReason.BROKEN_CHAIN, detail, authentic.address, TopicKind.HEALTH)
    return VerifiedHealth(
        authentic.address,
        authentic.certificate,
        claims,
        is_duplicate=device.is_repeated(claims.boot, claims.up_s),
        missing=record.missing_before(claims.seq + 1),
    )


def _place_checkpoint(authentic: AuthenticCheckpoint, device: DeviceRecord) -> Verdict:
    """Judge how a checkpoint fits the ones before."""
    growth = device.checkpoints.admit(authentic.certificate.event_key.octets, authentic.checkpoint)
    if growth is Growth.FORKED:
        reason = RefusalReason.FORKED_LOG
        detail = "the booth has signed another root of its audit log at this size: two logs"
        return Refusal(reason, detail, authentic.address, TopicKind.CHECKPOINT)
    if growth is Growth.SHRUNK:
        reason = RefusalReason.SHRUNK_LOG
        detail = "the audit log is smaller than it was, or an old checkpoint was played again"
        return Refusal(reason, detail, authentic.address, TopicKind.CHECKPOINT)
    return VerifiedCheckpoint(
        authentic.address,
        authentic.certificate,
        authentic.checkpoint,
        authentic.document,
        is_duplicate=growth is Growth.REPEATED,
    )


def _place_gap(authentic: AuthenticGap, record: BootRecord) -> Verdict:
    """Strike off what will never come."""
    claims = authentic.claims
    lost = record.give_up(SequenceRange(claims.first, claims.last))
    return VerifiedGap(
        authentic.address,
        authentic.certificate,
        claims,
        lost,
        record.missing_before(claims.first),
    )
