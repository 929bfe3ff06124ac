"""From what a broker delivers to a batch: verified, sorted by kind, compared with the watch-list.

Rules and no I/O. What no known key has signed is parked, because its birth may only be late; what
is refused otherwise is counted and acknowledged, since it would be refused again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from edge_lpr.core.errors import WireError
from edge_lpr.store.records import Batch, ParkedDocument
from edge_lpr.subscriber.authenticity import Authenticator
from edge_lpr.subscriber.messages import Message
from edge_lpr.subscriber.verdicts import (
    Authentic,
    AuthenticBirth,
    AuthenticCheckpoint,
    AuthenticGap,
    AuthenticHealth,
    AuthenticSighting,
    Refusal,
    RefusalReason,
)
from edge_lpr.subscriber.watch_list_file import Search
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic

_MAXIMUM_KNOWN_BIRTHS: Final = 100_000
"""Births that are recognised when they come again; beyond it they are verified again."""

_PARKABLE: Final = ("/sighting", "/gap")
"""Ends of topics whose messages are not repeated; a health record is, a minute later."""


@dataclass(slots=True, repr=False)
class Work:
    """A batch that is being put together."""

    batch: Batch = field(default_factory=Batch)
    """What is to be committed."""
    acknowledgements: list[Callable[[], None]] = field(default_factory=list)
    """What to tell the broker afterwards."""
    refusals: list[RefusalReason] = field(default_factory=list)
    """Why messages were refused."""
    new_births: set[DeviceAddress] = field(default_factory=set)
    """Whose parked documents can be judged now."""


class Intake:
    """Judges messages one by one."""

    def __init__(self, authenticator: Authenticator, watch_list: Search | None) -> None:
        """Begin with what the authenticator knows.

        Args:
            authenticator: Used by this alone.
            watch_list: Knows what is looked for, by now; ``None`` for nothing.
        """
        self._authenticator = authenticator
        self._watch_list = watch_list
        self._births: dict[bytes, tuple[DeviceAddress, str]] = {}

    def learn(self, address: DeviceAddress, untrusted_birth: bytes, received_at: int) -> bool:
        """Learn a birth that the store has kept.

        Args:
            address: The device.
            untrusted_birth: The document; databases are restored, so it is verified again.
            received_at: When it came: its certificate was valid then.

        Returns:
            Whether it holds.
        """
        try:
            verdict = self._authenticator.certificates.learn(address, untrusted_birth, received_at)
        except WireError:
            return False
        if not isinstance(verdict, AuthenticBirth):
            return False
        self._remember(_digest(topic(address, TopicKind.BIRTH), untrusted_birth), verdict)
        return True

    def receive(self, message: Message, work: Work) -> None:
        """Judge a message and put what it says into a batch.

        Args:
            message: As delivered.
            work: Grows by it.
        """
        work.acknowledgements.append(message.acknowledge)
        untrusted_payload = message.untrusted_payload
        if message.untrusted_topic.endswith("/birth"):
            digest = _digest(message.untrusted_topic, untrusted_payload)
            # Retained births come with every connection, one for each booth of the fleet.
            if self._is_known(digest):
                return
            verdict = self._sort(message.untrusted_topic, untrusted_payload, work)
            if isinstance(verdict, AuthenticBirth):
                self._remember(digest, verdict)
            return
        self._sort(message.untrusted_topic, untrusted_payload, work)

    def _is_known(self, digest: bytes) -> bool:
        """Return whether a birth was verified, and its key has not been forgotten since."""
        known = self._births.get(digest)
        return known is not None and self._authenticator.certificates.find(*known) is not None

    def _remember(self, digest: bytes, birth: AuthenticBirth) -> None:
        """Recognise a birth when it comes again."""
        if len(self._births) >= _MAXIMUM_KNOWN_BIRTHS:
            self._births.clear()
        self._births[digest] = birth.address, birth.certificate.event_key.kid

    def receive_waiting(self, work: Work) -> None:
        """Judge again what came in this batch before its birth did.

        Args:
            work: Changed by it.
        """
        waiting, work.batch.to_park = work.batch.to_park, []
        for untrusted_topic, untrusted_payload in waiting:
            self._sort(untrusted_topic, untrusted_payload, work)

    def receive_parked(self, parked: ParkedDocument, work: Work) -> None:
        """Judge a document again whose birth may have come.

        Args:
            parked: As the store has kept it.
            work: Grows by it; a document that still waits stays where it is.
        """
        before = len(work.batch.to_park)
        self._sort(parked.topic, parked.document, work)
        if len(work.batch.to_park) > before:
            work.batch.to_park.pop()
        else:
            work.batch.unparked.append(parked.link)

    def _sort(
        self, untrusted_topic: str, untrusted_payload: bytes, work: Work
    ) -> Authentic | Refusal:
        """Put a message where it belongs; return what was made of it."""
        verdict = self._authenticator.judge(untrusted_topic, untrusted_payload)
        batch = work.batch
        if isinstance(verdict, AuthenticSighting):
            batch.sightings.append(verdict)
            self._compare(verdict, batch)
        elif isinstance(verdict, Refusal):
            self._refuse(verdict, untrusted_topic, untrusted_payload, work)
        elif isinstance(verdict, AuthenticBirth):
            batch.births.append((verdict, untrusted_payload))
            work.new_births.add(verdict.address)
        elif isinstance(verdict, AuthenticHealth):
            batch.healths.append(verdict)
        elif isinstance(verdict, AuthenticGap):
            batch.gaps.append(verdict)
        elif isinstance(verdict, AuthenticCheckpoint):
            batch.checkpoints.append(verdict)
        return verdict

    def _compare(self, sighting: AuthenticSighting, batch: Batch) -> None:
        """Look a sighting up in the watch-list; what its booth's own list has is a hit anyway."""
        hit = None
        if self._watch_list is not None:
            hit = self._watch_list.find(sighting.address.site, sighting.claims)
        if hit is not None or sighting.claims.entry is not None:
            batch.hits.append((sighting, hit))

    @staticmethod
    def _refuse(
        refusal: Refusal, untrusted_topic: str, untrusted_payload: bytes, work: Work
    ) -> None:
        """Count what is not believed, or park it."""
        if refusal.reason is RefusalReason.NO_BIRTH and untrusted_topic.endswith(_PARKABLE):
            work.batch.to_park.append((untrusted_topic, untrusted_payload))
        else:
            work.refusals.append(refusal.reason)


def parking_topics(address: DeviceAddress) -> list[str]:
    """Return the topics under which documents of a device may be parked.

    Args:
        address: The device.
    """
    return [topic(address, TopicKind.SIGHTING), topic(address, TopicKind.GAP)]


def _digest(untrusted_topic: str, untrusted_payload: bytes) -> bytes:
    """Return what a birth is recognised by."""
    return sha256(untrusted_topic.encode() + b"\0" + untrusted_payload).digest()
