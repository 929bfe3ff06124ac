"""A central server without a store: takes everything that a broker has, and judges it in the end.

Durable as long as its process lives: the broker keeps its session while it is away.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_lpr.core.clock import Clock
from edge_lpr.subscriber.verdicts import Refusal, VerifiedSighting
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.jws import PublicKey
from tests.reliability.outbox_workload import Number
from tests.support.tls_broker import TlsMosquitto
from tests.support.waiting import wait_until

TENANT: Final = "agency"

ACCESS_LIST: Final = f"""
device {TENANT}/north/booth-1
consumer analytics {TENANT} requests
"""
"""The booths of ``tests/support``, and this receiver, for a broker as it is shipped."""

_SESSION_EXPIRY_S = 86_400


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message, as it came."""

    topic: str
    payload: bytes
    at_s: float
    """Monotonic time."""


@dataclass(slots=True)
class Judgement:
    """What a store would hold."""

    stored: list[Number] = field(default_factory=list)
    """In order of arrival."""
    duplicates: int = 0
    """Sightings that came more than once and were recognised."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Messages that would not be believed, by reason."""

    def compare(self, committed: list[Number]) -> dict[str, int]:
        """Return how far it is from what the outbox had committed.

        Args:
            committed: In order of arrival at the outbox.

        Returns:
            ``lost``, ``doubled`` (stored twice, or never committed), ``refused``.
        """
        return {
            "lost": len({*committed} - {*self.stored}),
            "doubled": len(self.stored) - len({*self.stored} & {*committed}),
            "refused": self.refusals.total(),
        }


class Receiver:
    """A subscriber to everything, with a session that outlives connections."""

    def __init__(self, broker: TlsMosquitto, authority_key: PublicKey, clock: Clock) -> None:
        """Connect, and wait until nothing can be missed any more.

        Args:
            broker: A broker that runs.
            authority_key: Whose certificates are believed.
            clock: Tells whether they are valid.
        """
        self.arrivals: list[Arrival] = []
        self._authority_key = authority_key
        self._clock = clock
        self._is_subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="receiver", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.reconnect_delay_set(1, 1)
        topics = f"lpr/v1/{TENANT}/#"
        self._client.on_connect = lambda client, *_: client.subscribe(topics, qos=1)
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()
        self._client.on_message = self._take
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        self._client.tls_set_context(broker.consumer().context())
        # As in docs/broker.md: begun with a clean start, Mosquitto 2.0.11 keeps it in memory alone.
        self._client.connect(
            "localhost", broker.consumer_port, clean_start=False, properties=properties
        )
        self._client.loop_start()
        wait_until(self._is_subscribed.is_set)

    def sightings(self) -> list[Arrival]:
        """Return the sightings so far."""
        return [each for each in self.arrivals[:] if each.topic.endswith("/sighting")]

    def judge(self) -> Judgement:
        """Verify everything that came, births first as a server that knows its devices."""
        verifier = FleetVerifier(self._authority_key, self._clock)
        judgement = Judgement()
        arrivals = sorted(self.arrivals[:], key=lambda each: each.topic.endswith("/sighting"))
        for arrival in arrivals:
            verdict = verifier.receive(arrival.topic, arrival.payload)
            if isinstance(verdict, Refusal):
                judgement.refusals[verdict.reason.value] += 1
            elif isinstance(verdict, VerifiedSighting):
                if verdict.is_duplicate:
                    judgement.duplicates += 1
                else:
                    judgement.stored.append((verdict.claims.boot, verdict.claims.seq))
        return judgement

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        """Keep one message."""
        self.arrivals.append(Arrival(message.topic, bytes(message.payload), time.monotonic()))


def tls_settings(broker: TlsMosquitto) -> dict[str, object]:
    """Return what a publisher's settings say about a broker."""
    files = broker.device()
    return {
        "broker_host": "localhost",
        "broker_port": broker.port,
        "tls_ca_file": str(files.ca_file),
        "tls_certificate_file": str(files.certificate_file),
        "tls_key_file": str(files.key_file),
    }
