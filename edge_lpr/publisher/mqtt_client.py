"""The MQTT library behind the few words that the session needs.

Everything that is particular to paho is here: its external loop, its callbacks, its habit of
reporting a PUBACK with an error code as if all were well. What is sent, and when, is left to
``session.py``.

One client object lives as long as the process, because it keeps unanswered messages and sends
them again over the next connection, first and marked as duplicates, as the standard wants it.
"""

import select
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, CleanStartOption
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import BrokerError, BrokerRefusedError, BrokerUnreachableError
from edge_lpr.core.sent_account import SentAccount
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.publisher.broker_address import BrokerAddress
from edge_lpr.publisher.broker_replies import BrokerAnswer, BrokerReplies
from edge_lpr.publisher.tcp_counts import SentCounts
from edge_lpr.publisher.tls_faults import tls_fault
from edge_lpr.publisher.wary_client import MAXIMUM_INCOMING_BYTES, WaryClient
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic

KEEPALIVE_S: Final = 30
"""A dead link is noticed within a minute even when no vehicle passes."""

CONNECT_TIMEOUT_S: Final = 3.0
"""For one address; all of them together must fit into the service manager's watchdog."""

WILL_DELAY_S: Final = 30
"""A booth that is back within this time was never offline (contract, 3.1)."""

SESSION_EXPIRY_S: Final = 86_400
"""As long as a delivery of keys is worth something: what came while the link was down is fetched
when it is back, and a watch-list of megabytes need not be sent once more. The Last Will does not
wait for it."""

EXPIRY_S: Final[Mapping[TopicKind, int]] = {
    TopicKind.SIGHTING: 7 * 86_400,
    TopicKind.GAP: 7 * 86_400,
    TopicKind.HEALTH: 600,
}
"""A sighting that nobody fetched in a week is of no use, nor is a health record after ten minutes
(contract, 3.1). What is retained does not expire."""

_IDENTIFIER_ATTEMPTS: Final = 100
"""Identifiers go round; one of an unanswered message is skipped by asking for the next."""

_VERSIONS: Final[Mapping[str, MQTTProtocolVersion]] = {
    "5": MQTTProtocolVersion.MQTTv5,
    "3.1.1": MQTTProtocolVersion.MQTTv311,
}
_NS_PER_S: Final = 1_000_000_000
_RETAINED: Final = frozenset(
    {TopicKind.BIRTH, TopicKind.STATUS, TopicKind.TRANSPORT, TopicKind.CHECKPOINT}
)


