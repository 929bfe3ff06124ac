"""The session with the broker: what is sent, when, and what counts as sent.

One connection goes like this; every step is one method below::

    1. connect        with a Last Will "offline" that names the tokeniser's boot
    2. announce       status "online" and birth, both retained
    3. fill           once the birth is taken: sightings, the oldest first, a few at once
    4. settle         a sighting counts as sent when its PUBACK says success, not before
    5. watch          no PUBACK for 20 s, or no CONNACK for 10 s: connect again
    6. close          status "offline", retained; then an orderly end

A session belongs to one boot of the tokeniser, because its Last Will does. Without any birth
there is nothing to say, and no connection is made. Losing the connection loses nothing: what is
unanswered is sent again, and what the outbox holds stays there.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import (
    BrokerError,
    BrokerRefusedError,
    BrokerUnreachableError,
    OutboxDamagedError,
    OutboxError,
)
from edge_lpr.core.log import Log
from edge_lpr.publisher.broker import Broker
from edge_lpr.publisher.broker_back_off import BrokerBackOff
from edge_lpr.publisher.broker_loss import log_loss
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_rows import StoredBirth
from edge_lpr.publisher.sending_window import SendingWindow
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import TopicKind

CONNACK_TIMEOUT_S: Final = 10.0
"""A stopped broker's kernel still accepts connections; only the CONNACK shows that it lives."""

PUBACK_TIMEOUT_S: Final = 20.0
"""Far beyond any working link's delay; shorter than the 60 s in which the keep-alive notices."""

_OUTBOX_WAIT_S: Final = 10.0
_CLOSING_TURN_S: Final = 0.1
_NS_PER_S: Final = 1_000_000_000


class _Stage(Enum):
    """How far the connection is."""

    AWAY = auto()
    CONNECTING = auto()
    ANNOUNCING = auto()
    SENDING = auto()


@dataclass(slots=True)
class SessionCounters:
    """What the session has done since its start."""

    published: int = 0
    """Sightings that the broker has taken."""
    refused_by_broker: int = 0
    """PUBACKs of sightings that said no; the sighting is sent again later."""
    connections: int = 0
    """Sessions that the broker has accepted."""


