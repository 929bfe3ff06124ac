"""Subscribes as a central server does, with the library that servers use."""

from collections.abc import Callable
from typing import TypeAlias

from edge_lpr.core.errors import BrokerError
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.subscriber import Refusal, Subscriber, VerifiedSighting
from edge_lpr.wire.jws import PublicKey

Arrival: TypeAlias = VerifiedSighting | Refusal
"""What the screen shows: a sighting, or why something that arrived is none."""


class Consumer:
    """The demo's central server."""

    def __init__(self, broker: EmbeddedBroker, authority_key: PublicKey) -> None:
        """Prepare a subscriber.

        Args:
            broker: Where to subscribe.
            authority_key: Pinned.
        """
        self._subscriber = Subscriber(
            f"mqtt://{broker.host}:{broker.port}",
            authority_key=authority_key,
            keeps_place=False,
            mqtt_version=broker.mqtt_version,
        )

    def connect(self, timeout_s: float, check: Callable[[], None]) -> None:
        """Connect and subscribe, trying again while the broker starts.

        Args:
            timeout_s: When to give up.
            check: Raises if the broker's process has failed, which then is the reason.

        Raises:
            BrokerError: Nobody answered in time.
        """
        self._subscriber.connect_timeout_s = timeout_s
        try:
            self._subscriber.__enter__()
        except BrokerError:
            check()
            raise

    def next_arrival(self, timeout_s: float) -> Arrival | None:
        """Return what arrives next, ``None`` if nothing does.

        Args:
            timeout_s: Longest wait for anything, also for what the screen does not show.
        """
        while (event := self._subscriber.next_within(timeout_s)) is not None:
            if isinstance(event, VerifiedSighting | Refusal):
                return event
        return None

    def close(self) -> None:
        """Disconnect. May be called at any time, and twice."""
        self._subscriber.__exit__(None, None, None)