class MqttClient:
    """One MQTT session, moved forward by its caller's loop."""

    def __init__(
        self, booth: DeviceAddress, mqtt_version: str, wake_up: WakeUp, clock: Clock
    ) -> None:
        """Prepare a client that is not connected.

        Args:
            booth: Stands in the topics and in the client identifier.
            mqtt_version: ``5`` or ``3.1.1``.
            wake_up: Ends a wait early.
            clock: Its monotonic time limits the attempts to connect.
        """
        self._booth = booth
        self._version = _VERSIONS[mqtt_version]
        self._wake_up = wake_up
        self._clock = clock
        self._first_address = 0
        self._is_wanted = False
        self._client = WaryClient(
            CallbackAPIVersion.VERSION2,
            # The names hold no full stop, so that no two booths share an identifier.
            client_id=f"{booth.tenant}.{booth.site}.{booth.device}",
            protocol=self._version,
            reconnect_on_failure=False,
        )
        self._client.counts = SentCounts()
        self._client.connect_timeout = CONNECT_TIMEOUT_S
        self._replies = BrokerReplies(self._client, topic(booth, TopicKind.REQUEST))

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted the session, and the connection holds."""
        return self._replies.is_connected

    @property
    def receive_maximum(self) -> int:
        """Most unanswered messages that the broker takes."""
        return self._replies.receive_maximum

    @property
    def bytes_sent(self) -> int:
        """Octets of MQTT packets sent since the start, without what TLS, TCP and IP add."""
        return self._client.bytes_sent

    def account(self, start: int) -> SentAccount:
        """Return what was sent since the start, for the booth's audit.

        Args:
            start: Names the start.
        """
        counts = self._client.counts
        counts.look(self._client.socket())
        return SentAccount(
            start=start,
            connections=counts.connections,
            greeting_bytes=counts.greeting_bytes,
            mqtt_bytes=self._client.bytes_sent,
            records=counts.records,
            resent_bytes=counts.resent_bytes,
            is_ipv6=int(counts.is_ipv6),
        )

    def connect(self, broker: BrokerAddress, boot: str, context: ssl.SSLContext | None) -> None:
        """Connect over TCP and TLS and ask for a session; the answer comes in a later ``turn``.

        Args:
            broker: Its addresses are tried in order, but once that has taken as long as one may
                take to be reached the rest waits for the next call: so no call takes longer than
                one time-out, and another one each for connection and greeting.
            boot: Boot id for the Last Will.
            context: What TLS is spoken with; ``None`` for a broker on this machine.

        Raises:
            BrokerUnreachableError: Nobody listens at the addresses.
            BrokerTlsError: Somebody does, but the greeting failed.
        """
        self._replies.begin()
        self._client.secure(context, broker.host, broker.beyond)
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
        first = self._first_address % len(broker.addresses)
        addresses = (*broker.addresses[first:], *broker.addresses[:first])
        self._first_address = 0
        failures: list[BrokerError] = []
        stop_ns = self._clock.monotonic_ns() + round(CONNECT_TIMEOUT_S * _NS_PER_S)
        for number, address in enumerate(addresses, start=1):
            failure = self._connect_to(address, broker.port, properties)
            if failure is None:
                self._is_wanted = True
                return
            failures.append(failure)
            is_late = self._clock.monotonic_ns() >= stop_ns
            if is_late or isinstance(failure.__cause__, TimeoutError):
                self._first_address = first + number
                break
        raise failures[0]

    def turn(self, wait_s: float) -> None:
        """Wait until there is something to do, and move packets; unset ``wake_up``.

        Args:
            wait_s: Longest wait in seconds.

        Raises:
            BrokerRefusedError: The broker has answered and refused the session.
            BrokerTlsError: It has refused our certificate, or TLS broke.
            BrokerUnreachableError: The connection broke.
        """
        mqtt_socket = cast("socket.socket | None", self._client.socket())
        if mqtt_socket is None:
            # Publishing writes at once, so it may have found the connection broken.
            self._raise_if_lost()
            select.select([self._wake_up], [], [], wait_s)
            self._wake_up.clear()
            return
        # TLS decrypts a record at a time: the rest of one is in its own memory, and no longer on
        # the socket that select looks at.
        has_rest = isinstance(mqtt_socket, ssl.SSLSocket) and mqtt_socket.pending() > 0
        readable: list[socket.socket | WakeUp] = [mqtt_socket, self._wake_up]
        writable = [mqtt_socket] if self._client.want_write() else []
        readable_now, writable_now, _ = select.select(
            readable, writable, [], 0 if has_rest else wait_s
        )
        self._wake_up.clear()
        if writable_now:
            self._client.loop_write()
        if has_rest or mqtt_socket in readable_now:
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
        expiry = {"MessageExpiryInterval": EXPIRY_S[kind]} if kind in EXPIRY_S else {}
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

    def subscribe(self, kind: TopicKind) -> None:
        """Ask for messages to this booth, at QoS 1; the answer comes with those to messages.

        Args:
            kind: Decides the topic.
        """
        _, message_id = self._client.subscribe(topic(self._booth, kind), qos=1)
        self._note(message_id, kind.value)

    def subscribe_to_retained(self, topic_filter: str, *, is_all_wanted: bool) -> None:
        """Ask for what the broker retains, and for what comes, at QoS 1.

        Args:
            topic_filter: Of the topics.
            is_all_wanted: Whether the broker sends all that it retains, also when it knows from an
                earlier connection that we have subscribed. Version 3.1.1 always sends it.
        """
        if self._version is MQTTProtocolVersion.MQTTv5:
            handling = (
                SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
                if is_all_wanted
                else SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
            )
            options = SubscribeOptions(qos=1, retainHandling=handling)
            _, message_id = self._client.subscribe(topic_filter, options=options)
        else:
            _, message_id = self._client.subscribe(topic_filter, qos=1)
        self._note(message_id, "watchlist")

    def _note(self, message_id: int | None, subscription: str) -> None:
        """Remember what the answer to a subscription will be about."""
        if message_id is not None:
            self._replies.subscriptions[message_id] = subscription

    def hand_on(self, take_other: Callable[[str, bytes], None]) -> None:
        """Hand on what comes under other topics than the requests', from within ``turn``.

        Args:
            take_other: Takes topic and payload, both untrusted; must not raise.
        """
        self._replies.take_other = take_other

    def take_answers(self) -> list[BrokerAnswer]:
        """Return the answers that came since the last call."""
        return self._replies.take_answers()

    def take_incoming(self) -> list[bytes]:
        """Return the untrusted payloads of requests that came since the last call.

        Returns:
            At most ``MOST_WAITING_REQUESTS``, none longer than ``MAXIMUM_REQUEST_BYTES``.
        """
        return self._replies.take_requests()

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
        self._replies.end()

    def _connect_to(
        self, address: str, port: int, properties: Properties | None
    ) -> BrokerError | None:
        """Return why nobody answers at an address as wanted, or ``None`` if somebody does."""
        try:
            self._client.connect(
                address,
                port,
                keepalive=KEEPALIVE_S,
                clean_start=self._clean_start(),
                properties=properties,
            )
        except OSError as error:
            tls_error = self._client.tls_error
            failure: BrokerError = (
                BrokerUnreachableError(error.strerror or "no answer in time")
                if tls_error is None
                else tls_fault(tls_error)
            )
            failure.__cause__ = error
            return failure
        return None

    def _clean_start(self) -> CleanStartOption:
        """Return whether the broker shall forget what it knows of us.

        Version 5: a process begins a new session and resumes it later. In 3.1.1 every connection
        begins a new one, and the library wants this very constant.
        """
        is_resumed = self._version is MQTTProtocolVersion.MQTTv5 and self._replies.was_accepted
        return False if is_resumed else MQTT_CLEAN_START_FIRST_ONLY

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
        was_connected = self._replies.is_connected
        self._replies.end()
        if self._client.violation:
            raise BrokerRefusedError(
                self._client.violation, "update the broker, or ask who runs it what it is doing"
            )
        if self._client.tls_error is not None:
            raise tls_fault(self._client.tls_error)
        raise self._replies.why_lost(was_connected=was_connected)
