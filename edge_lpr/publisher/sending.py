"""What is sent over a connection, and what the broker has taken: steps 3 and 4 of ``session.py``.

Sightings go as fast as the broker takes them, a few at once; beside them at most one gap, one
health record, one transport key and one checkpoint. Status and birth are retained, and sent again
only when they have changed. When there is a connection, and when it is given up, is left to the
session.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import BrokerRefusedError
from edge_lpr.core.log import Log
from edge_lpr.publisher.broker_replies import BrokerAnswer
from edge_lpr.publisher.budget import BudgetState, DailyBudget
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.record_sending import RecordSending
from edge_lpr.publisher.sending_window import SendingWindow
from edge_lpr.wire.topics import TopicKind


@dataclass(slots=True)
class SessionCounters:
    """What the session has done since its start."""

    published: int = 0
    """Sightings that the broker has taken."""
    refused_by_broker: int = 0
    """PUBACKs of sightings that said no; the sighting is sent again later."""
    connections: int = 0
    """Sessions that the broker has accepted."""
    bytes_sent: int = 0
    """Octets of MQTT packets, without what TLS, TCP and IP add."""


class Sending:
    """Keeps the broker supplied. For the session's thread."""

    def __init__(
        self,
        client: MqttClient,
        outbox: Outbox,
        *,
        budget: DailyBudget,
        clock: Clock,
        log: Log,
    ) -> None:
        """Begin with nothing on its way.

        Args:
            client: Publishes.
            outbox: Where sightings and gaps come from.
            budget: Says what has to wait.
            clock: For waits and ages.
            log: Hears of refusals.
        """
        self.counters = SessionCounters()
        self.take_health: Callable[[], bytes | None] | None = None
        """Returns the newest signed health record, once; without it none is sent."""
        self.newest_transport: Callable[[], bytes | None] | None = None
        """Returns the newest announcement of a transport key; without it none is sent."""
        self.newest_checkpoint: Callable[[], bytes | None] | None = None
        """Returns the newest checkpoint of the audit log; without it none is sent."""
        self._client = client
        self._outbox = outbox
        self._budget = budget
        self._log = log
        self._window = SendingWindow(clock)
        self._records = RecordSending(client, outbox, clock)
        self._announced: dict[TopicKind, tuple[int, bytes]] = {}

    def begin(self) -> None:
        """Note that a connection has been accepted; what was on its way was sent again over it."""
        self.counters.connections += 1
        self._window.limit(self._client.receive_maximum)
        self._window.resent()
        self._records.begin()

    def is_announced(self) -> bool:
        """Return whether the broker has taken the birth."""
        birth = self._announced.get(TopicKind.BIRTH)
        return birth is not None and not self._window.waits_for(birth[0])

    def waits_for(self, message_id: int) -> bool:
        """Return whether a message was published and not answered."""
        return self._window.waits_for(message_id)

    def oldest_age_s(self) -> float:
        """Return how long the longest wait for an answer has lasted; 0 if there is none."""
        return self._window.oldest_age_s()

    def announce(self, kind: TopicKind, payload: bytes, *, again: bool = True) -> int | None:
        """Publish a retained message, unless the library sends this very one anyway.

        Args:
            kind: Status or birth.
            payload: The document.
            again: Whether one that the broker has taken before is sent once more.

        Returns:
            Packet identifier; ``None`` if nothing was published.

        Raises:
            BrokerUnreachableError: The library takes no more messages.
        """
        message_id, published = self._announced.get(kind, (None, None))
        if published == payload and not again:
            return None
        if published == payload and message_id is not None and self._window.waits_for(message_id):
            return None
        message_id = self._client.publish(kind, payload)
        self._announced[kind] = message_id, payload
        self._window.sent(message_id)
        return message_id

    def fill(self) -> None:
        """Publish as much as the broker takes at once.

        Raises:
            OutboxError: The outbox cannot be read.
            BrokerUnreachableError: The library takes no more messages.
        """
        health = self.take_health() if self.take_health is not None else None
        if health is not None:
            self._records.offer_health(health, self._budget.state)
        if self.newest_transport is not None:
            self._records.transport.offer(self.newest_transport())
        if self.newest_checkpoint is not None:
            self._records.checkpoint.offer(self.newest_checkpoint())
        for message_id in self._records.fill():
            self._window.sent(message_id)
        room = self._window.room()
        if room == 0 or not self._outbox.has_something_to_send:
            return
        for sighting in self._outbox.oldest_unsent(
            room,
            except_places=self._window.held_places(),
            with_asked_again=self._budget.state is BudgetState.ENOUGH,
        ):
            message_id = self._client.publish(TopicKind.SIGHTING, sighting.document)
            self._window.sent(message_id, sighting.place)

    def take_answers(self) -> None:
        """Take PUBACKs, all of them before anything is raised: the library forgets them.

        Raises:
            BrokerRefusedError: The broker refuses birth or status; without them the sightings are
                of no use to anybody.
        """
        refusals = [
            answer.refusal
            for answer in self._client.take_answers()
            if not self._is_settled_with(answer) and answer.refusal is not None
        ]
        if refusals:
            raise refusals[0]

    def settle(self) -> None:
        """Commit what the broker has taken.

        Raises:
            OutboxError: It could not be committed; it still counts as unsent, and is remembered.
        """
        places = self._window.acknowledged()
        if places:
            self.counters.published += self._outbox.mark_sent(places)
            self._window.settled(places)
        self._records.settle()

    def _is_settled_with(self, answer: BrokerAnswer) -> bool:
        """Return whether the connection can go on with an answer; say what it refuses."""
        if answer.subscription is not None:
            if answer.refusal is not None:
                self._say("subscription_refused", answer.refusal, kind=answer.subscription)
            return True
        if self._records.answered(answer.message_id, is_accepted=answer.refusal is None):
            event, is_settled = "record_refused", True
            self._window.accepted(answer.message_id)
        elif answer.refusal is None:
            event, is_settled = "", True
            self._window.accepted(answer.message_id)
        else:
            event, is_settled = "sighting_refused", self._window.refused(answer.message_id)
            self.counters.refused_by_broker += is_settled
        if is_settled and answer.refusal is not None:
            self._say(event, answer.refusal)
        return is_settled

    def _say(self, event: str, refusal: BrokerRefusedError, **fields: str) -> None:
        """Write what the broker refuses, and what to do."""
        self._log.warning(event, reason=str(refusal), detail=refusal.advice, **fields)
