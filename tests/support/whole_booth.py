"""A whole booth for tests: the three real processes, their keys and settings, in one folder."""

import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from typing_extensions import Self

from edge_lpr.core.clock import SystemClock
from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.children import Child, booth_command
from edge_lpr.demo.folders import DemoFolders, make_folders
from edge_lpr.demo.keys import DEMO_ADDRESS, key_ring_file, make_keys
from edge_lpr.demo.settings_file import write_settings
from edge_lpr.subscriber.verdicts import Refusal, VerifiedGap, VerifiedHealth, VerifiedSighting
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.synthesis.lane import LanePass
from edge_lpr.tokens.key_ring import read_key_ring
from edge_lpr.tokens.suite1 import TokenScope, make_tokens
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims, sign_request
from edge_lpr.wire.topics import TopicKind, topic
from tests.support.contract_schemas import require_all_valid
from tests.support.waiting import wait_until

STOP_PATIENCE_S = 20.0
REPLAY_PATIENCE_S = 120.0
"""A few seconds on an idle machine."""


@dataclass(frozen=True, repr=False)
class KnownLane:
    """A rendered lane and its truth."""

    source: Source
    truth: tuple[LanePass, ...]

    @property
    def plates(self) -> list[str]:
        """The plates that drive past, in order."""
        return [each.text for each in self.truth]


class WholeBooth:
    """The three processes of one booth."""

    def __init__(
        self,
        root: Path,
        broker: EmbeddedBroker,
        source: Source,
        *,
        more_publisher_settings: str = "",
    ) -> None:
        """Make keys and settings; nothing runs yet."""
        # Not below pytest's folder: the path of a socket may have at most 107 bytes.
        self._sockets = Path(tempfile.mkdtemp(prefix="edge-lpr-"))
        self.folders = DemoFolders(root, self._sockets)
        make_folders(self.folders)
        self.clock = SystemClock()
        self.authority_key = make_keys(self.folders, self.clock)
        write_settings(self.folders, source, broker)
        with self.folders.settings_file.open("a", encoding="utf-8") as settings:
            # Its section is the last one.
            settings.write(more_publisher_settings)
        self._children: dict[str, Child] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        for child in self._children.values():
            child.stop(STOP_PATIENCE_S)
        shutil.rmtree(self._sockets)

    def start(self, process: str, command: Sequence[str] | None = None) -> Child:
        """Start one process, or something else in its place, with logs at DEBUG."""
        usual = booth_command(process, self.folders.settings_file, "DEBUG")
        log_file = self.folders.logs / f"{process}.log"
        self._children[process] = Child(process, usual if command is None else command, log_file)
        return self._children[process]

    def start_all(self, vision_command: Sequence[str] | None = None) -> None:
        """Start the three processes."""
        self.start("publisher")
        self.start("tokeniser")
        self.start("vision", vision_command)

    def finish(self) -> None:
        """Wait for the replayed source's end, then stop in the order of the journey."""
        vision = self._children["vision"]
        wait_until(lambda: vision.exit_status() is not None, deadline_s=REPLAY_PATIENCE_S)
        for process in ("vision", "tokeniser", "publisher"):
            assert self._children[process].stop(STOP_PATIENCE_S), process
            self._children[process].check()

    def counters(self, process: str) -> dict[str, int]:
        """Return the last numbers that a process logged."""
        return self._children[process].counters()

    def exact_token(self, plate: str, epoch: int) -> bytes:
        """Return the token that a plate must have at this booth."""
        keys = read_key_ring(key_ring_file(self.folders)).keys_for(epoch)
        scope = TokenScope(DEMO_ADDRESS.tenant, DEMO_ADDRESS.site, epoch)
        return make_tokens(plate.encode(), keys, scope).exact


class Recorder:
    """A central server with a session that outlives the broker's restarts; keeps everything.

    In the end all of it must be what the contract as a file says, unless a booth leaks on purpose.
    """

    def __init__(
        self, broker: EmbeddedBroker, booth: WholeBooth, *, must_be_valid: bool = True
    ) -> None:
        """Connect and subscribe to everything there is."""
        self._must_be_valid = must_be_valid
        self.messages: list[tuple[str, bytes]] = []
        self.sightings: list[VerifiedSighting] = []
        self.health: list[VerifiedHealth] = []
        self.gaps: list[VerifiedGap] = []
        self.refusals: list[Refusal] = []
        self._verifier = FleetVerifier(booth.authority_key, booth.clock)
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            # A session of its own: what is queued for another test's server is not ours.
            client_id=f"test-server-{secrets.token_hex(4)}",
            protocol=MQTTProtocolVersion.MQTTv311,
            clean_session=False,
        )
        self._client.on_message = self._receive
        self._client.reconnect_delay_set(1, 2)
        self._connect(broker)

    def _connect(self, broker: EmbeddedBroker) -> None:
        """Connect, and wait until nothing can be missed any more."""
        subscribed: list[int] = []
        self._client.on_subscribe = lambda *_: subscribed.append(1)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)

        def is_connected() -> bool:
            try:
                return self._client.connect(broker.host, broker.port) == 0
            except OSError:
                return False

        wait_until(is_connected)
        self._client.loop_start()
        wait_until(lambda: bool(subscribed))

    def _receive(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Keep one message, and what the rules say about it."""
        payload = bytes(message.payload)
        self.messages.append((message.topic, payload))
        verdict = self._verifier.receive(message.topic, payload)
        if isinstance(verdict, Refusal):
            # What the booth says to its authority is no consumer's, but "#" brings it.
            if verdict.kind is not TopicKind.TRANSPORT:
                self.refusals.append(verdict)
        elif isinstance(verdict, VerifiedSighting) and not verdict.is_duplicate:
            self.sightings.append(verdict)
        elif isinstance(verdict, VerifiedHealth):
            self.health.append(verdict)
        elif isinstance(verdict, VerifiedGap):
            self.gaps.append(verdict)

    def payloads(self, kind: TopicKind) -> list[bytes]:
        """Return everything that came under one kind of topic, in order of arrival."""
        return [payload for name, payload in self.messages[:] if name == topic(DEMO_ADDRESS, kind)]

    def ask(self, claims: RequestClaims, key: SigningKey) -> None:
        """Ask the booth for sightings again."""
        request_topic = topic(DEMO_ADDRESS, TopicKind.REQUEST)
        self._client.publish(request_topic, sign_request(claims, key), qos=1).wait_for_publish(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        if error is None and self._must_be_valid:
            require_all_valid(self.messages)
