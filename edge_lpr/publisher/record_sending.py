"""Gaps, health records, transport keys and checkpoints on their way to the broker, one of each.

So few, because what the broker takes at once is for sightings. A gap is forgotten when the broker
has taken it and not before; a health record is worth a minute, and the next one replaces it. The
announcement of the transport key and the checkpoint of the audit log are retained, and sent once in
each connection, because a broker may have lost them.
"""

from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.publisher.budget import BudgetState
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.wire.topics import TopicKind

LOOK_EVERY_S: Final = 1.0
"""How often the outbox is asked for gaps: there are mostly none."""

REFUSED_WAIT_S: Final = 60.0
"""What the broker has refused is tried again after this."""

SELDOM_S: Final = 600.0
"""Between two health records when the budget is spent; as long as one is valid at the broker."""

_NS_PER_S: Final = 1_000_000_000


class RetainedSending:
    """Publish the newest document of a retained kind: once a connection, and whenever it is new."""

    def __init__(self, client: MqttClient, kind: TopicKind, clock: Clock) -> None:
        """Begin with nothing to send.

        Args:
            client: Publishes.
            kind: A retained one.
            clock: For the wait after a refusal.
        """
        self._client = client
        self._kind = kind
        self._clock = clock
        self._document: bytes | None = None
        self._sent: bytes | None = None
        self._message_id: int | None = None
        self._next_ns = clock.monotonic_ns()

    def begin(self) -> None:
        """Note that a connection has been accepted."""
        if self._message_id is None:
            self._sent = None

    def offer(self, document: bytes | None) -> None:
        """Take the newest document, in place of the one before.

        Args:
            document: Signed; ``None`` if there is none yet.
        """
        self._document = document

    def fill(self) -> list[int]:
        """Publish the document if it is news, and return the packet identifier.

        Raises:
            BrokerUnreachableError: The library takes no more messages.
        """
        if (
            self._document is None
            or self._document == self._sent
            or self._message_id is not None
            or self._clock.monotonic_ns() < self._next_ns
        ):
            return []
        self._message_id = self._client.publish(self._kind, self._document)
        self._sent = self._document
        return [self._message_id]

    def answered(self, message_id: int, *, is_accepted: bool) -> bool:
        """Take the broker's answer; return whether it was about this document.

        Args:
            message_id: Of any message.
            is_accepted: Whether the broker has taken it.
        """
        if message_id != self._message_id:
            return False
        self._message_id = None
        if not is_accepted:
            self._sent = None
            self._next_ns = self._clock.monotonic_ns() + round(REFUSED_WAIT_S * _NS_PER_S)
        return True


class RecordSending:
    """Publish records and keep account of what is answered. For the session's thread."""

    def __init__(self, client: MqttClient, outbox: Outbox, clock: Clock) -> None:
        """Begin with nothing on its way.

        Args:
            client: Publishes.
            outbox: Keeps gaps until they are taken.
            clock: For waits.
        """
        self._client = client
        self._outbox = outbox
        self._clock = clock
        self._gap: tuple[int, int] | None = None
        self._taken_gap: int | None = None
        self._health_id: int | None = None
        self._health: bytes | None = None
        self.transport = RetainedSending(client, TopicKind.TRANSPORT, clock)
        """The announcement of the transport key."""
        self.checkpoint = RetainedSending(client, TopicKind.CHECKPOINT, clock)
        """The checkpoint of the audit log."""
        self._next_look_ns = clock.monotonic_ns()
        self._next_health_ns = clock.monotonic_ns()

    def begin(self) -> None:
        """Note that a connection has been accepted."""
        self.transport.begin()
        self.checkpoint.begin()

    def offer_health(self, document: bytes, state: BudgetState) -> None:
        """Take the newest health record, in place of one that has not gone yet.

        Args:
            document: Signed.
            state: Of the budget; when it is spent, most records are dropped.
        """
        now_ns = self._clock.monotonic_ns()
        if state is BudgetState.SPENT and now_ns < self._next_health_ns:
            return
        self._next_health_ns = now_ns + round(SELDOM_S * _NS_PER_S)
        self._health = document

    def fill(self) -> list[int]:
        """Publish what waits, and return the packet identifiers.

        Raises:
            OutboxError: Gaps cannot be read.
            BrokerUnreachableError: The library takes no more messages.
        """
        message_ids = [*self.transport.fill(), *self.checkpoint.fill()]
        if self._health is not None and self._health_id is None:
            document, self._health = self._health, None
            self._health_id = self._client.publish(TopicKind.HEALTH, document)
            message_ids.append(self._health_id)
        now_ns = self._clock.monotonic_ns()
        if self._gap is None and self._taken_gap is None and now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + round(LOOK_EVERY_S * _NS_PER_S)
            gap = self._outbox.pending_gap()
            if gap is not None:
                message_id = self._client.publish(TopicKind.GAP, gap.document)
                self._gap = message_id, gap.place
                message_ids.append(message_id)
        return message_ids

    def answered(self, message_id: int, *, is_accepted: bool) -> bool:
        """Take the broker's answer to a record.

        Args:
            message_id: Of any message.
            is_accepted: Whether the broker has taken it.

        Returns:
            Whether it was a record.
        """
        if message_id == self._health_id:
            self._health_id = None
            return True
        for retained in (self.transport, self.checkpoint):
            if retained.answered(message_id, is_accepted=is_accepted):
                return True
        if self._gap is None or message_id != self._gap[0]:
            return False
        if is_accepted:
            self._taken_gap = self._gap[1]
        else:
            self._next_look_ns = self._in_ns(REFUSED_WAIT_S)
        self._gap = None
        return True

    def settle(self) -> None:
        """Let the outbox forget the gap that the broker has taken.

        Raises:
            OutboxError: It could not; the next call tries again.
        """
        if self._taken_gap is not None:
            self._outbox.mark_gap_sent(self._taken_gap)
            self._taken_gap = None
            self._next_look_ns = self._clock.monotonic_ns()

    def _in_ns(self, wait_s: float) -> int:
        """Return the moment that is so many seconds ahead."""
        return self._clock.monotonic_ns() + round(wait_s * _NS_PER_S)
