"""The MQTT library behind the few words that the link needs. For one thread.

Everything that is particular to paho is here: its external loop, its callbacks, its manual
acknowledgements. When to connect and what to do with what comes is left to ``mqtt_link.py``.
"""

import select
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_lpr.core.errors import BrokerError
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.subscriber import trouble
from edge_lpr.subscriber.broker_url import BrokerUrl
from edge_lpr.subscriber.careful_client import MAXIMUM_PACKET_BYTES, CarefulClient

RECEIVE_MAXIMUM: Final = 1_000
"""Messages under way without an acknowledgement; the most that is delivered twice after a crash."""

KEEPALIVE_S: Final = 30
"""A dead link is noticed within a minute even when no vehicle passes."""

SESSION_EXPIRY_S: Final = 7 * 86_400
"""How long the broker keeps what comes while the consumer is away: as long as a sighting lasts."""

REQUEST_EXPIRY_S: Final = 3600
"""A request is worth an hour (contract, 3.1)."""

_CONNECT_TIMEOUT_S: Final = 10.0

Delivery: TypeAlias = Callable[[MQTTMessage], None]
"""Takes what the broker delivered."""


@dataclass(frozen=True, slots=True)
class SessionWishes:
    """What is asked of the broker."""

    client_id: str
    """Under this name the broker keeps our place, unless it takes the certificate's for it."""
    keeps_place: bool
    """Whether the broker keeps what comes while we are away."""
    is_mqtt5: bool
    """Whether to speak version 5; else 3.1.1."""
    subscriptions: Sequence[tuple[str, int]]
    """Topic filters with their quality of service, 0 or 1."""
    expiry_s: int = SESSION_EXPIRY_S
    """How long it does so, in seconds."""


