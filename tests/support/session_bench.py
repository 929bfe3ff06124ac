"""A session with the scripted broker, moved turn by turn in the test's own thread."""

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from edge_lpr.core.errors import OutboxError
from edge_lpr.core.log import Log
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.publisher.broker import Broker
from edge_lpr.publisher.broker_address import BrokerAddress
from edge_lpr.publisher.budget import DailyBudget
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.session import BrokerSession
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import SetClock
from tests.support.outboxes import limits_of
from tests.support.scripted_broker import Publish, ScriptedBroker
from tests.support.waiting import wait_until

BOOT = "00112233445566aa"
BOTH_VERSIONS = pytest.mark.parametrize("mqtt_version", ["5", "3.1.1"])


class UnreliableOutbox(Outbox):
    """Fails when told to, as on a full disk."""

    error: OutboxError | None = None

    def mark_sent(self, places: Collection[int]) -> int:
        if self.error is not None:
            raise self.error
        return super().mark_sent(places)


class FoundBroker(Broker):
    """A broker at the addresses that a test says."""

    def __init__(
        self, port: int, addresses: tuple[str, ...], *, wake_up: WakeUp, clock: SetClock
    ) -> None:
        super().__init__("localhost", port, tls=None, wake_up=wake_up, clock=clock)
        self._addresses = addresses

    def find(self) -> BrokerAddress | None:
        return BrokerAddress(self.host, self._addresses, self.port)


class SessionBench:
    """A session in the test's thread, turn by turn, with the scripted broker."""

    def __init__(
        self,
        folder: Path,
        mqtt_version: str,
        addresses: tuple[str, ...] = ("127.0.0.1",),
        *,
        daily_megabytes: int | None = None,
    ) -> None:
        self.clock = SetClock()
        self.outbox = UnreliableOutbox(
            folder / "outbox.sqlite3", Log("test"), limits=limits_of(), clock=self.clock
        )
        self.outbox.store_birth(BOOT, b"birth")
        self.broker = ScriptedBroker(mqtt_version=mqtt_version)
        self.wake_up = WakeUp()
        self.budget = DailyBudget(daily_megabytes, folder / "spent", self.clock, Log("test"))
        self.session = BrokerSession(
            MqttClient(
                DeviceAddress("agency", "north", "booth-1"), mqtt_version, self.wake_up, self.clock
            ),
            FoundBroker(self.broker.port, addresses, wake_up=self.wake_up, clock=self.clock),
            self.outbox,
            budget=self.budget,
            clock=self.clock,
            log=Log("test"),
        )
        self.seq = 0

    def add(self, count: int) -> None:
        for _ in range(count):
            self.seq += 1
            self.outbox.add_sighting(BOOT, self.seq, b"%d" % self.seq)

    def turn(self) -> None:
        self.session.turn(0.01)
        self.broker.poll()

    def turn_until(self, condition: Callable[[], bool]) -> None:
        def turned() -> bool:
            self.turn()
            return condition()

        wait_until(turned, deadline_s=5)

    def turn_a_while(self, turns: int = 10) -> None:
        for _ in range(turns):
            self.turn()

    def connect(self) -> None:
        """Go as far as the client's CONNECT."""
        count = len(self.broker.connects())
        self.turn_until(lambda: len(self.broker.connects()) > count)

    def announce(self) -> None:
        """Go as far as birth and status, acknowledged."""
        self.connect()
        self.broker.accept_client()
        self.turn_until(lambda: len(self.announcements()) >= 2)
        for publish in self.announcements():
            self.broker.acknowledge(publish)

    def announcements(self) -> list[Publish]:
        return [each for each in self.broker.publishes() if each.kind != "sighting"]

    def sent(self) -> list[bytes]:
        return [sighting.payload for sighting in self.broker.sightings()]

    def close(self) -> None:
        self.broker.close()
        self.session.close(0)
        self.budget.close()
        self.outbox.close()
        self.wake_up.close()


def logged(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, object]]:
    return [vars(record)["edge_lpr_fields"] for record in caplog.records if record.msg == event]
