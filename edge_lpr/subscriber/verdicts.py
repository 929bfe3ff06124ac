"""What is said about a message: who vouches for it and what it says, or why it is not believed.

Only values. Who says so: ``authenticity.py`` about a message alone, ``verify.py`` about its place
among the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.watch_list import Hit
from edge_lpr.wire.birth import BirthClaims
from edge_lpr.wire.checkpoint import Checkpoint
from edge_lpr.wire.device_certificate import DeviceCertificate
from edge_lpr.wire.gap import GapClaims
from edge_lpr.wire.health import HealthClaims
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.status import StatusClaims
from edge_lpr.wire.topics import DeviceAddress, TopicKind


class Acknowledgeable:
    """What a broker wants acknowledged: its consumer calls ``done`` once it is safe."""

    __slots__ = ("_acknowledge",)

    def done(self) -> None:
        """Tell the broker that this may be forgotten; may be called twice.

        Does nothing for what did not come through a ``Subscriber``.
        """
        acknowledge: Callable[[], None] | None = getattr(self, "_acknowledge", None)
        if acknowledge is not None:
            acknowledge()

    def to_acknowledge(self, acknowledge: Callable[[], None]) -> None:
        """Say what ``done`` is to do.

        Args:
            acknowledge: May be called twice.
        """
        # The heirs are frozen: what they say never changes, who waits for it may.
        object.__setattr__(self, "_acknowledge", acknowledge)


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
    TOO_OLD = "too_old"
    """The passage is longer ago than the consumer keeps anything."""
    CONFLICT = "conflict"
    """Another sighting with the same number was received before."""
    BROKEN_CHAIN = "broken_chain"
    """The chain of hashes does not hold."""
    FORKED_LOG = "forked_log"
    """The booth has signed another root of its audit log at the same size: there are two logs."""
    SHRUNK_LOG = "shrunk_log"
    """Its audit log is smaller than it was, or an old checkpoint was played again."""
    NOT_FOR_US = "not_for_us"
    """It goes from a consumer or the authority to a device, or from a device to the authority."""


@dataclass(frozen=True, slots=True)
class Refusal(Acknowledgeable):
    """A message that is not believed."""

    reason: RefusalReason
    """Why, for counting."""
    detail: str
    """Why, as a sentence; it quotes nothing of the message."""
    address: DeviceAddress | None = None
    """The device that the topic names, which need not be the sender; ``None`` if it names none."""
    kind: TopicKind | None = None
    """What the topic says that it is; ``None`` if it does not."""


@dataclass(frozen=True, slots=True)
class DeviceStatus(Acknowledgeable):
    """Whether a device is connected. Unsigned: nobody vouches for it."""

    address: DeviceAddress
    """Which device."""
    claims: StatusClaims
    """What the status says."""


@dataclass(frozen=True, slots=True)
class AuthenticBirth:
    """A birth that a device signed, for which the authority vouches."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    claims: BirthClaims
    """What it says about itself."""


@dataclass(frozen=True, slots=True, repr=False)
class AuthenticSighting:
    """A sighting that a certified device signed. No ``repr``: it holds tokens."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    claims: SightingClaims
    """What the sighting says."""
    link: bytes
    """``sighting_hash`` of the document: what the next sighting's ``prev`` must be."""


@dataclass(frozen=True, slots=True)
class AuthenticHealth:
    """A health record that a certified device signed."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    claims: HealthClaims
    """What the record says."""


@dataclass(frozen=True, slots=True)
class AuthenticGap:
    """A gap that a certified device signed."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    claims: GapClaims
    """Which numbers will never come, and why."""


@dataclass(frozen=True, slots=True)
class AuthenticCheckpoint:
    """A checkpoint of its audit log that a certified device signed."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    checkpoint: Checkpoint
    """Size and root."""
    document: bytes
    """The signed note itself: what an auditor keeps."""


Authentic: TypeAlias = (
    AuthenticBirth
    | AuthenticSighting
    | AuthenticHealth
    | AuthenticGap
    | AuthenticCheckpoint
    | DeviceStatus
)
"""What a message says, whatever came before it."""


class Continuity(Enum):
    """How a birth fits what was received of the boot before."""

    CONTINUES = "continues"
    """All of the boot before was received, or this is the first boot."""
    UNKNOWN = "unknown"
    """Of the boot before, not all was received yet, or nothing at all."""
    BROKEN = "broken"
    """The device does not remember what it sent: its outbox was lost, cut or exchanged."""


@dataclass(frozen=True, slots=True)
class VerifiedBirth(Acknowledgeable):
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


@dataclass(frozen=True, slots=True, repr=False)
class VerifiedSighting(Acknowledgeable):
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
    hit: Hit | None = None
    """The entry of the watch-list that it matches; ``None`` without one."""


@dataclass(frozen=True, slots=True)
class VerifiedHealth(Acknowledgeable):
    """A device says how it is, and how far it has counted."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    claims: HealthClaims
    """What the record says."""
    is_duplicate: bool
    """Whether a record of this boot that is as new was received before: delivered twice, or played
    again."""
    missing: SequenceRange | None
    """Numbers up to the last one it has signed that were not received, or not yet."""


@dataclass(frozen=True, slots=True)
class VerifiedGap(Acknowledgeable):
    """A device says which sightings will never come."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    claims: GapClaims
    """Which numbers, and why."""
    lost: int
    """How many of them had not been received; 0 if it was said before."""
    missing: SequenceRange | None
    """Numbers just before them that were not received, or not yet."""


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint(Acknowledgeable):
    """A device says how large its audit log is, and fixes it by its root."""

    address: DeviceAddress
    """Which device."""
    certificate: DeviceCertificate
    """What the authority says about it."""
    checkpoint: Checkpoint
    """Size and root."""
    document: bytes
    """The signed note itself: keep it, and no later log can differ from it up to there."""
    is_duplicate: bool
    """Whether it was received before."""


Verdict: TypeAlias = (
    VerifiedBirth
    | DeviceStatus
    | VerifiedSighting
    | VerifiedHealth
    | VerifiedGap
    | VerifiedCheckpoint
    | Refusal
)
"""What the verifier says about a message."""
