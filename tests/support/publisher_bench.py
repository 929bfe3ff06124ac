"""The real publisher process between a stand-in for the tokeniser and a real consumer."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_lpr.core.errors import HandoffError, NeighbourAwayError
from edge_lpr.handoff.record_message import (
    GapWish,
    Wish,
    pack_ask,
    pack_gap,
    pack_health,
    pack_transport,
    parse_wish,
)
from edge_lpr.handoff.seqpacket import Connection, connect
from edge_lpr.handoff.sighting_message import (
    MAXIMUM_TO_TOKENISER_BYTES,
    pack_birth,
    pack_sighting,
    parse_answer,
    parse_hello,
)
from edge_lpr.subscriber.verdicts import Refusal, VerifiedSighting
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.health import BoothFigures
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims, sign_request
from tests.support.contract_schemas import require_all_valid
from tests.support.signer import BOOTH, Signer
from tests.support.waiting import wait_until

ANSWER_TIMEOUT_S = 5.0
SESSION_EXPIRY_S = 3600
_CONSUMERS = itertools.count()


class TokeniserStandIn:
    """Hands sightings over one by one, and again until each is answered."""

    def __init__(self, socket_path: Path, signer: Signer) -> None:
        self.signer = signer
        self.hellos: list[bytes | None] = []
        self.handed_over: list[tuple[str, int]] = []
        self._socket_path = socket_path
        self._connection: Connection | None = None

    def greet(self) -> None:
        """Connect, take the hello and hand the birth over, until that worked."""
        self._again_and_again(self._greet_once)

    def hand_over(self, count: int = 1) -> None:
        """Make sightings, and hand each over until it is committed."""
        for _ in range(count):
            sighting = self.signer.sighting()
            self.hand_over_again(pack_sighting(self.signer.seq, sighting))
            self.handed_over.append((self.signer.boot, self.signer.seq))

    def send(self, message: bytes) -> None:
        """Send one message over the greeted connection."""
        if self._connection is None:
            self._greet_once()
        if self._connection is None:
            raise NeighbourAwayError("not connected")
        self._connection.send(message)

    def attend(self) -> Wish | None:
        """Ask what is to be signed, and sign it; return what it was."""
        wish = parse_wish(self.exchange(pack_ask()))
        if isinstance(wish, GapWish):
            self._exchange_greeted(pack_gap(self.signer.gap(wish)))
        elif isinstance(wish, BoothFigures):
            self._exchange_greeted(pack_health(self.signer.health(wish)))
        return wish

    def announce(self, *, delivery: int = 0) -> bytes:
        """Hand the announcement of the transport key over, and return it."""
        announcement = self.signer.transport(delivery=delivery)
        self._exchange_greeted(pack_transport(announcement))
        return announcement

    def exchange(self, message: bytes) -> bytes:
        """Send one message over the greeted connection and return the raw answer."""
        self.send(message)
        if self._connection is None:
            raise NeighbourAwayError("not connected")
        answer = self._connection.receive(MAXIMUM_TO_TOKENISER_BYTES, timeout_s=ANSWER_TIMEOUT_S)
        if answer is None:
            raise NeighbourAwayError("no answer")
        return answer

    def hand_over_again(self, message: bytes) -> None:
        """Hand a sighting over that was not answered, until it is committed."""
        self._again_and_again(lambda: self._exchange_greeted(message))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange_greeted(self, message: bytes) -> None:
        if not parse_answer(self.exchange(message)).is_committed:
            raise AssertionError("the publisher refused a sighting")

    def _greet_once(self) -> None:
        self.close()
        connection = connect(self._socket_path)
        self._connection = connection
        hello = connection.receive(MAXIMUM_TO_TOKENISER_BYTES, timeout_s=ANSWER_TIMEOUT_S)
        if hello is None:
            raise NeighbourAwayError("no hello")
        self.hellos.append(parse_hello(hello))
        self._exchange_greeted(pack_birth(self.signer.birth()))

    def _again_and_again(self, attempt: Callable[[], None]) -> None:
        wait_until(lambda: self._succeeds(attempt), deadline_s=60)

    def _succeeds(self, attempt: Callable[[], None]) -> bool:
        try:
            attempt()
        except HandoffError:
            self.close()
            return False
        return True


class Consumer:
    """A central server: subscribes with a persistent session and verifies everything."""

    def __init__(self, port: int, signer: Signer, *, mqtt_version: str = "5") -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self.connections = 0
        is_v5 = mqtt_version == "5"
        self._signer = signer
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            # Each its own: another one's session, which outlives it, would bring what that one had.
            client_id=f"consumer-{next(_CONSUMERS)}",
            clean_session=None if is_v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
        )
        self._is_subscribed = threading.Event()
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        # Without it an MQTT 5 broker forgets the subscription when it stops, and what the publisher
        # brings before this client is back has nobody to go to: seen once on a busy machine.
        properties = None
        if is_v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
        # Begun with a clean start, Mosquitto 2.0.11 would not write it to the disk: docs/broker.md.
        clean_start: mqtt.CleanStartOption = False if is_v5 else mqtt.MQTT_CLEAN_START_FIRST_ONLY
        self._client.connect("127.0.0.1", port, clean_start=clean_start, properties=properties)
        self._client.loop_start()
        wait_until(self._is_subscribed.is_set)

    def payloads(self, kind: str) -> list[bytes]:
        """Return what came under one kind of topic, in order of arrival."""
        topic = f"lpr/v1/agency/north-crossing/booth-1/{kind}"
        return [payload for name, payload, _ in list(self.messages) if name == topic]

    def ask(self, claims: RequestClaims, key: SigningKey) -> bytes:
        """Ask the booth for sightings again; return what was sent."""
        request = sign_request(claims, key)
        topic = f"lpr/v1/{BOOTH.tenant}/{BOOTH.site}/{BOOTH.device}/request"
        self._client.publish(topic, request, qos=1).wait_for_publish(ANSWER_TIMEOUT_S)
        return request

    def states(self) -> list[str]:
        """Return the states of the status messages, in order of arrival."""
        return [json.loads(payload)["state"] for payload in self.payloads("status")]

    def verified(self) -> tuple[list[tuple[str, int]], list[Refusal]]:
        """Return numbers of the sightings that a server would store, and what it would refuse."""
        verifier = FleetVerifier(self._signer.authority_key.public_key, self._signer.clock)
        stored: list[tuple[str, int]] = []
        refused: list[Refusal] = []
        # Births first, as a server that fetches the retained one.
        messages = sorted(self.messages[:], key=lambda message: message[0].endswith("sighting"))
        for topic, payload, _ in messages:
            verdict = verifier.receive(topic, payload)
            if isinstance(verdict, Refusal):
                refused.append(verdict)
            elif isinstance(verdict, VerifiedSighting) and not verdict.is_duplicate:
                stored.append((verdict.claims.boot, verdict.claims.seq))
        return stored, refused

    def wait_for(self, handed_over: list[tuple[str, int]], *, deadline_s: float = 40) -> None:
        """Wait until every sighting has come, then check that none is refused or out of order."""
        try:
            wait_until(lambda: self.distinct() >= len(handed_over), deadline_s=deadline_s)
        except AssertionError as error:
            missing = sorted(set(handed_over) - set(self.verified()[0]))
            raise AssertionError(
                f"{error}: {len(missing)} of {len(handed_over)} sightings have not come, "
                f"the first {missing[:3]}; {self.connections} connections of the consumer"
            ) from error
        stored, refused = self.verified()
        assert refused == []
        assert stored == handed_over

    def wait_for_kinds(self, kinds: set[str]) -> None:
        """Wait until at least one message of each kind has come."""
        wait_until(lambda: kinds <= {topic.rpartition("/")[2] for topic, _, _ in self.messages[:]})

    def distinct(self) -> int:
        """Return how many different sightings came."""
        return len(set(self.payloads("sighting")))

    def close(self) -> None:
        """Disconnect; whatever came must be what the contract as a file says."""
        self._client.disconnect()
        self._client.loop_stop()
        require_all_valid((topic, payload) for topic, payload, _ in self.messages)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        self.connections += 1
        client.subscribe("lpr/v1/#", qos=1)

    def _on_subscribe(self, *_: object) -> None:
        self._is_subscribed.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.messages.append((message.topic, bytes(message.payload), message.retain))


@dataclass
class PublisherProcess:
    """``python -m edge_lpr.publisher`` with its own settings, socket, outbox and log."""

    folder: Path
    port: int
    options: dict[str, object] = field(default_factory=dict)
    tokeniser_options: dict[str, object] = field(default_factory=dict)
    """Settings of the tokeniser that the publisher reads too."""

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        # Not below pytest's folder: the path of a socket may have at most 107 bytes.
        self._socket_folder = Path(tempfile.mkdtemp(prefix="edge-lpr-"))
        self.socket_path = self._socket_folder / "sightings.sock"
        self.outbox_file = self.folder / "outbox.sqlite3"
        self.log_file = self.folder / "publisher.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        *,
        command_prefix: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it, without waiting for anything.

        Args:
            command_prefix: Command that runs it, if it is not to run directly.
            environment: Variables besides those of the test.
        """
        settings_file = self.folder / "booth.toml"
        settings_file.write_text(self._settings())
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *command_prefix,
                    sys.executable,
                    "-m",
                    *self.program,
                    "--settings",
                    str(settings_file),
                    "--log-level",
                    "DEBUG",
                ],
                stderr=log,
                env=os.environ | (environment or {}),
                start_new_session=True,
            )

    @property
    def program(self) -> list[str]:
        """The module that runs, and its arguments before the publisher's own."""
        return ["edge_lpr.publisher"]

    @property
    def pid(self) -> int:
        """Process id of the running process."""
        if self._process is None:
            raise AssertionError("the publisher does not run")
        return self._process.pid

    def largest_file_bytes(self) -> int:
        """Return the length of the longest file of the process."""
        return max(file.stat().st_size for file in self.folder.iterdir())

    def stop(self) -> int:
        """Stop it in an orderly way and return its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """Kill it, as a power cut would."""
        return self._end(signal.SIGKILL)

    def wait(self) -> int:
        """Wait until it ends by itself and return its exit status."""
        return self._end(None)

    def close(self) -> None:
        """Kill it if it runs, and leave nothing behind."""
        self.kill()
        shutil.rmtree(self._socket_folder, ignore_errors=True)

    def lines(self) -> list[dict[str, object]]:
        """Return all log lines so far, of all starts."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def events(self, name: str) -> list[dict[str, object]]:
        """Return the log lines of one event."""
        return [line for line in self.lines() if line["event"] == name]

    def wait_for_event(self, name: str, count: int = 1, *, deadline_s: float = 30) -> None:
        """Wait until an event was logged so many times."""
        wait_until(lambda: len(self.events(name)) >= count, deadline_s=deadline_s)

    def counters(self) -> dict[str, int]:
        """Return the newest funnel."""
        counters = self.events("funnel")[-1]["counters"]
        assert isinstance(counters, dict)
        return counters

    def _end(self, number: signal.Signals | None) -> int:
        if self._process is None:
            return 0
        if number is not None:
            self._process.send_signal(number)
        status = self._process.wait(timeout=30)
        self._process = None
        return status

    def _settings(self) -> str:
        options = {
            "sightings_socket": str(self.socket_path),
            "outbox_file": str(self.outbox_file),
            "broker_port": self.port,
        } | self.options
        publisher, tokeniser = (
            "".join(f"{key} = {json.dumps(value)}\n" for key, value in each.items())
            for each in (options, self.tokeniser_options)
        )
        return (
            f'[booth]\ntenant = "{BOOTH.tenant}"\nsite = "{BOOTH.site}"\n'
            f'device = "{BOOTH.device}"\n[[lanes]]\nnumber = 1\n[vision.source]\n'
            f'kind = "folder"\naddress = "/nowhere"\n[tokeniser]\n'
            f'sightings_socket = "{self.socket_path}"\n{tokeniser}[publisher]\n{publisher}'
        )


@contextmanager
def publisher_process(
    folder: Path, port: int, **options: object
) -> Iterator[tuple[PublisherProcess, TokeniserStandIn]]:
    """Give a started publisher and a tokeniser that is not connected yet; end both."""
    process = PublisherProcess(folder, port, options)
    process.start()
    try:
        with closing(TokeniserStandIn(process.socket_path, Signer())) as tokeniser:
            yield process, tokeniser
    finally:
        process.close()
