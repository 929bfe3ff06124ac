"""What a worker hands to the store, and what the store answers."""

from dataclasses import dataclass, field
from typing import Final

from edge_lpr.subscriber.checkpoint_record import Growth
from edge_lpr.subscriber.verdicts import (
    AuthenticBirth,
    AuthenticCheckpoint,
    AuthenticGap,
    AuthenticHealth,
    AuthenticSighting,
)
from edge_lpr.subscriber.watch_list import Hit
from edge_lpr.wire.topics import DeviceAddress

DAY_S: Final = 86_400
"""A partition holds a day of sightings, UTC."""

MAXIMUM_AHEAD_S: Final = 2 * DAY_S
"""A booth has token keys for a few days only, so no sighting lies further ahead than that."""


@dataclass(slots=True, repr=False)
class Batch:
    """What is committed at once: all of it or nothing. No ``repr``: it holds tokens."""

    sightings: list[AuthenticSighting] = field(default_factory=list)
    """Verified; they may have been received before."""
    hits: list[tuple[AuthenticSighting, Hit | None]] = field(default_factory=list)
    """Those that are on a watch-list, with what this server's own list says: ``None`` if only the
    booth's has them."""
    births: list[tuple[AuthenticBirth, bytes]] = field(default_factory=list)
    """Verified, with their documents."""
    healths: list[AuthenticHealth] = field(default_factory=list)
    """Verified."""
    gaps: list[AuthenticGap] = field(default_factory=list)
    """Verified."""
    checkpoints: list[AuthenticCheckpoint] = field(default_factory=list)
    """Verified, in the order in which they came."""
    to_park: list[tuple[str, bytes]] = field(default_factory=list)
    """Topic and document of what no known key has signed."""
    unparked: list[bytes] = field(default_factory=list)
    """Links of parked documents that were judged since and may go."""

    def __bool__(self) -> bool:
        return any(
            (
                self.sightings,
                self.births,
                self.healths,
                self.gaps,
                self.checkpoints,
                self.to_park,
                self.unparked,
            )
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch."""

    new: int = 0
    """Sightings that had not been received."""
    duplicates: int = 0
    """Sightings that had."""
    too_old: int = 0
    """Sightings older than the retention: noted as received, and not kept."""
    too_new: int = 0
    """Sightings of a time that has yet to come: likewise."""
    conflicts: int = 0
    """Sightings that differ from the one that was received before under their number."""
    hits: int = 0
    """Hits that were not known."""
    parked: int = 0
    """Documents that wait for the birth of their key."""
    not_parked: int = 0
    """Documents for which there was no room: their number shows as a gap."""
    contradictions: tuple[tuple[DeviceAddress, Growth], ...] = ()
    """Checkpoints that do not fit those before, each once: booths whose audit log was put back, or
    that have two."""


@dataclass(frozen=True, slots=True, repr=False)
class ParkedDocument:
    """A document that waits for the birth that names its key. No ``repr``: it holds tokens."""

    link: bytes
    """Its ``sighting_hash``."""
    topic: str
    """Topic as delivered."""
    document: bytes
    """Payload as delivered."""


@dataclass(frozen=True, slots=True)
class DueRequest:
    """Numbers to ask a booth for."""

    address: DeviceAddress
    """The booth."""
    boot: str
    """Boot id of the sightings."""
    first: int
    """Smallest number wanted."""
    last: int
    """Largest number wanted."""


@dataclass(frozen=True, slots=True)
class DueHit:
    """A hit that is to be delivered."""

    id: int
    """Of this store; the same at every attempt."""
    address: DeviceAddress
    """Where."""
    boot: str
    """Boot id of the sighting."""
    seq: int
    """Its number."""
    at: int
    """When the vehicle was last seen, UTC in whole seconds since 1970."""
    lane: int
    """Lane."""
    dir: str
    """Direction of travel."""
    is_test: bool
    """Whether the input was replayed or rendered."""
    match: str
    """``exact``, ``variant`` or ``fold``; ``booth`` if only the booth's own list has it."""
    entry: str
    """The watch-list's own name of what is looked for; of a booth's list its entry, base64url."""
    attempts: int
    """How often it was tried, this time included."""
    booth_entry: str | None = None
    """What the booth's own list says, base64url; ``None`` from one that publishes everything."""
    is_possible: bool = False
    """Whether the booth's own list matches in part only: look at the vehicle."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit has found; all zero if there was nothing to do."""

    arrivals: int = 0
    """Sightings that were entered into the ledger."""
    findings: int = 0
    """What does not fit, and was not known before."""
    opened: int = 0
    """Gaps that were noticed."""
    closed: int = 0
    """Gaps that were filled or given up."""
    requests: tuple[DueRequest, ...] = ()
    """What to ask the booths for, now."""
