"""The MQTT library behind the few words that the session needs.

Everything that is particular to paho is here: its external loop, its callbacks, its habit of
reporting a PUBACK with an error code as if all were well. What is sent, and when, is left to
``session.py``.

One client object lives as long as the process, because it keeps unanswered messages and sends
them again over the next connection, first and marked as duplicates, as the standard wants it.
"""

import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from paho.mqtt.client import (
    MQTT_CLEAN_START_FIRST_ONLY,
    CleanStartOption,
    Client,
    ConnectFlags,
    DisconnectFlags,
    mqtt_ms_queued,
)
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_lpr.core.errors import BrokerRefusedError, BrokerUnreachableError
from edge_lpr.publisher.broker_address import BrokerAddress
from edge_lpr.publisher.wake_up import WakeUp
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic

KEEPALIVE_S: Final = 30
"""A dead link is noticed within a minute even when no vehicle passes."""

CONNECT_TIMEOUT_S: Final = 3.0
"""For one address; all of them together must fit into the service manager's watchdog."""

WILL_DELAY_S: Final = 30
"""A booth that is back within this time was never offline (contract, 3.1)."""

SESSION_EXPIRY_S: Final = 300
"""The broker ends the session, and sends the Last Will, no later than this."""

SIGHTING_EXPIRY_S: Final = 7 * 86_400
"""A sighting that nobody fetched in a week is of no use (contract, 3.1)."""

MAXIMUM_INCOMING_BYTES: Final = 4096
"""Longest packet that a broker may send us; its answers have a tenth of this."""

_MOST_ON_THEIR_WAY: Final = 20
"""The library's own limit, and Mosquitto's."""

_IDENTIFIER_ATTEMPTS: Final = 100
"""Identifiers go round; one of an unanswered message is skipped by asking for the next."""

_RECEIVE_MAXIMUM: Final = 65_535
"""What a broker accepts at once unless it says otherwise (MQTT 5, 3.2.2.3.3)."""

_VERSIONS: Final[Mapping[str, MQTTProtocolVersion]] = {
    "5": MQTTProtocolVersion.MQTTv5,
    "3.1.1": MQTTProtocolVersion.MQTTv311,
}
_RETAINED: Final = frozenset({TopicKind.BIRTH, TopicKind.STATUS})


@dataclass(frozen=True, slots=True)
class PublishAnswer:
    """A PUBACK."""

    message_id: int
    """Packet identifier, as ``publish`` returned it."""
    refusal: str | None
    """The reason in the broker's words; ``None`` if it has taken the message."""


