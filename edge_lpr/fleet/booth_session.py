"""What a virtual booth sends, and what counts as sent.

Like a real booth's publisher: status, birth and announcement first, then sightings in order, each
sent again until a PUBACK says success; sightings that were asked for come after the live ones.
"""

import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.broker_back_off import BOOTH_LONGEST_WAIT_S, BrokerBackOff
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import WireError
from edge_lpr.fleet.booth_link import MOST_ON_THEIR_WAY, BoothLink
from edge_lpr.fleet.counters import FleetCounters
from edge_lpr.fleet.link_loop import LinkLoop, LinkTarget
from edge_lpr.fleet.virtual_booth import Committed, Ring, VirtualBooth
from edge_lpr.publisher.request_rules import RequestRules
from edge_lpr.wire.gap import GapReason
from edge_lpr.wire.health import BoothFigures
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import TopicKind

_NS_PER_S: Final = 1_000_000_000

_ANEW: Final = (TopicKind.STATUS, TopicKind.BIRTH, TopicKind.TRANSPORT)
"""Made anew by every connection."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish."""

    kind: TopicKind
    """Decides the topic."""
    document: bytes
    """What."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all booths of a process share."""

    loop: LinkLoop
    """Serves their connections."""
    counters: FleetCounters
    """Count what they do."""
    clock: Clock
    """For waits."""


