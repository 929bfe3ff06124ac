"""Subscribes as a central server would, and verifies everything that arrives.

The rules are ``subscriber/verify.py``'s; here is only the way from the broker to them.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge_lpr.core.errors import BrokerUnreachableError
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.subscriber.verify import (
    FleetVerifier,
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedSighting,
)

Arrival: TypeAlias = VerifiedSighting | Refusal
"""What the screen shows: a sighting, or why something that arrived is none."""

_TOPICS: Final = [(f"lpr/v1/+/+/+/{kind}", 1) for kind in ("birth", "status", "sighting")]

_RETRY_S: Final = 0.05

_MAXIMUM_EARLY: Final = 100
"""Sightings kept until the birth that names their key; a broker may deliver it after them."""


class Consumer:
    """The demo's central server. Its callbacks run on paho's thread."""

    def __init__(self, broker: EmbeddedBroker, verifier: FleetVerifier) -> None:
        """Prepare a client.

        Args:
            broker: Where to subscribe.
            verifier: The pinned authority and the state of the fleet; used by this alone.
        """
        self.arrivals: queue.SimpleQueue[tuple[str, Arrival]] = queue.SimpleQueue()
        """Topic and verdict, in order of arrival."""
        self._broker = broker
        self._verifier = verifier
        self._early: list[tuple[str, bytes]] = []
        self._is_subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="edge-lpr-demo-server",
            protocol=(
                MQTTProtocolVersion.MQTTv5
                if broker.mqtt_version == "5"
                else MQTTProtocolVersion.MQTTv311
            ),
        )
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._note_subscribed
        self._client.on_message = self._receive

    def connect(self, timeout_s: float, check: Callable[[], None]) -> None:
        """Connect and subscribe, trying again while the broker starts.

        Args:
            timeout_s: When to give up.
            check: Called between attempts; raises if the broker has failed.

        Raises:
            BrokerUnreachableError: Nobody answered in time.
        """
        pause = threading.Event()
        for _ in range(round(timeout_s / _RETRY_S)):
            check()
            try:
                self._client.connect(self._broker.host, self._broker.port)
            except OSError:
                pause.wait(_RETRY_S)
                continue
            self._client.loop_start()
            if self._is_subscribed.wait(timeout_s):
                return
            break
        raise BrokerUnreachableError(
            f"{self._broker.name} on port {self._broker.port} did not answer within {timeout_s} s"
        )

    def close(self) -> None:
        """Disconnect. May be called at any time, and twice."""
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(self, client: Client, *_: Any) -> None:  # noqa: ANN401 - paho's own signature
        """Subscribe at every connection: a restarted broker has forgotten us."""
        client.subscribe(_TOPICS)

    def _note_subscribed(self, *_: Any) -> None:  # noqa: ANN401
        """Remember that sightings can no longer be missed."""
        self._is_subscribed.set()

    def _receive(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Verify one message, and after a birth also those that were waiting for it."""
        if isinstance(self._judge(message.topic, bytes(message.payload)), VerifiedBirth):
            early, self._early = self._early, []
            for topic, untrusted_payload in early:
                self._judge(topic, untrusted_payload)

    def _judge(self, topic: str, untrusted_payload: bytes) -> Verdict:
        """Verify one message and pass the verdict on."""
        verdict = self._verifier.receive(topic, untrusted_payload)
        if isinstance(verdict, Refusal) and self._may_wait(verdict):
            self._early.append((topic, untrusted_payload))
        elif isinstance(verdict, VerifiedSighting | Refusal):
            self.arrivals.put((topic, verdict))
        return verdict

    def _may_wait(self, refusal: Refusal) -> bool:
        """Return whether a birth that has yet to come could change the verdict."""
        return refusal.reason is RefusalReason.NO_BIRTH and len(self._early) < _MAXIMUM_EARLY
