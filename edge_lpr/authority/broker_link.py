"""The authority's connection to the broker: hear what is retained, publish, and be sure of it.

For short tasks, so the library's own thread does the work. The authority certifies itself for an
hour under the name ``authority`` each time, so that no key of it lies anywhere.
"""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.folder_lock import FolderLock
from edge_lpr.authority.tls_records import BROKER_NAME
from edge_lpr.certificates.certificate_authority import Validity
from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.core.errors import BrokerError, BrokerRefusedError, BrokerUnreachableError

KEYS_EXPIRY_S: Final = EPOCH_LENGTH_S
"""A delivery that no device fetched in a day is made anew."""

_ANSWER_S: Final = 20.0
"""Longest wait for the broker's answer to anything."""

_LOCK_WAIT_S: Final = 300.0
"""A long watch-list takes minutes to publish; then the timer's task has its turn."""

_NO_MATCHING_SUBSCRIBERS: Final = 16
"""PUBACK reason code 0x10 (MQTT 5.0, section 3.4.2.1)."""

_LOCK_FILE: Final = "broker.lock"
_KEEPALIVE_S: Final = 30
_INFLIGHT: Final = 500
"""Messages on their way at once; brokers take 1,000 if asked nothing else."""

_MAXIMUM_PACKET_BYTES: Final = 8192
_MAXIMUM_RETAINED: Final = 50_000
"""More messages than an agency has booths; a broker that sends more is not ours."""


