"""An MQTT client whose every answer a test can see: CONNACK, PUBACK, SUBACK and what arrives."""

import contextlib
import itertools
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import paho.mqtt.client as mqtt
from paho.mqtt.client import ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.support.waiting import wait_until

_COUNTER = itertools.count()


@dataclass(frozen=True)
class Will:
    """What the broker says for a client that is gone."""

    topic: str
    payload: bytes
    delay_s: int
    is_retained: bool = False


@dataclass
class Heard:
    """What a client heard; written by the library's thread."""

    messages: list[mqtt.MQTTMessage] = field(default_factory=list)
    acknowledged: dict[int, ReasonCode] = field(default_factory=dict)
    subscribed: dict[int, list[ReasonCode]] = field(default_factory=dict)
    connected: ReasonCode | None = None
    is_session_present: bool | None = None
    is_lost: bool = False


class Peer:
    """One client, MQTT 5. ``connect`` before anything else."""

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext | None,
        *,
        client_id: str | None = None,
        session_expiry_s: int = 0,
        will: Will | None = None,
    ) -> None:
        self.client_id = client_id or f"peer-{next(_COUNTER)}"
        self.heard = Heard()
        self._address = host, port
        self._session_expiry_s = session_expiry_s
        self._context = context
        self._will = will
        self._client = self._make()

    def connect(self, *, clean_start: bool = True) -> bool:
        """Connect, and return whether the broker let us in."""
        self.heard.connected, self.heard.is_lost = None, False
        # The library's client leaves a pair of sockets behind when its loop starts twice.
        self._client = self._make()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self._client.connect(
                *self._address,
                clean_start=clean_start,
                properties=_properties(
                    PacketTypes.CONNECT, SessionExpiryInterval=self._session_expiry_s
                ),
            )
            self._client.loop_start()
            wait_until(lambda: self.heard.connected is not None or self.heard.is_lost)
        return self.is_let_in()

    def is_let_in(self) -> bool:
        """Return whether the broker has answered, and let us in."""
        return self.heard.connected is not None and not self.heard.connected.is_failure

    def publish(
        self, topic: str, payload: bytes, *, is_retained: bool = False, expiry_s: int | None = None
    ) -> int:
        """Publish at QoS 1, and return the reason code of the PUBACK."""
        message_id = self.publish_only(topic, payload, is_retained=is_retained, expiry_s=expiry_s)
        wait_until(lambda: message_id in self.heard.acknowledged)
        return int(self.heard.acknowledged[message_id].value)

    def publish_only(
        self, topic: str, payload: bytes, *, is_retained: bool = False, expiry_s: int | None = None
    ) -> int:
        """Publish at QoS 1 without waiting; return the packet identifier."""
        values = {} if expiry_s is None else {"MessageExpiryInterval": expiry_s}
        message = self._client.publish(
            topic, payload, 1, is_retained, _properties(PacketTypes.PUBLISH, **values)
        )
        return message.mid

    def subscribe(self, topic: str) -> int:
        """Subscribe at QoS 1, and return the reason code of the SUBACK."""
        _, message_id = self._client.subscribe(topic, 1)
        assert message_id is not None
        wait_until(lambda: message_id in self.heard.subscribed)
        return int(self.heard.subscribed[message_id][0].value)

    def payloads(self) -> list[bytes]:
        """Return what arrived, in the order in which it did."""
        return [bytes(message.payload) for message in list(self.heard.messages)]

    def wait_for(self, payload: bytes) -> None:
        """Wait until a message has arrived."""
        wait_until(lambda: payload in self.payloads())

    def wait_until_lost(self) -> None:
        """Wait until the broker has closed the connection."""
        wait_until(lambda: self.heard.is_lost)

    def connect_anew(self) -> bool:
        """Connect with a session that begins now and ends with the connection."""
        self.close()
        self._session_expiry_s = 0
        return self.connect()

    def drop(self) -> None:
        """Cut the connection without a word, as a pulled plug would."""
        mqtt_socket = self._client.socket()
        self._client.loop_stop()
        if mqtt_socket is not None:
            mqtt_socket.close()

    def close(self) -> None:
        """Say goodbye; may be called twice."""
        self._client.disconnect()
        self._client.loop_stop()

    def _make(self) -> mqtt.Client:
        """Return the library's client, not connected."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        if self._context is not None:
            client.tls_set_context(self._context)
        if (will := self._will) is not None:
            client.will_set(
                will.topic,
                will.payload,
                1,
                will.is_retained,
                _properties(PacketTypes.WILLMESSAGE, WillDelayInterval=will.delay_s),
            )
        client.max_inflight_messages_set(100)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        return client

    def _on_connect(
        self, _client: object, _data: object, flags: ConnectFlags, reason: ReasonCode, _more: object
    ) -> None:
        self.heard.is_session_present = flags.session_present
        self.heard.connected = reason

    def _on_disconnect(self, *_: object) -> None:
        self.heard.is_lost = True

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.heard.messages.append(message)

    def _on_publish(
        self, _client: object, _data: object, message_id: int, reason: ReasonCode, _more: object
    ) -> None:
        self.heard.acknowledged[message_id] = reason

    def _on_subscribe(
        self,
        _client: object,
        _data: object,
        message_id: int,
        reasons: list[ReasonCode],
        _more: object,
    ) -> None:
        self.heard.subscribed[message_id] = reasons


@contextlib.contextmanager
def closing_peers() -> Iterator[list[Peer]]:
    """Give a list; whoever is in it at the end is closed."""
    peers: list[Peer] = []
    try:
        yield peers
    finally:
        for peer in peers:
            peer.close()


def connected(peer: Peer, peers: list[Peer]) -> Peer:
    """Connect somebody whom the broker lets in, and close him at the end."""
    peers.append(peer)
    assert peer.connect()
    return peer


def listening(peer: Peer, peers: list[Peer], *topics: str) -> Peer:
    """Connect somebody who subscribes, whether or not the broker likes it."""
    connected(peer, peers)
    for topic in topics:
        peer.subscribe(topic)
    return peer


def _properties(packet_type: int, **values: int) -> Properties:
    """Return MQTT 5 properties."""
    properties: Any = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return cast("Properties", properties)
