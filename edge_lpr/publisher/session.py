"""The session with the broker: what is sent, when, and what counts as sent.

One connection goes like this; every step is a method below, those of
what is sent in ``sending.py``::

    1. connect        with a Last Will "offline" that names the tokeniser's boot
    2. announce       status "online" and birth, both retained; ask for requests to this booth, for
                      its keys and its site's watch-lists
    3. fill           once the birth is taken: sightings, the oldest first, a few at once; beside
                      them at most one gap, one health record, one transport key and one checkpoint
    4. settle         a sighting or gap counts as sent when its PUBACK says success, not before
    5. watch          no PUBACK for 20 s, or no CONNACK for 10 s: connect again
    6. close          status "offline", retained; then an orderly end

A session belongs to one boot of the tokeniser, because its Last Will does, and to one certificate.
Without any birth there is nothing to say, and no connection is made. Losing the connection loses
nothing: what is unanswered is sent again, and what the outbox holds stays there. What the budget of
a day holds back is in ``budget.py``.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from edge_lpr.core.broker_back_off import BOOTH_LONGEST_WAIT_S, BrokerBackOff
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import (
    BrokerError,
    BrokerUnreachableError,
    OutboxDamagedError,
    OutboxError,
)
from edge_lpr.core.log import Log
from edge_lpr.publisher.broker import Broker
from edge_lpr.publisher.broker_loss import log_loss
from edge_lpr.publisher.budget import BudgetState, DailyBudget
from edge_lpr.publisher.mailbox import Mailbox
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_rows import StoredBirth
from edge_lpr.publisher.sending import Sending
from edge_lpr.wire.health import Alarm
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import TopicKind

CONNACK_TIMEOUT_S: Final = 10.0
"""A stopped broker's kernel still accepts connections; only the CONNACK shows that it lives."""

PUBACK_TIMEOUT_S: Final = 20.0
"""Far beyond any working link's delay; shorter than the 60 s in which the keep-alive notices."""

STEADY_S: Final = 5.0
"""A broker that has taken birth and sightings for so long does its work. One that takes the birth
and hangs up is overloaded or at odds with us, and must not have all booths back each second."""

_OUTBOX_WAIT_S: Final = 10.0
_CLOSING_TURN_S: Final = 0.1
_NS_PER_S: Final = 1_000_000_000


class _Stage(Enum):
    """How far the connection is."""

    AWAY = auto()
    CONNECTING = auto()
    ANNOUNCING = auto()
    SENDING = auto()


