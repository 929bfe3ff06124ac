"""The MQTT library's client, within both sides' limits, with our TLS, and its octets counted.

Works on the library's inside, so its version is pinned and every habit that is relied on has a
test. What is connected to, and what is sent, is left to ``mqtt_client.py``.
"""

import contextlib
import socket
import ssl
from typing import Final

from paho.mqtt.client import Client, mqtt_ms_queued
from paho.mqtt.enums import MQTTErrorCode

from edge_lpr.core.http_proxy import ask_for_tunnel
from edge_lpr.publisher.tcp_counts import SentCounts, tcp_counts

MAXIMUM_INCOMING_BYTES: Final = 4096
"""Longest packet that a broker may send us; a request has an eighth of this."""

GREETING_TIMEOUT_S: Final = 3.0
"""For the TLS greeting, two ways there and back; with the TCP connection's time-out it must fit
into what the watchdog allows a turn."""

_QOS_2: Final = 0x04
"""Of a PUBLISH's first octet (MQTT 5, 3.3.1.2)."""

_MOST_ON_THEIR_WAY: Final = 20
"""The library's own limit, and Mosquitto's."""


class WaryClient(Client):
    """Takes no packet that is longer than we allow, and sends no more than the broker takes.

    In version 5 the broker is told of the longest packet, but need not keep to it; 3.1.1 has no
    word for it. The library itself would gather 256 MB. How many messages the broker takes at once
    the library wants to know before it connects, and forgets when it sends again after a broken
    connection.

    The library's own TLS would ask for the numeric address that is connected to; here the broker's
    name is asked for, and checked, whatever address it was found at.
    """

    violation = ""
    """What the broker did that it may not, and the connection is closed for."""

    tls_error: OSError | None = None
    """Why TLS broke: in TLS 1.3 a server refuses a client's certificate after the greeting."""

    bytes_sent = 0
    """Octets of MQTT packets handed to the connection since the start; what TLS, TCP and IP add
    is not counted."""

    counts: SentCounts
    """What the connections have cost besides, for the booth's audit."""

    _context: ssl.SSLContext | None = None
    _server_name = ""
    _beyond: tuple[str, int] | None = None

    def secure(
        self,
        context: ssl.SSLContext | None,
        server_name: str,
        beyond: tuple[str, int] | None = None,
    ) -> None:
        """Speak TLS in the connections to come, or not.

        Args:
            context: Identity and trust; ``None`` for none.
            server_name: What the broker's certificate must be for.
            beyond: Host and port that the proxy we connect to is asked for; ``None`` without one.
        """
        self._context, self._server_name, self._beyond = context, server_name, beyond

    def limit(self, receive_maximum: int) -> None:
        """Keep to the broker's limit from the CONNACK on.

        Args:
            receive_maximum: Most unanswered messages that the broker takes, at least 1.
        """
        self._max_inflight_messages = min(_MOST_ON_THEIR_WAY, receive_maximum)
        for message in list(self._out_messages.values())[self._max_inflight_messages :]:
            message.state = mqtt_ms_queued

    def _create_socket(self) -> socket.socket:
        """Connect, and greet if TLS is to be spoken."""
        self.violation, self.tls_error = "", None
        plain = self._create_socket_connection()
        self.counts.begin(plain)
        if self._context is None:
            return plain
        plain.settimeout(GREETING_TIMEOUT_S)
        if self._beyond is not None:
            self._ask_proxy(plain, self._beyond)
        secured = self._context.wrap_socket(
            plain, server_hostname=self._server_name, do_handshake_on_connect=False
        )
        try:
            secured.do_handshake()
        except OSError as error:
            if not isinstance(error, TimeoutError):
                self.tls_error = error
            self.counts.greeting_bytes += tcp_counts(secured)[0]
            secured.close()
            raise
        self.counts.greeting_bytes += tcp_counts(secured)[0]
        return secured

    def _create_socket_connection(self) -> socket.socket:
        """Connect from whatever port the kernel gives, and bind to none.

        The library binds even where it names neither address nor port, which the publisher's unit
        forbids (``SocketBindDeny=any``): who may not bind cannot listen.
        """
        return socket.create_connection((self._host, self._port), timeout=self._connect_timeout)

    @staticmethod
    def _ask_proxy(plain: socket.socket, beyond: tuple[str, int]) -> None:
        """Have the proxy join the broker, within the time that the greeting has altogether."""
        try:
            ask_for_tunnel(plain, *beyond, GREETING_TIMEOUT_S)
        except OSError:
            plain.close()
            raise

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read, at most what is missing of one packet; that is how the library asks."""
        if bufsize > MAXIMUM_INCOMING_BYTES:
            self.violation = f"the broker sends packets of more than {MAXIMUM_INCOMING_BYTES} bytes"
            raise ConnectionError
        try:
            return super()._sock_recv(bufsize)
        except ssl.SSLError as error:
            # The library would take it for any broken connection. A broker that died is none of
            # these: reading then gives no octets, as without TLS.
            self.tls_error = error
            raise

    def _handle_publish(self) -> MQTTErrorCode:
        """Take a message, unless it is one of those that the library would keep in memory.

        A message at QoS 2 is kept until the broker releases it, which it need not ever do; and we
        ask for nothing at QoS 2.
        """
        if self._in_packet["command"] & _QOS_2:
            self.violation = "the broker sends messages at QoS 2, which nobody asked for"
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return super()._handle_publish()

    def _sock_send(self, buf: bytes | bytearray) -> int:
        """Write, and count."""
        try:
            sent = super()._sock_send(buf)
        except BlockingIOError:
            raise
        except OSError:
            self._take_last_word()
            raise
        self.bytes_sent += sent
        self.counts.note(self._sock, sent)
        return sent

    def _take_last_word(self) -> None:
        """Look whether the broker said why it hung up.

        A broker that refuses our certificate says so and closes, while we already write our
        greeting: the write fails, and what it said lies unread.
        """
        if isinstance(self._sock, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                self._sock_recv(1)
