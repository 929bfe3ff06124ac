"""A session with a real broker over TLS, moved turn by turn in the test's own thread."""

import shutil
from collections.abc import Callable
from pathlib import Path

from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.log import Log
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.publisher.broker import Broker
from edge_lpr.publisher.budget import DailyBudget
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.session import BrokerSession
from edge_lpr.publisher.tls_identity import TlsFiles
from edge_lpr.publisher.tls_renewal import TlsRenewal
from edge_lpr.wire.topics import DeviceAddress
from tests.support.outboxes import limits_of
from tests.support.tls_broker import ClientFiles
from tests.support.waiting import wait_until

BOOT = "00112233445566aa"
ADDRESS = DeviceAddress("agency", "north-crossing", "booth-1")


def as_tls_files(files: ClientFiles, device: str = ADDRESS.device) -> TlsFiles:
    """Return a client's files as the publisher names them."""
    return TlsFiles(files.ca_file, files.certificate_file, files.key_file, device)


def replace_files(old: ClientFiles, new: ClientFiles) -> None:
    """Put a renewed certificate and its key in the place of the old ones, as an authority would."""
    shutil.copy(new.key_file, old.key_file)
    shutil.copy(new.certificate_file, old.certificate_file)


class TlsSession:
    """A publisher's session, without the process around it."""

    def __init__(
        self,
        folder: Path,
        files: ClientFiles,
        port: int,
        *,
        host: str = "localhost",
        mqtt_version: str = "5",
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.log = Log("test")
        self.wake_up = WakeUp()
        self.tls = TlsRenewal(as_tls_files(files), self.clock, self.log)
        self.broker = Broker(host, port, tls=self.tls, wake_up=self.wake_up, clock=self.clock)
        self.outbox = Outbox(
            folder / "outbox.sqlite3", self.log, limits=limits_of(), clock=self.clock
        )
        self.outbox.store_birth(BOOT, b"birth")
        self.client = MqttClient(ADDRESS, mqtt_version, self.wake_up, self.clock)
        self.session = BrokerSession(
            self.client,
            self.broker,
            self.outbox,
            budget=DailyBudget(None, folder / "spent", self.clock, self.log),
            clock=self.clock,
            log=self.log,
        )
        self.seq = 0

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            self.seq += 1
            self.outbox.add_sighting(BOOT, self.seq, b"sighting %d" % self.seq)
        self.wake_up.set()

    def turn_until(self, condition: Callable[[], bool], *, deadline_s: float = 20) -> None:
        def turned() -> bool:
            self.session.turn(0.05)
            return condition()

        wait_until(turned, deadline_s=deadline_s)

    def send(self, count: int = 1) -> None:
        """Hand sightings over and wait until the broker has taken all."""
        self.add(count)
        self.turn_until(lambda: self.outbox.unsent_count == 0)

    def close(self) -> None:
        self.session.close(1)
        self.outbox.close()
        self.wake_up.close()