class _WaryClient(Client):
    """The library's client, within both sides' limits.

    It takes no packet that is longer than we allow. In version 5 the broker is told, but need not
    keep to it; 3.1.1 has no word for it. The library itself would gather 256 MB.

    It has no more messages on their way than the broker takes. The library wants to know that
    before it connects, and forgets it when it sends again after a broken connection.
    """

    is_flooded = False
    """Whether the broker began a packet that is too long."""

    def limit(self, receive_maximum: int) -> None:
        """Keep to the broker's limit from the CONNACK on.

        Args:
            receive_maximum: Most unanswered messages that the broker takes, at least 1.
        """
        self._max_inflight_messages = min(_MOST_ON_THEIR_WAY, receive_maximum)
        for message in list(self._out_messages.values())[self._max_inflight_messages :]:
            message.state = mqtt_ms_queued

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read, at most what is missing of one packet; that is how the library asks."""
        if bufsize > MAXIMUM_INCOMING_BYTES:
            self.is_flooded = True
            raise ConnectionError
        return super()._sock_recv(bufsize)


class MqttClient:
    """One MQTT session, moved forward by its caller's loop."""

    def __init__(self, booth: DeviceAddress, mqtt_version: str) -> None:
        """Prepare a client that is not connected.

        Args:
            booth: Stands in the topics and in the client identifier.
            mqtt_version: ``5`` or ``3.1.1``.
        """
        self._booth = booth
        self._version = _VERSIONS[mqtt_version]
        self._answers: list[PublishAnswer] = []
        self._refusal: str | None = None
        self._loss = ""
        self._is_wanted = False
        self.is_connected = False
        self.receive_maximum = _RECEIVE_MAXIMUM
        self._client = _WaryClient(
            CallbackAPIVersion.VERSION2,
            # The names hold no full stop, so that no two booths share an identifier.
            client_id=f"{booth.tenant}.{booth.site}.{booth.device}",
            protocol=self._version,
            reconnect_on_failure=False,
        )
        # Version 5: a process begins a new session and resumes it later. In 3.1.1 every connection
        # begins a new one, and the library wants this very constant.
        self._clean_start: CleanStartOption = MQTT_CLEAN_START_FIRST_ONLY
        self._client.connect_timeout = CONNECT_TIMEOUT_S
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish

    def connect(self, broker: BrokerAddress, boot: str) -> None:
        """Connect over TCP and ask for a session; the answer comes in a later ``turn``.

        Args:
            broker: Its addresses are tried in order.
            boot: Boot id for the Last Will.

        Raises:
            BrokerUnreachableError: Nobody listens at any of the addresses.
        """
        self._refusal = None
        self._loss = ""
        self._client.is_flooded = False
        self._client.will_set(
            topic(self._booth, TopicKind.STATUS),
            encode_status(boot, is_online=False),
            qos=1,
            retain=True,
            properties=self._properties(PacketTypes.WILLMESSAGE, WillDelayInterval=WILL_DELAY_S),
        )
        properties = self._properties(
            PacketTypes.CONNECT,
            SessionExpiryInterval=SESSION_EXPIRY_S,
            MaximumPacketSize=MAXIMUM_INCOMING_BYTES,
        )
        failures = []
        for address in broker.addresses:
            failure = self._connect_to(address, broker.port, properties)
            if failure is None:
                self._is_wanted = True
                return
            failures.append(failure)
        raise BrokerUnreachableError(failures[0].strerror or "no answer in time") from failures[0]

    def turn(self, wake_up: WakeUp, wait_s: float) -> None:
        """Wait until there is something to do, and move packets.

        Args:
            wake_up: Ends the wait early; unset afterwards.
            wait_s: Longest wait in seconds.

        Raises:
            BrokerRefusedError: The broker has answered and refused the session.
            BrokerUnreachableError: The connection broke.
        """
        mqtt_socket = cast("socket.socket | None", self._client.socket())
        if mqtt_socket is None:
            # Publishing writes at once, so it may have found the connection broken.
            self._raise_if_lost()
            select.select([wake_up], [], [], wait_s)
            wake_up.clear()
            return
        readable: list[socket.socket | WakeUp] = [mqtt_socket, wake_up]
        writable = [mqtt_socket] if self._client.want_write() else []
        readable_now, writable_now, _ = select.select(readable, writable, [], wait_s)
        wake_up.clear()
        if writable_now:
            self._client.loop_write()
        if mqtt_socket in readable_now:
            self._client.loop_read()
        self._client.loop_misc()
        self._raise_if_lost()

    def publish(self, kind: TopicKind, payload: bytes) -> int:
        """Publish at QoS 1.

        Args:
            kind: Decides topic, retention and expiry.
            payload: The document.

        Returns:
            Packet identifier, under which the answer comes, now or after the next connection.

        Raises:
            BrokerUnreachableError: The library takes no more messages.
        """
        expiry = {} if kind in _RETAINED else {"MessageExpiryInterval": SIGHTING_EXPIRY_S}
        for _ in range(_IDENTIFIER_ATTEMPTS):
            message = self._client.publish(
                topic(self._booth, kind),
                payload,
                qos=1,
                retain=kind in _RETAINED,
                properties=self._properties(PacketTypes.PUBLISH, **expiry),
            )
            if message.rc is not MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                return message.mid
        raise BrokerUnreachableError("the MQTT library has no packet identifier left")

    def take_answers(self) -> list[PublishAnswer]:
        """Return the answers that came since the last call."""
        answers, self._answers = self._answers, []
        return answers

    def disconnect(self) -> None:
        """End the session in an orderly way, so that the broker forgets the Last Will."""
        self._is_wanted = False
        self._client.disconnect()
        self.cut()

    def cut(self) -> None:
        """Close the TCP connection without a word; may be called twice."""
        self._is_wanted = False
        mqtt_socket = self._client.socket()
        if mqtt_socket is not None:
            cast("socket.socket", mqtt_socket).close()
            # The library finds it closed, and puts its own state in order.
            self._client.loop_read()
        self.is_connected = False

    def _connect_to(self, address: str, port: int, properties: Properties | None) -> OSError | None:
        """Return why nobody answers at an address, or ``None`` if somebody does."""
        try:
            self._client.connect(
                address,
                port,
                keepalive=KEEPALIVE_S,
                clean_start=self._clean_start,
                properties=properties,
            )
        except OSError as error:
            return error
        return None

    def _properties(self, packet_type: int, **values: int) -> Properties | None:
        """Return MQTT 5 properties, or nothing for the version that has none."""
        if self._version is not MQTTProtocolVersion.MQTTv5:
            return None
        # The library's class takes any attribute and checks it against the standard's table.
        properties: Any = Properties(packet_type)  # type: ignore[no-untyped-call]
        for name, value in values.items():
            setattr(properties, name, value)
        return cast("Properties", properties)

    def _raise_if_lost(self) -> None:
        """Turn the end of a connection that we did not end into an error."""
        if not self._is_wanted or self._client.socket() is not None:
            return
        self._is_wanted = False
        was_connected, self.is_connected = self.is_connected, False
        if self._client.is_flooded:
            raise BrokerRefusedError(
                f"the broker sends packets of more than {MAXIMUM_INCOMING_BYTES} bytes"
            )
        if self._refusal is not None:
            raise BrokerRefusedError(self._refusal)
        if was_connected:
            raise BrokerUnreachableError(self._loss or "the connection broke")
        # A broker of another version, or something that is no broker.
        raise BrokerRefusedError(self._loss or "the connection was closed without an answer")

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        """Take the broker's CONNACK."""
        if reason_code.is_failure:
            self._refusal = str(reason_code)
            return
        self.is_connected = True
        if self._version is MQTTProtocolVersion.MQTTv5:
            self._clean_start = False
        self.receive_maximum = getattr(properties, "ReceiveMaximum", _RECEIVE_MAXIMUM)
        # The library asks us before it sends again what was on its way.
        self._client.limit(self.receive_maximum)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Remember why the connection ended."""
        if flags.is_disconnect_packet_from_server or reason_code.is_failure:
            self._loss = str(reason_code)

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        message_id: int,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Take a PUBACK, whatever it says."""
        refusal = str(reason_code) if reason_code.is_failure else None
        self._answers.append(PublishAnswer(message_id, refusal))