class BrokerSession:
    """Send the outbox to the broker. For one thread; another may set the client's ``wake_up``."""

    def __init__(
        self,
        client: MqttClient,
        broker: Broker,
        outbox: Outbox,
        *,
        budget: DailyBudget,
        clock: Clock,
        log: Log,
    ) -> None:
        """Prepare a session; nothing is connected before the first ``turn``.

        Args:
            client: The MQTT library; used by nobody else.
            broker: Where to connect, and as whom.
            outbox: Where sightings, gaps and the birth come from; shared with the relay.
            budget: How much may be sent in a day.
            clock: For waits and ages.
            log: Hears of connections and refusals.
        """
        self._sending = Sending(client, outbox, budget=budget, clock=clock, log=log)
        self.counters = self._sending.counters
        self._client = client
        self._broker = broker
        self._outbox = outbox
        self._budget = budget
        self._clock = clock
        self._log = log
        self._take_request: Callable[[bytes], None] | None = None
        self._mailbox: Mailbox | None = None
        self._back_off = BrokerBackOff(BOOTH_LONGEST_WAIT_S)
        self._stage = _Stage.AWAY
        self._loss: BrokerError | None = None
        self._boot: str | None = None
        self._stage_since_ns = clock.monotonic_ns()
        self._next_attempt_ns = clock.monotonic_ns()
        self._next_outbox_ns = clock.monotonic_ns()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, or one is being made."""
        return self._stage is not _Stage.AWAY

    @property
    def is_taken(self) -> bool:
        """Whether the broker has taken the birth, and takes sightings."""
        return self._stage is _Stage.SENDING

    @property
    def last_loss(self) -> BrokerError | None:
        """Why there is no connection, since the last one that was good; for any thread."""
        return self._loss

    def serve(
        self,
        *,
        take_health: Callable[[], bytes | None] | None = None,
        take_request: Callable[[bytes], None] | None = None,
        newest_transport: Callable[[], bytes | None] | None = None,
        newest_checkpoint: Callable[[], bytes | None] | None = None,
        mailbox: Mailbox | None = None,
    ) -> None:
        """Also publish records, and hand on what others send; before the first turn.

        Args:
            take_health: Returns the newest signed health record, once.
            take_request: Takes the untrusted payload of a request; without it nobody is listened
                to.
            newest_transport: Returns the newest signed announcement of a transport key.
            newest_checkpoint: Returns the newest signed checkpoint of the audit log.
            mailbox: Takes what the authority sends; without it nothing of that is asked for.
        """
        self._sending.take_health = take_health
        self._sending.newest_transport = newest_transport
        self._sending.newest_checkpoint = newest_checkpoint
        self._take_request = take_request
        self._mailbox = mailbox
        if mailbox is not None:
            self._client.hand_on(mailbox.take)

    def tls_certificate_days(self) -> int | None:
        """Return for how many whole days the client certificate is valid; ``None`` without TLS."""
        return None if self._broker.tls is None else self._broker.tls.days_left()

    def alarms(self) -> tuple[Alarm, ...]:
        """Return what somebody should look at, as far as the session knows it."""
        alarms: list[Alarm] = []
        if self._budget.state is not BudgetState.ENOUGH:
            alarms.append("bandwidth")
        if self._broker.tls is not None and self._broker.tls.ends_soon():
            alarms.append("tls_certificate_ends")
        return tuple(alarms)

    def turn(self, wait_s: float) -> None:
        """Do what can be done now, then wait for packets or ``wake_up``.

        Args:
            wait_s: Longest wait in seconds.

        Raises:
            OutboxDamagedError: The outbox must be opened again.
        """
        # Once for the whole turn: a rest that ended during the wait would let the answers, which
        # fail again, start the next rest before anything could be sent, time after time.
        has_rested = self._has_rested()
        try:
            if has_rested:
                self._advance()
            self._client.turn(wait_s)
            self._take_answers(may_commit=has_rested)
            self._take_requests()
            self._watch()
        except BrokerError as error:
            self._lose(error)
        except OutboxDamagedError:
            raise
        except OutboxError as error:
            # Sending can wait for free space; what came back from the broker is remembered.
            self._log.failure(error)
            self._next_outbox_ns = self._in_ns(_OUTBOX_WAIT_S)
        self._count_bytes()

    def close(self, wait_s: float) -> None:
        """Say "offline" and end the session in an orderly way; may be called twice.

        Args:
            wait_s: Longest wait in seconds for the broker to take the message.
        """
        if self._stage in (_Stage.ANNOUNCING, _Stage.SENDING) and self._boot is not None:
            self._say_offline(self._boot, self._in_ns(wait_s))
        self._client.disconnect()
        self._stage = _Stage.AWAY
        self._count_bytes()

    def _advance(self) -> None:
        """Take the step that the stage asks for."""
        birth = self._outbox.latest_birth()
        is_renewed = self._broker.is_renewed()
        if birth is None:
            return
        if is_renewed or (self.is_connected and birth.boot != self._boot):
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
            self._sending.announce(TopicKind.BIRTH, birth.document, again=False)
            self._sending.fill()
            if self._mailbox is not None and self._mailbox.takes_all_lists():
                self._ask_for_lists(self._mailbox, is_all_wanted=True)

    def _ask_for_lists(self, mailbox: Mailbox, *, is_all_wanted: bool) -> None:
        """Subscribe to the site's watch-lists, if the booth needs them."""
        if mailbox.watch_list_filter is not None:
            self._client.subscribe_to_retained(
                mailbox.watch_list_filter, is_all_wanted=is_all_wanted
            )

    def _connect(self, birth: StoredBirth) -> None:
        """Step 1, unless the broker's name is still being looked up."""
        self._boot = birth.boot
        address = self._broker.find()
        if address is not None:
            self._client.connect(address, birth.boot, self._broker.context)
            self._enter(_Stage.CONNECTING)

    def _announce(self, birth: StoredBirth) -> None:
        """Step 2."""
        self._log.info("broker_connected", host=self._broker.host, port=self._broker.port)
        self._sending.begin()
        self._enter(_Stage.ANNOUNCING)
        self._sending.announce(TopicKind.STATUS, encode_status(birth.boot, is_online=True))
        self._sending.announce(TopicKind.BIRTH, birth.document)
        if self._take_request is not None:
            self._client.subscribe(TopicKind.REQUEST)
        if self._mailbox is not None:
            self._client.subscribe(TopicKind.KEYS)
            self._ask_for_lists(self._mailbox, is_all_wanted=False)

    def _take_answers(self, *, may_commit: bool) -> None:
        """Step 4; answers are taken in any case, because the library forgets them."""
        self._sending.take_answers()
        if not may_commit:
            return
        if self._stage is _Stage.ANNOUNCING and self._sending.is_announced():
            self._outbox.live_from_now()
            self._enter(_Stage.SENDING)
            self._loss = None
        self._sending.settle()

    def _take_requests(self) -> None:
        """Hand on what consumers ask for."""
        for untrusted_payload in self._client.take_incoming():
            if self._take_request is not None:
                self._take_request(untrusted_payload)

    def _watch(self) -> None:
        """Step 5."""
        if self._stage is _Stage.SENDING and self._stage_age_s() >= STEADY_S:
            self._back_off.reset()
        if self._stage is _Stage.CONNECTING and self._stage_age_s() > CONNACK_TIMEOUT_S:
            raise BrokerUnreachableError(
                "the broker does not answer; it stands still, or speaks another MQTT version"
            )
        if (
            self._stage in (_Stage.ANNOUNCING, _Stage.SENDING)
            and self._sending.oldest_age_s() > PUBACK_TIMEOUT_S
        ):
            raise BrokerUnreachableError("the broker does not acknowledge messages")

    def _lose(self, error: BrokerError) -> None:
        """Give the connection up and say when it is tried again."""
        self._client.cut()
        self._enter(_Stage.AWAY)
        self._loss = error
        wait_s = self._back_off.next_wait_s()
        self._next_attempt_ns = self._in_ns(wait_s)
        log_loss(self._log, error, self._broker, wait_s)

    def _say_offline(self, boot: str, deadline_ns: int) -> None:
        """Step 6: publish the status and move packets until the broker has taken it."""
        try:
            offline = encode_status(boot, is_online=False)
            message_id = self._sending.announce(TopicKind.STATUS, offline)
            while (
                message_id is not None
                and self._sending.waits_for(message_id)
                and self._clock.monotonic_ns() < deadline_ns
            ):
                self._client.turn(_CLOSING_TURN_S)
                self._take_answers(may_commit=self._has_rested())
        except (BrokerError, OutboxError) as error:
            # We are leaving anyway; the Last Will says it in our place.
            self._log.failure(error)

    def _count_bytes(self) -> None:
        """Take note of what was sent so far."""
        self.counters.bytes_sent = self._client.bytes_sent
        self._budget.count(self._client.bytes_sent)

    def _has_rested(self) -> bool:
        """Return whether the outbox may be used: it has not failed, or not just now."""
        return self._clock.monotonic_ns() >= self._next_outbox_ns

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