class BoothSession:
    """One booth between its signing and the broker."""

    def __init__(
        self,
        booth: VirtualBooth,
        target: LinkTarget,
        rules: RequestRules,
        ring: Ring,
        around: Surroundings,
    ) -> None:
        """Prepare a session that is not connected.

        Args:
            booth: Signs.
            target: Where to connect.
            rules: Judge requests.
            ring: Keeps what can be asked for again.
            around: What the booths of the process share.
        """
        self.booth = booth
        self.target = target
        self._link = BoothLink(target, around.loop, self)
        self._rules = rules
        self._ring = ring
        self._counters = around.counters
        self._clock = around.clock
        self._back_off = BrokerBackOff(BOOTH_LONGEST_WAIT_S)
        self._next_attempt_ns = self._clock.monotonic_ns()
        self._live: deque[Message] = deque()
        self._asked_for: deque[Message] = deque()
        self._refused: list[Message] = []
        self._on_their_way: dict[int, Message] = {}
        self._published = 0
        self.is_online = False

    @property
    def waiting(self) -> int:
        """How many messages the broker has not taken."""
        held = len(self._live) + len(self._asked_for) + len(self._refused)
        return held + len(self._on_their_way)

    def connect_if_due(self) -> None:
        """Connect unless there is a connection, or the last attempt was a moment ago."""
        if not self._link.is_open and self._clock.monotonic_ns() >= self._next_attempt_ns:
            self._link.connect(self.booth.boot)

    def adopt(self, connection: socket.socket) -> None:
        """Ask for a session over a connection that was dialled elsewhere."""
        self._link.adopt(connection, self.booth.boot)

    def keep(self, committed: Committed) -> None:
        """Keep a sighting, so that it can be asked for."""
        self._ring.keep(committed)

    def send(self, document: bytes, kind: TopicKind = TopicKind.SIGHTING) -> None:
        """Send a document as soon as the broker takes it, after those that wait already."""
        self._live.append(Message(kind, document))
        self.pump()

    def say_lost(self, committed: Committed) -> None:
        """Say with a signed gap that a sighting will never come."""
        self._send_gap(committed.boot, committed.seq, committed.seq, GapReason.OUTBOX_FULL)

    def send_health(self) -> None:
        """Send a health record of this moment; an old one would be of no use to anybody."""
        if not self.is_online:
            return
        self._counters.health += 1
        figures = BoothFigures(
            counters={"published": self._published},
            unsent=self.waiting,
            oldest_unsent_s=0,
            kept=len(self._ring),
        )
        self.send(self.booth.health(figures), TopicKind.HEALTH)

    def restart(self) -> None:
        """Begin a new boot, and connect again: the Last Will names the boot."""
        self.booth.restart()
        self._counters.restarts += 1
        self.cut()

    def cut(self) -> None:
        """Lose the connection without a word; it is made again at once."""
        if self._link.is_open:
            self._link.cut()
            self.went_away()
        self._next_attempt_ns = self._clock.monotonic_ns()

    def keep_alive(self) -> None:
        """Ping when it is time, and try what was refused; to be called about once a second."""
        self._link.keep_alive()
        self._asked_for.extend(self._refused)
        self._refused.clear()
        self.pump()

    def say_offline(self) -> None:
        """Say that we are going; ``waiting`` tells when the broker knows."""
        if self.is_online:
            status = encode_status(self.booth.boot, is_online=False)
            self.send(status, TopicKind.STATUS)

    def close(self) -> None:
        """End the session."""
        self._link.close()
        self.is_online = False

    def pump(self) -> None:
        """Send what there is room for, live messages first."""
        while self.is_online and len(self._on_their_way) < MOST_ON_THEIR_WAY:
            queue = self._live or self._asked_for
            if not queue:
                return
            self._publish(queue.popleft())

    def came_online(self) -> None:
        """Announce ourselves."""
        self._counters.connections += 1
        self.is_online = True
        self._back_off.reset()
        status = encode_status(self.booth.boot, is_online=True)
        self._publish(Message(TopicKind.STATUS, status))
        self._publish(Message(TopicKind.BIRTH, self.booth.birth()))
        self._publish(Message(TopicKind.TRANSPORT, self.booth.announcement()))
        self.pump()

    def was_answered(self, message_id: int, *, is_taken: bool) -> None:
        """Take the broker's word about a message; what it refused is sent again later."""
        message = self._on_their_way.pop(message_id, None)
        if message is None:
            return
        if is_taken:
            is_sighting = message.kind is TopicKind.SIGHTING
            self._published += is_sighting
            self._counters.published += is_sighting
        else:
            self._counters.refused += 1
            self._refused.append(message)
        self.pump()

    def was_asked(self, untrusted_request: bytes) -> None:
        """Answer a request: with what is kept, and with gaps for what is not."""
        try:
            _, claims = self._rules.judge(untrusted_request)
        except WireError:
            self._counters.requests_refused += 1
            return
        self._counters.requests += 1
        # Of its own boot a booth knows what it has not signed yet, and says nothing about it.
        last = min(claims.last, self.booth.seq) if claims.boot == self.booth.boot else claims.last
        first_missing: int | None = None
        for seq in range(claims.first, last + 1):
            document = self._ring.find(claims.boot, seq)
            if document is None:
                first_missing = first_missing or seq
                continue
            if first_missing is not None:
                self._send_gap(claims.boot, first_missing, seq - 1, GapReason.NOT_KEPT)
                first_missing = None
            self._counters.resent += 1
            self._asked_for.append(Message(TopicKind.SIGHTING, document))
        if first_missing is not None:
            self._send_gap(claims.boot, first_missing, last, GapReason.NOT_KEPT)
        self.pump()

    def went_away(self) -> None:
        """Remember what is unanswered, and try again later."""
        self.is_online = False
        self._counters.connections_lost += 1
        self._live.extendleft(reversed([*self._unanswered()]))
        self._on_their_way.clear()
        wait_s = self._back_off.next_wait_s()
        self._next_attempt_ns = self._clock.monotonic_ns() + round(wait_s * _NS_PER_S)

    def _unanswered(self) -> Iterator[Message]:
        """Yield what has to be sent again, the oldest first."""
        for message in self._on_their_way.values():
            if message.kind not in _ANEW:
                yield message

    def _publish(self, message: Message) -> None:
        """Put a message on its way."""
        self._on_their_way[self._link.publish(message.kind, message.document)] = message

    def _send_gap(self, boot: str, first: int, last: int, reason: GapReason) -> None:
        """Say with a signed gap that sightings will never come."""
        self._counters.gaps += 1
        self.send(self.booth.gap(boot, first, last, reason), TopicKind.GAP)