class BrokerSession:
    """Send the outbox to the broker. For one thread; another may set the client's ``wake_up``."""

    def __init__(
        self, client: MqttClient, broker: Broker, outbox: Outbox, *, clock: Clock, log: Log
    ) -> None:
        """Prepare a session; nothing is connected before the first ``turn``.

        Args:
            client: The MQTT library; used by nobody else.
            broker: Where to connect, and as whom.
            outbox: Where sightings and the birth come from; shared with the relay.
            clock: For waits and ages.
            log: Hears of connections and refusals.
        """
        self.counters = SessionCounters()
        self._client = client
        self._broker = broker
        self._outbox = outbox
        self._clock = clock
        self._log = log
        self._back_off = BrokerBackOff()
        self._window = SendingWindow(clock)
        self._stage = _Stage.AWAY
        self._announced: dict[TopicKind, tuple[int, bytes]] = {}
        self._boot: str | None = None
        self._stage_since_ns = clock.monotonic_ns()
        self._next_attempt_ns = clock.monotonic_ns()
        self._next_outbox_ns = clock.monotonic_ns()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, or one is being made."""
        return self._stage is not _Stage.AWAY

    def turn(self, wait_s: float) -> None:
        """Do what can be done now, then wait for packets or ``wake_up``.

        Args:
            wait_s: Longest wait in seconds.

        Raises:
            OutboxDamagedError: The outbox must be opened again.
        """
        try:
            self._advance()
            self._client.turn(wait_s)
            self._take_answers()
            self._watch()
        except BrokerError as error:
            self._lose(error)
        except OutboxDamagedError:
            raise
        except OutboxError as error:
            # Sending can wait for free space; what came back from the broker is remembered.
            self._log.failure(error)
            self._next_outbox_ns = self._in_ns(_OUTBOX_WAIT_S)

    def close(self, wait_s: float) -> None:
        """Say "offline" and end the session in an orderly way; may be called twice.

        Args:
            wait_s: Longest wait in seconds for the broker to take the message.
        """
        if self._stage in (_Stage.ANNOUNCING, _Stage.SENDING) and self._boot is not None:
            self._say_offline(self._boot, self._in_ns(wait_s))
        self._client.disconnect()
        self._stage = _Stage.AWAY

    def _advance(self) -> None:
        """Take the step that the stage asks for."""
        if self._clock.monotonic_ns() < self._next_outbox_ns:
            return
        birth = self._outbox.latest_birth()
        is_renewed = self._broker.is_renewed()
        if birth is None:
            return
        if is_renewed or birth.boot not in (self._boot, None):
            # The Last Will names the old boot, and TLS the old certificate; both can only be
            # changed by connecting again. Without a goodbye, so that the broker sends the Last
            # Will if we do not come back.
            self._client.cut()
            self._enter(_Stage.AWAY)
            self._next_attempt_ns = self._clock.monotonic_ns()
        if self._stage is _Stage.AWAY and self._clock.monotonic_ns() >= self._next_attempt_ns:
            self._connect(birth)
        if self._stage is _Stage.CONNECTING and self._client.is_connected:
            self._announce(birth)
        if self._stage is _Stage.SENDING:
            self._publish(TopicKind.BIRTH, birth.document, again=False)
            self._fill()

    def _connect(self, birth: StoredBirth) -> None:
        """Step 1, unless the broker's name is still being looked up."""
        self._boot = birth.boot
        address = self._broker.find()
        if address is not None:
            self._client.connect(address, birth.boot, self._broker.context)
            self._enter(_Stage.CONNECTING)

    def _announce(self, birth: StoredBirth) -> None:
        """Step 2."""
        self.counters.connections += 1
        self._log.info("broker_connected", host=self._broker.host, port=self._broker.port)
        self._window.limit(self._client.receive_maximum)
        self._window.resent()
        self._enter(_Stage.ANNOUNCING)
        self._publish(TopicKind.STATUS, encode_status(birth.boot, is_online=True))
        self._publish(TopicKind.BIRTH, birth.document)

    def _publish(self, kind: TopicKind, payload: bytes, *, again: bool = True) -> None:
        """Publish a retained message, unless the library sends this very one anyway."""
        message_id, published = self._announced.get(kind, (None, None))
        if published == payload and not again:
            return
        if published == payload and message_id is not None and self._window.waits_for(message_id):
            return
        message_id = self._client.publish(kind, payload)
        self._announced[kind] = message_id, payload
        self._window.sent(message_id)

    def _fill(self) -> None:
        """Step 3."""
        room = self._window.room()
        if room == 0 or self._outbox.unsent_count == 0:
            return
        held_places = self._window.held_places()
        for sighting in self._outbox.oldest_unsent(room, except_places=held_places):
            message_id = self._client.publish(TopicKind.SIGHTING, sighting.document)
            self._window.sent(message_id, sighting.place)

    def _settle(self) -> None:
        """Step 4: commit what the broker has taken, unless the outbox has just failed."""
        places = self._window.acknowledged()
        if places and self._clock.monotonic_ns() >= self._next_outbox_ns:
            self._outbox.mark_sent(places)
            self._window.settled(places)
            self.counters.published += len(places)

    def _take_answers(self) -> None:
        """Take PUBACKs, all of them before anything is raised: the library forgets them."""
        refusal: BrokerRefusedError | None = None
        for answer in self._client.take_answers():
            if answer.refusal is None:
                self._window.accepted(answer.message_id)
            elif self._window.refused(answer.message_id):
                self.counters.refused_by_broker += 1
                self._complain("sighting_refused", answer.refusal)
            else:
                refusal = answer.refusal
        if refusal is not None:
            # Without birth and status the sightings are of no use to anybody.
            raise refusal
        birth = self._announced.get(TopicKind.BIRTH)
        if self._stage is _Stage.ANNOUNCING and birth and not self._window.waits_for(birth[0]):
            self._back_off.reset()
            self._enter(_Stage.SENDING)
        self._settle()

    def _watch(self) -> None:
        """Step 5."""
        if self._stage is _Stage.CONNECTING and self._stage_age_s() > CONNACK_TIMEOUT_S:
            raise BrokerUnreachableError(
                "the broker does not answer; it stands still, or speaks another MQTT version"
            )
        if (
            self._stage in (_Stage.ANNOUNCING, _Stage.SENDING)
            and self._window.oldest_age_s() > PUBACK_TIMEOUT_S
        ):
            raise BrokerUnreachableError("the broker does not acknowledge messages")

    def _lose(self, error: BrokerError) -> None:
        """Give the connection up and say when it is tried again."""
        self._client.cut()
        self._enter(_Stage.AWAY)
        wait_s = self._back_off.next_wait_s()
        self._next_attempt_ns = self._in_ns(wait_s)
        log_loss(self._log, error, self._broker, wait_s)

    def _complain(self, event: str, refusal: BrokerRefusedError) -> None:
        """Write what the broker has refused, without giving the connection up."""
        self._log.warning(event, reason=str(refusal), detail=refusal.advice)

    def _say_offline(self, boot: str, deadline_ns: int) -> None:
        """Step 6: publish the status and move packets until the broker has taken it."""
        try:
            message_id = self._client.publish(
                TopicKind.STATUS, encode_status(boot, is_online=False)
            )
            self._window.sent(message_id)
            while self._window.waits_for(message_id) and self._clock.monotonic_ns() < deadline_ns:
                self._client.turn(_CLOSING_TURN_S)
                self._take_answers()
        except (BrokerError, OutboxError) as error:
            # We are leaving anyway; the Last Will says it in our place.
            self._log.failure(error)

    def _enter(self, stage: _Stage) -> None:
        """Begin a stage."""
        self._stage = stage
        self._stage_since_ns = self._clock.monotonic_ns()

    def _stage_age_s(self) -> float:
        """Return how long the stage has lasted."""
        return (self._clock.monotonic_ns() - self._stage_since_ns) / _NS_PER_S

    def _in_ns(self, wait_s: float) -> int:
        """Return the moment that is so many seconds ahead."""
        return self._clock.monotonic_ns() + round(wait_s * _NS_PER_S)
