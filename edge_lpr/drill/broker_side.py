"""The drill's broker, what records everything that it carries, and what puts messages on it."""

import shutil
import socket
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_lpr.core.errors import BrokerUnreachableError, SettingsError
from edge_lpr.demo.children import Child
from edge_lpr.drill.records import Message
from edge_lpr.drill.waiting import wait_until

HOST: Final = "127.0.0.1"
"""Loopback: the drill's broker asks nobody who he is. A thief of a broker passes that anyway."""

_SEARCH_PATH_OF_SERVICES: Final = "/usr/sbin:/usr/local/sbin"
_WINDOW: Final = 2_000
"""Messages on the way at one time."""

_EVERYTHING: Final = "lpr/#"
_CONNECT_S: Final = 20.0
_PUBLISH_S: Final = 120.0


class DrillBroker:
    """A mosquitto of the drill."""

    def __init__(self, folder: Path) -> None:
        """Start it and wait until it answers.

        Args:
            folder: Existing folder for its configuration and log.

        Raises:
            SettingsError: mosquitto is not installed.
        """
        program = shutil.which("mosquitto") or shutil.which(
            "mosquitto", path=_SEARCH_PATH_OF_SERVICES
        )
        if program is None:
            raise SettingsError("the drill needs a broker: apt-get install mosquitto")
        self.port = _free_port()
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} {HOST}\n"
            "allow_anonymous true\n"
            "persistence false\n"
            "user root\n"
            # A recording with holes would be a weaker thief.
            "max_queued_messages 0\n"
            "max_packet_size 8192\n",
            encoding="utf-8",
        )
        command = (program, "-c", str(configuration))
        self._child = Child("broker", command, folder / "broker.log")
        wait_until(self._answers, "the broker does not answer", within_s=_CONNECT_S)

    def stop(self) -> None:
        """End it."""
        self._child.stop(5.0)

    def _answers(self) -> bool:
        """Return whether somebody accepts connections."""
        self._child.check()
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, self.port)) == 0


class Recorder:
    """Keeps everything that passes a broker, as whoever has taken it over would."""

    def __init__(self, port: int) -> None:
        """Begin to record.

        Args:
            port: The broker's.
        """
        self.messages: list[Message] = []
        self._client = _client("recorder")
        self._client.on_message = self._take
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe(_EVERYTHING, 1)
        _connect(self._client, port)
        if not self._ready.wait(_CONNECT_S):
            raise BrokerUnreachableError("the drill's broker lets nobody subscribe")

    def payloads(self, ending: str) -> list[Message]:
        """Return what was recorded under topics with an ending, in order."""
        return [each for each in list(self.messages) if each[0].endswith(ending)]

    def close(self) -> None:
        """Stop recording."""
        _disconnect(self._client)

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        """Keep one message."""
        self.messages.append((message.topic, bytes(message.payload)))


class Sender:
    """Puts many messages on a broker, each acknowledged."""

    def __init__(self, port: int, name: str) -> None:
        """Connect.

        Args:
            port: The broker's.
            name: Client identifier.
        """
        self._waiting: deque[mqtt.MQTTMessageInfo] = deque()
        self._client = _client(name)
        self._client.max_inflight_messages_set(_WINDOW)
        self._client.max_queued_messages_set(0)
        _connect(self._client, port)

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish a message; waits when too many are on the way."""
        self._waiting.append(self._client.publish(topic, payload, 1, retain))
        while len(self._waiting) >= _WINDOW:
            self._waiting.popleft().wait_for_publish(_PUBLISH_S)

    def send_all(self, messages: Iterable[Message]) -> None:
        """Publish messages and wait until the broker has all of them."""
        for topic, payload in messages:
            self.send(topic, payload)
        self.flush()

    def flush(self) -> None:
        """Wait until the broker has everything."""
        while self._waiting:
            self._waiting.popleft().wait_for_publish(_PUBLISH_S)

    def close(self) -> None:
        """Say goodbye."""
        _disconnect(self._client)


@contextmanager
def sender(port: int, name: str) -> Iterator[Sender]:
    """Give a connected sender, and close it whatever happens."""
    connected = Sender(port, name)
    try:
        yield connected
    finally:
        connected.close()


def _client(name: str) -> mqtt.Client:
    """Return a client of the library."""
    return mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"drill.{name}", protocol=mqtt.MQTTv5)


def _connect(client: mqtt.Client, port: int) -> None:
    """Connect, and serve the connection in a thread."""
    client.connect(HOST, port)
    client.loop_start()
    wait_until(client.is_connected, "the broker lets nobody in", within_s=_CONNECT_S)


def _disconnect(client: mqtt.Client) -> None:
    """Say goodbye and end the thread."""
    client.disconnect()
    client.loop_stop()


def _free_port() -> int:
    """Ask the kernel for a port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