class _BoundedClient(Client):
    """Takes no packet that is longer than we allow; the library itself would gather 256 MB.

    Works on the library's inside, so every habit that is relied on has a test.
    """

    context: ssl.SSLContext | None = None
    """For TLS; ``None`` without."""

    def _create_socket(self) -> socket.socket:
        """Connect, and greet if TLS is to be spoken; the library leaves a failed one open."""
        plain: socket.socket = self._create_socket_connection()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is None:
            return plain
        plain.settimeout(_ANSWER_S)
        # Closes the connection if the greeting fails.
        return self.context.wrap_socket(plain, server_hostname=self._host)

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read; the library asks for all that is missing of one packet."""
        if bufsize > _MAXIMUM_PACKET_BYTES:
            raise ConnectionError
        return super()._sock_recv(bufsize)


class BrokerLink:
    """One session with the broker, as a context manager."""

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext | None,
        lock: FolderLock | None = None,
    ) -> None:
        """Prepare a session; ``connect`` begins it.

        Args:
            host: Of the broker.
            port: Of its consumers' listener.
            context: Identity and trust; ``None`` for a laboratory's broker on this machine.
            lock: Held while the session lasts.
        """
        self._lock = lock
        self._host, self._port = host, port
        self._changed = threading.Condition()
        self._connect_code: ReasonCode | None = None
        self._is_lost = False
        self._answers: dict[int, ReasonCode] = {}
        self._retained: dict[str, bytes] = {}
        self._heard = 0
        self._client = _BoundedClient(
            CallbackAPIVersion.VERSION2,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = _ANSWER_S
        self._client.context = context
        self._client.max_inflight_messages_set(_INFLIGHT)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> "BrokerLink":  # noqa: PYI034 - nobody derives from it
        self.connect()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _place: TracebackType | None,
    ) -> None:
        self.close()

    def connect(self) -> None:
        """Begin the session.

        Raises:
            BrokerError: Nobody answers, or the broker does not let us in.
            AuthorityError: Another task has had a session for minutes.
        """
        if self._lock is not None:
            self._lock.take(_LOCK_WAIT_S)
        properties = _properties(PacketTypes.CONNECT, MaximumPacketSize=_MAXIMUM_PACKET_BYTES)
        try:
            self._client.connect(
                self._host, self._port, _KEEPALIVE_S, clean_start=True, properties=properties
            )
        except OSError as error:
            self.close()
            reason = error.strerror or type(error).__name__
            raise BrokerUnreachableError(
                f"{self._place}: no session ({reason})",
                "see that the broker runs, and that its certificate is of this authority",
            ) from error
        self._client.loop_start()
        try:
            self._wait(lambda: self._connect_code is not None)
        except BrokerError:
            self.close()
            raise
        code = self._connect_code
        if code is not None and code.is_failure:
            self.close()
            raise BrokerRefusedError(
                f"{self._place}: refused the session ({code})",
                f"its list must have the line: authority {BROKER_NAME} TENANT (docs/broker.md)",
            )

    def retained(self, topic_filter: str, quiet_s: float = 2.0) -> dict[str, bytes]:
        """Return what the broker keeps under a filter, by topic.

        Args:
            topic_filter: What to ask for.
            quiet_s: The answer is taken for complete once nothing has come for so long.

        Raises:
            BrokerError: The broker forbids it, is gone, or sends without end.
        """
        with self._changed:
            self._retained.clear()
            self._heard = 0
        result, message_id = self._client.subscribe(topic_filter, qos=1)
        self._require_accepted(topic_filter, result, message_id)
        heard = -1
        while heard != self._heard:
            heard = self._heard
            with self._changed:
                self._changed.wait_for(self._has_more_than(heard), quiet_s)
            if self._is_lost or self._heard > _MAXIMUM_RETAINED:
                raise BrokerUnreachableError(f"{self._place}: the session ended", "try again")
        self._client.unsubscribe(topic_filter)
        with self._changed:
            return dict(self._retained)

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None
    ) -> bool:
        """Publish at QoS 1, and return once the broker has taken it.

        Args:
            topic: Where.
            payload: What.
            retain: Whether the broker keeps it for those who come later.
            expiry_s: After so many seconds it is not delivered any more.

        Returns:
            Whether anybody gets it: a broker throws away what nobody has subscribed to.

        Raises:
            BrokerError: The broker refused it or is gone.
        """
        properties = None
        if expiry_s is not None:
            properties = _properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry_s)
        sent = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        code = self._require_accepted(topic, sent.rc, sent.mid)
        return bool(code.value != _NO_MATCHING_SUBSCRIBERS)

    def publish_all(
        self, messages: Sequence[tuple[str, bytes]], *, retain: bool, expiry_s: int
    ) -> None:
        """Publish many at once, and return once the broker has taken them all.

        Raises:
            BrokerError: The broker refused one or is gone.
        """
        sent = [
            self._client.publish(
                topic,
                payload,
                qos=1,
                retain=retain,
                properties=_properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry_s),
            )
            for topic, payload in messages
        ]
        for (topic, _), message in zip(messages, sent, strict=True):
            self._require_accepted(topic, message.rc, message.mid)

    def close(self) -> None:
        """End the session; may be called twice."""
        self._client.disconnect()
        self._client.loop_stop()
        if self._lock is not None:
            self._lock.release()

    @property
    def _place(self) -> str:
        """Which broker."""
        return f"broker {self._host}:{self._port}"

    def _has_more_than(self, heard: int) -> Callable[[], bool]:
        """Return the question whether something came since."""
        return lambda: self._heard > heard or self._is_lost

    def _require_accepted(
        self, topic: str, result: MQTTErrorCode, message_id: int | None
    ) -> ReasonCode:
        """Return the broker's word about a message or subscription, which is not no."""
        number = -1 if message_id is None else message_id
        if result is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerUnreachableError(f"{self._place}: the session ended", "try again")
        self._wait(lambda: number in self._answers)
        code = self._answers.pop(number)
        if code.is_failure:
            raise BrokerRefusedError(
                f"{self._place}: refused {topic} ({code})",
                f"its list must have the line: authority {BROKER_NAME} TENANT (docs/broker.md)",
            )
        return code

    def _wait(self, is_there: Callable[[], bool]) -> None:
        """Wait for something the broker says."""
        with self._changed:
            if not self._changed.wait_for(lambda: is_there() or self._is_lost, _ANSWER_S):
                raise BrokerUnreachableError(
                    f"{self._place}: did not answer for {_ANSWER_S:.0f} s", "try again"
                )
            if not is_there():
                raise BrokerUnreachableError(
                    f"{self._place}: ended the session",
                    "see its log; it must know the consumers' certificate authority",
                )

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Take the broker's CONNACK."""
        with self._changed:
            self._connect_code = reason_code
            self._changed.notify_all()

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        _reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Remember that the session is over."""
        with self._changed:
            self._is_lost = True
            self._changed.notify_all()

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        message_id: int,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Take a PUBACK, also one that says no."""
        self._note(message_id, reason_code)

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        message_id: int,
        reason_codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """Take a SUBACK; there is one filter in each."""
        self._note(message_id, reason_codes[0])

    def _note(self, message_id: int, reason_code: ReasonCode) -> None:
        """Remember an answer."""
        with self._changed:
            self._answers[message_id] = reason_code
            self._changed.notify_all()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Take what was retained; what is new meanwhile counts as well."""
        with self._changed:
            self._heard += 1
            if self._heard <= _MAXIMUM_RETAINED:
                self._retained[message.topic] = bytes(message.payload)
            self._changed.notify_all()


def link_of(authority: Authority) -> BrokerLink:
    """Return a session with the deployment's broker, not begun.

    Args:
        authority: Open; it certifies itself as ``BROKER_NAME`` for a day.
    """
    deployment = authority.deployment
    context = ssl.create_default_context(cadata=deployment.broker_ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    start = Validity.days_from(authority.clock.unix_s(), 1)
    own = authority.certificate_authority("consumers").certify_client(BROKER_NAME, start)
    key = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _load_identity(context, own.certificate, key)
    lock = FolderLock(authority.folder / _LOCK_FILE)
    return BrokerLink(deployment.broker_host, deployment.consumers_port, context, lock)


def _load_identity(context: ssl.SSLContext, certificate: x509.Certificate, key: bytes) -> None:
    """Give the context a key that is in memory alone; the library takes files only."""
    descriptor = os.memfd_create("edge-lpr authority", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, certificate.public_bytes(Encoding.PEM) + key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _properties(packet_type: int, **values: int) -> Properties:
    """Return MQTT 5 properties."""
    # The library's class takes any attribute and checks it against the standard's table.
    properties: Any = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return cast("Properties", properties)
