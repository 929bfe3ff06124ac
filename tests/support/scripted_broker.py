"""A broker that does what a test's script says, packet by packet: also what no real one would.

Runs in the test's own thread: ``poll`` takes what has arrived, nothing happens between.
"""

import socket
import struct
from dataclasses import dataclass

CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT = 0x10, 0x20, 0x30, 0x40, 0xE0
SUBSCRIBE, SUBACK = 0x80, 0x90
QOS_1 = 0x02


@dataclass(frozen=True)
class Packet:
    """An MQTT control packet from the client."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True)
class Publish:
    """A PUBLISH from the client."""

    topic: str
    message_id: int
    is_duplicate: bool
    is_retained: bool
    payload: bytes

    @property
    def kind(self) -> str:
        """The last part of the topic."""
        return self.topic.rpartition("/")[2]


@dataclass(frozen=True)
class Subscription:
    """A SUBSCRIBE from the client, to one topic."""

    message_id: int
    topic: str
    options: int
    """One octet: QoS, and in version 5 what is to become of retained messages."""

    @property
    def qos(self) -> int:
        """The highest QoS that the client takes."""
        return self.options & 3


class ScriptedBroker:
    """One listening port, one client at a time."""

    def __init__(self, *, mqtt_version: str = "5") -> None:
        self._is_v5 = mqtt_version == "5"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        self._connection: socket.socket | None = None
        self._received = b""
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self.octets_received = 0
        self.packets: list[Packet] = []

    def poll(self) -> None:
        """Accept a waiting client and take all packets that have arrived whole."""
        if self._connection is None:
            try:
                self._connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            self._connection.settimeout(0)
            self.connections += 1
            self._received = b""
        try:
            while octets := self._connection.recv(65536):
                self._received += octets
                self.octets_received += len(octets)
            self.hang_up()
        except BlockingIOError:
            pass
        except ConnectionError:
            self.hang_up()
        self._parse()

    def publishes(self) -> list[Publish]:
        """Return all PUBLISH packets since the last ``forget``."""
        return [self._publish(packet) for packet in self.packets if packet.kind == PUBLISH]

    def sightings(self) -> list[Publish]:
        """Return the sightings among the PUBLISH packets."""
        return [publish for publish in self.publishes() if publish.kind == "sighting"]

    def connects(self) -> list[bytes]:
        """Return the bodies of all CONNECT packets."""
        return [packet.body for packet in self.packets if packet.kind == CONNECT]

    def subscriptions(self) -> list[Subscription]:
        """Return all SUBSCRIBE packets since the last ``forget``."""
        return [self._subscription(each) for each in self.packets if each.kind == SUBSCRIBE]

    def forget(self) -> None:
        """Forget the packets received so far."""
        self.packets.clear()

    def accept_client(self, *, reason: int = 0, properties: bytes = b"") -> None:
        """Send a CONNACK."""
        tail = bytes([len(properties)]) + properties if self._is_v5 else b""
        self.send(CONNACK, bytes([0, reason]) + tail)

    def acknowledge(self, publish: Publish, *, reason: int = 0) -> None:
        """Send a PUBACK; MQTT 3.1.1 knows no reason."""
        tail = bytes([reason, 0]) if self._is_v5 else b""
        self.send(PUBACK, struct.pack("!H", publish.message_id) + tail)

    def grant(self, subscription: Subscription, *, reason: int = 1) -> None:
        """Send a SUBACK."""
        properties = b"\0" if self._is_v5 else b""
        body = struct.pack("!H", subscription.message_id) + properties + bytes([reason])
        self.send(SUBACK, body)

    def publish(self, topic: str, payload: bytes, *, message_id: int) -> None:
        """Send a PUBLISH of QoS 1 to the client."""
        properties = b"\0" if self._is_v5 else b""
        name = struct.pack("!H", len(topic)) + topic.encode()
        self.send(PUBLISH | QOS_1, name + struct.pack("!H", message_id) + properties + payload)

    def send(self, kind: int, body: bytes) -> None:
        """Send any packet of less than 16,384 bytes."""
        length = len(body)
        lengths = [length] if length < 0x80 else [length & 0x7F | 0x80, length >> 7]
        self.send_octets(bytes([kind, *lengths]) + body)

    def send_octets(self, octets: bytes) -> None:
        """Send anything."""
        if self._connection is None:
            raise AssertionError("no client is connected")
        self._connection.sendall(octets)

    def hang_up(self) -> None:
        """Close the connection; may be called twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Close everything; nobody answers at the port any more."""
        self.hang_up()
        self._listener.close()

    def _parse(self) -> None:
        """Move whole packets from the bytes received to ``packets``."""
        while len(self._received) > 1:
            length, shift, start = 0, 0, 1
            while True:
                if start >= len(self._received):
                    return
                octet = self._received[start]
                length |= (octet & 0x7F) << shift
                shift, start = shift + 7, start + 1
                if octet < 0x80:
                    break
            if len(self._received) < start + length:
                return
            first = self._received[0]
            body = self._received[start : start + length]
            self._received = self._received[start + length :]
            self.packets.append(Packet(first & 0xF0, first & 0x0F, body))

    def _publish(self, packet: Packet) -> Publish:
        """Take a PUBLISH packet of QoS 1 apart."""
        (topic_length,) = struct.unpack_from("!H", packet.body)
        topic = packet.body[2 : 2 + topic_length].decode()
        (message_id,) = struct.unpack_from("!H", packet.body, 2 + topic_length)
        payload = packet.body[4 + topic_length :]
        if self._is_v5:
            # Shorter than 128 bytes, so their length is one byte.
            payload = payload[1 + payload[0] :]
        return Publish(topic, message_id, bool(packet.flags & 8), bool(packet.flags & 1), payload)

    def _subscription(self, packet: Packet) -> Subscription:
        """Take a SUBSCRIBE packet to one topic apart."""
        (message_id,) = struct.unpack_from("!H", packet.body)
        start = 2 + self._is_v5
        (topic_length,) = struct.unpack_from("!H", packet.body, start)
        topic = packet.body[start + 2 : start + 2 + topic_length].decode()
        return Subscription(message_id, topic, packet.body[start + 2 + topic_length])
