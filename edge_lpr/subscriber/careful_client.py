"""The MQTT library's client, with our TLS and a limit to what a broker may make it gather.

Works on the library's inside, so every habit that is relied on has a test.
"""

import contextlib
import select
import socket
import ssl
from typing import Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

MAXIMUM_PACKET_BYTES: Final = 8192
"""Longest packet that a broker may send us: a birth of 4096 bytes, its topic and properties."""

_GREETING_TIMEOUT_S: Final = 10.0
_REFUSAL_WAIT_S: Final = 0.5

_READ_AHEAD_BYTES: Final = 65_536
"""Taken from the socket at once: about a hundred sightings."""

_QOS2: Final = 0x04
_QOS: Final = 0x06
_DUPLICATE: Final = 0x08
_RETAINED: Final = 0x01
"""Bits of a PUBLISH's first byte (MQTT 5, 3.3.1)."""


class CarefulClient(Client):
    """Takes no packet that is longer than we allow, wastes no time, and remembers why TLS broke.

    In version 5 the broker is told of the longest packet, but need not keep to it; 3.1.1 has no
    word for it. The library itself would gather 256 MB.

    It reads ahead, where the library asks the kernel four times for each packet, and takes a
    PUBLISH apart itself, because for its properties, which the contract does not use, the library
    makes an object of thirty tables. Together that is a message in 30 microseconds and not in 150.
    """

    is_flooded = False
    """Whether the broker began a packet that is too long."""

    tls_error: ssl.SSLError | None = None
    """Why TLS broke: in TLS 1.3 a server refuses a client's certificate after the greeting."""

    _context: ssl.SSLContext | None = None

    _ahead = memoryview(b"")

    def secure(self, context: ssl.SSLContext | None) -> None:
        """Speak TLS in the connections to come, or not.

        Args:
            context: Identity and trust; ``None`` for none. The library's own word for it can be
                said only once, and certificates are renewed.
        """
        self._context = context

    def _create_socket(self) -> socket.socket:
        """Connect, and greet if TLS is to be spoken."""
        self.is_flooded, self.tls_error = False, None
        self._ahead = memoryview(b"")
        plain: socket.socket = self._create_socket_connection()
        if self._context is None:
            return plain
        plain.settimeout(_GREETING_TIMEOUT_S)
        # Closes the connection if the greeting fails.
        secured = self._context.wrap_socket(plain, server_hostname=self._host)
        try:
            _hear_refusal(secured)
        except OSError:
            secured.close()
            raise
        return secured

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read, at most what is missing of one packet; that is how the library asks."""
        if bufsize > MAXIMUM_PACKET_BYTES:
            self.is_flooded = True
            raise ConnectionError
        if not self._ahead:
            self._ahead = memoryview(self._read_ahead())
        taken, self._ahead = self._ahead[:bufsize], self._ahead[bufsize:]
        return bytes(taken)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Process what can be read, and all that was read ahead: no socket will tell of that."""
        result = super().loop_read(max_packets)
        while self._ahead and result is MQTTErrorCode.MQTT_ERR_SUCCESS:
            result = super().loop_read(max_packets)
        return result

    def _read_ahead(self) -> bytes:
        """Read what is there; nothing at the end of the connection."""
        try:
            return super()._sock_recv(_READ_AHEAD_BYTES)
        except ssl.SSLError as error:
            # The library takes it for any broken connection.
            self.tls_error = error
            raise

    def _handle_publish(self) -> MQTTErrorCode:
        """Take a PUBLISH apart, passing over its properties, and hand it on."""
        command, packet = self._in_packet["command"], self._in_packet["packet"]
        if command & _QOS2:
            # Nobody subscribes so, and the library would keep as many as a broker sends.
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        try:
            message = _parse_publish(
                command, packet, has_properties=self._protocol is MQTTProtocolVersion.MQTTv5
            )
        except IndexError:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        self._handle_on_message(message)
        if message.qos == 0 or self._manual_ack:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return self._send_puback(message.mid)


def _parse_publish(command: int, packet: bytearray, *, has_properties: bool) -> MQTTMessage:
    """Return a message of quality of service 0 or 1.

    Raises:
        IndexError: The packet ends too early.

    Source:
        MQTT 5, 3.3; the length of the properties is a variable byte integer (1.5.5).
    """
    end = 2 + (packet[0] << 8 | packet[1])
    topic, message_id = bytes(packet[2:end]), 0
    if command & _QOS:
        message_id = packet[end] << 8 | packet[end + 1]
        end += 2
    if has_properties:
        length, shift = packet[end] & 0x7F, 7
        while packet[end] & 0x80:
            end += 1
            length |= (packet[end] & 0x7F) << shift
            shift += 7
        end += 1 + length
        # Raises if the properties are longer than the packet.
        packet[end - 1]
    message = MQTTMessage(message_id, topic)
    message.payload = bytes(packet[end:])
    message.qos = 1 if command & _QOS else 0
    message.retain = bool(command & _RETAINED)
    message.dup = bool(command & _DUPLICATE)
    return message


def _hear_refusal(secured: ssl.SSLSocket) -> None:
    """Raise what the broker says about our certificate: in TLS 1.3 it says it after the greeting.

    Had we written meanwhile, the system would throw its word away with the broken connection. One
    that lets us in says something too, mostly: a ticket for the next greeting. MQTT itself begins
    with us, so there is nothing else to read.
    """
    if select.select([secured], [], [], _REFUSAL_WAIT_S)[0]:
        secured.settimeout(0)
        with contextlib.suppress(ssl.SSLWantReadError):
            secured.recv(1)