class PahoSession:
    """One MQTT session, moved forward by its caller's loop."""

    def __init__(self, broker: BrokerUrl, wishes: SessionWishes, deliver: Delivery) -> None:
        """Prepare a session that is not connected.

        Args:
            broker: Where it will be.
            wishes: What is asked of it.
            deliver: Called from inside ``turn``.
        """
        self._broker = broker
        self._wishes = wishes
        self._deliver = deliver
        self._failure: BrokerError | None = None
        self._has_answered = False
        self.is_subscribed = False
        """Whether everything that is wanted is being delivered."""
        is_mqtt5 = wishes.is_mqtt5
        self._client = CarefulClient(
            CallbackAPIVersion.VERSION2,
            client_id=wishes.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if is_mqtt5 else MQTTProtocolVersion.MQTTv311,
            # Version 3.1.1 says it here, version 5 when it connects.
            clean_session=None if is_mqtt5 else not wishes.keeps_place,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._client.connect_timeout = _CONNECT_TIMEOUT_S
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def connect(self, context: ssl.SSLContext | None) -> None:
        """Connect, and ask for a session; the answer comes in a later ``turn``.

        Args:
            context: For TLS; ``None`` without.

        Raises:
            BrokerError: Nobody answers, or not whom we expect.
        """
        self._failure = None
        self._has_answered = self.is_subscribed = False
        self._client.secure(context)
        # The library knows these words in version 5 only.
        version5: dict[str, Any] = {}
        if self._wishes.is_mqtt5:
            version5["clean_start"] = not self._wishes.keeps_place
            version5["properties"] = _properties(
                PacketTypes.CONNECT,
                SessionExpiryInterval=self._wishes.expiry_s if self._wishes.keeps_place else 0,
                ReceiveMaximum=RECEIVE_MAXIMUM,
                MaximumPacketSize=MAXIMUM_PACKET_BYTES,
            )
        try:
            self._client.connect(
                self._broker.host, self._broker.port, keepalive=KEEPALIVE_S, **version5
            )
        except OSError as error:
            raise trouble.unreachable(self._broker, error) from error

    def turn(self, wake_up: WakeUp, wait_s: float, *, may_read: bool) -> None:
        """Wait until there is something to do, and move packets.

        Args:
            wake_up: Ends the wait early; unset afterwards.
            wait_s: Longest wait in seconds.
            may_read: Whether there is room for what the broker has.

        Raises:
            BrokerError: The session ended.
        """
        mqtt_socket = cast("socket.socket | None", self._client.socket())
        if mqtt_socket is None:
            raise self._end()
        # TLS may hold what select does not see.
        has_more = may_read and isinstance(mqtt_socket, ssl.SSLSocket) and mqtt_socket.pending() > 0
        readable: list[socket.socket | WakeUp] = [wake_up, mqtt_socket] if may_read else [wake_up]
        writable = [mqtt_socket] if self._client.want_write() else []
        readable, writable, _ = select.select(readable, writable, [], 0 if has_more else wait_s)
        wake_up.clear()
        if writable:
            self._client.loop_write()
        if has_more or mqtt_socket in readable:
            self._client.loop_read()
        self._client.loop_misc()
        if self._failure is not None or self._client.socket() is None:
            raise self._end()

    def acknowledge(self, message_id: int) -> None:
        """Tell the broker that a message of this connection may be forgotten."""
        self._client.ack(message_id, 1)

    def subscribe(self, topic_filter: str, qos: int) -> None:
        """Subscribe once more, for the retained messages' sake."""
        self._client.subscribe([(topic_filter, qos)])

    def publish(self, topic: str, document: bytes) -> None:
        """Publish a request at QoS 1."""
        expiry = None
        if self._wishes.is_mqtt5:
            expiry = _properties(PacketTypes.PUBLISH, MessageExpiryInterval=REQUEST_EXPIRY_S)
        self._client.publish(topic, document, qos=1, properties=expiry)

    def close(self) -> None:
        """End the connection in an orderly way; the broker keeps our place if it was to."""
        if self._client.socket() is not None:
            self._client.disconnect()
        self.cut()

    def cut(self) -> None:
        """Close the TCP connection without a word; may be called twice."""
        mqtt_socket = self._client.socket()
        if mqtt_socket is not None:
            cast("socket.socket", mqtt_socket).close()
            # The library finds it closed, and puts its own state in order.
            self._client.loop_read()

    def _end(self) -> BrokerError:
        """Return why the session ended, and let go of it."""
        if self._client.is_flooded:
            self._failure = trouble.flooded(self._broker, MAXIMUM_PACKET_BYTES)
        elif self._client.tls_error is not None:
            self._failure = trouble.tls_broke(self._broker, self._client.tls_error)
        elif self._failure is None and not self._has_answered:
            self._failure = trouble.closed_early(self._broker)
        failure = self._failure or trouble.lost(self._broker)
        self.cut()
        self.is_subscribed = False
        return failure

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Take the broker's CONNACK, and subscribe: a broker may have forgotten us."""
        self._has_answered = True
        if reason_code.is_failure:
            self._failure = trouble.refused(self._broker, str(reason_code))
        else:
            client.subscribe(list(self._wishes.subscriptions))

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Remember why the broker ended the session."""
        if flags.is_disconnect_packet_from_server and self._failure is None:
            self._failure = trouble.ended(self._broker, reason_code)

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _message_id: int,
        reason_codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """Take the broker's word about each subscription."""
        # A later, single one only fetches the births again.
        if not self.is_subscribed and len(reason_codes) == len(self._wishes.subscriptions):
            refused = [
                topic
                for (topic, _), code in zip(self._wishes.subscriptions, reason_codes, strict=True)
                if code.is_failure
            ]
            if refused:
                self._failure = trouble.forbidden(self._broker, refused)
            self.is_subscribed = not refused

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Pass on what was delivered."""
        self._deliver(message)


def _properties(packet_type: int, **values: int) -> Properties:
    """Return MQTT 5 properties."""
    # The library's class takes any attribute and checks it against the standard's table.
    properties: Any = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return cast("Properties", properties)
