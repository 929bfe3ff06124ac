"""What the broker says: whether it takes us, our messages and subscriptions, and what came for us.

The library calls back from within its own loop; here its words are only kept, until the session
takes them. paho reports a PUBACK with an error code as if all were well; here it is a refusal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_lpr.core.errors import BrokerError, BrokerRefusedError, BrokerUnreachableError
from edge_lpr.publisher.broker_words import advice_about, in_words
from edge_lpr.publisher.wary_client import WaryClient
from edge_lpr.wire.request import MAXIMUM_REQUEST_BYTES

MOST_WAITING_REQUESTS: Final = 32
"""Requests that came and were not taken; further ones are dropped, and asked again if need be."""

_RECEIVE_MAXIMUM: Final = 65_535
"""What a broker accepts at once unless it says otherwise (MQTT 5, 3.2.2.3.3)."""


@dataclass(frozen=True, slots=True)
class BrokerAnswer:
    """A PUBACK or SUBACK."""

    message_id: int
    """Packet identifier, as ``publish`` or ``subscribe`` returned it."""
    refusal: BrokerRefusedError | None = None
    """The reason in the broker's words; ``None`` if it has done as asked."""
    subscription: str | None = None
    """What a SUBACK is about, ``None`` for a PUBACK; both may have one identifier."""


class BrokerReplies:
    """Keeps what the broker says until it is taken."""

    def __init__(self, client: WaryClient, request_topic: str) -> None:
        """Listen to a client.

        Args:
            client: Calls back from now on.
            request_topic: Where requests to this booth come.
        """
        self.is_connected = False
        """Whether the broker has accepted the session, and the connection holds."""
        self.was_accepted = False
        """Whether it has done so in this process."""
        self.receive_maximum = _RECEIVE_MAXIMUM
        """Most unanswered messages that the broker takes."""
        self.take_other: Callable[[str, bytes], None] | None = None
        """Takes topic and payload of what is no request; without it they are dropped."""
        self.subscriptions: dict[int, str] = {}
        """What was asked for and not answered, by packet identifier."""
        self._client = client
        self._request_topic = request_topic
        self._answers: list[BrokerAnswer] = []
        self._untrusted_requests: list[bytes] = []
        self._refusal: BrokerRefusedError | None = None
        self._loss: BrokerUnreachableError | None = None
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    def begin(self) -> None:
        """Forget how the last connection ended, and what it left unanswered."""
        self._refusal, self._loss = None, None
        self.subscriptions.clear()

    def end(self) -> None:
        """Note that there is no connection any more."""
        self.is_connected = False

    def take_answers(self) -> list[BrokerAnswer]:
        """Return the answers that came since the last call."""
        answers, self._answers = self._answers, []
        return answers

    def take_requests(self) -> list[bytes]:
        """Return the untrusted payloads of requests that came since the last call."""
        untrusted_payloads, self._untrusted_requests = self._untrusted_requests, []
        return untrusted_payloads

    def why_lost(self, *, was_connected: bool) -> BrokerError:
        """Return why the connection ended, as far as the broker has said.

        Args:
            was_connected: Whether the session had been accepted.
        """
        if self._refusal is not None:
            return self._refusal
        if was_connected:
            return self._loss or BrokerUnreachableError("the connection broke")
        if self._loss is None:
            # A broker of another version, or something that is no broker.
            return BrokerRefusedError("the connection was closed without an answer")
        return BrokerRefusedError(str(self._loss), self._loss.advice, self._loss.code)

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        """Take the CONNACK."""
        self._refusal = _refusal(reason_code, properties)
        if self._refusal is not None:
            return
        self.is_connected = self.was_accepted = True
        self.receive_maximum = getattr(properties, "ReceiveMaximum", _RECEIVE_MAXIMUM)
        # The library asks us before it sends again what was on its way.
        self._client.limit(self.receive_maximum)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        """Remember why the connection ended."""
        if flags.is_disconnect_packet_from_server:
            advice = advice_about(reason_code)
            words = in_words(reason_code, properties)
            self._loss = BrokerUnreachableError(words, advice, reason_code.value)
        elif reason_code.is_failure:
            self._loss = BrokerUnreachableError(str(reason_code))

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        message_id: int,
        reason_code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        """Take a PUBACK, whatever it says."""
        self._answers.append(BrokerAnswer(message_id, _refusal(reason_code, properties)))

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        message_id: int,
        reason_codes: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        """Take a SUBACK, which has one reason, because we ask for one topic at a time."""
        refusals = [_refusal(code, properties) for code in reason_codes]
        refusal = refusals[0] if refusals else None
        subscription = self.subscriptions.pop(message_id, "unknown")
        self._answers.append(BrokerAnswer(message_id, refusal, subscription))

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Keep a request, unless there are too many or it can be none; hand the rest on."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            # The library decodes it only now, and it is not even MQTT (MQTT 5, 3.3.2.1).
            return
        if topic != self._request_topic:
            if self.take_other is not None:
                self.take_other(topic, bytes(message.payload))
        elif (
            len(message.payload) <= MAXIMUM_REQUEST_BYTES
            and len(self._untrusted_requests) < MOST_WAITING_REQUESTS
        ):
            self._untrusted_requests.append(bytes(message.payload))


def _refusal(code: ReasonCode, properties: Properties | None) -> BrokerRefusedError | None:
    """Return what a reason says, or ``None`` if it is a good one."""
    if not code.is_failure:
        return None
    return BrokerRefusedError(in_words(code, properties), advice_about(code), code.value)
