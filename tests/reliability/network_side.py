"""The tokeniser and the publisher of one booth as real processes that can be killed at any moment.

Vision is a thread that hands readings over as fast as it is allowed to, whoever is away.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

from typing_extensions import Self

from edge_lpr.core.clock import EPOCH_LENGTH_S, SystemClock
from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.reading_message import READING_BYTES
from edge_lpr.handoff.seqpacket import connect
from tests.reliability.outbox_workload import Number
from tests.reliability.receiver import tls_settings
from tests.support.booth import lay_out_booth
from tests.support.outboxes import limits_of, open_outbox
from tests.support.readings import packed, reading_of
from tests.support.tls_broker import TlsMosquitto
from tests.support.waiting import wait_until

Service = Literal["tokeniser", "publisher"]

SERVICES: Final[tuple[Service, ...]] = ("tokeniser", "publisher")

STOP_S: Final = 60.0


class NetworkSide:
    """Both processes, their files and their logs."""

    def __init__(
        self,
        broker: TlsMosquitto,
        environment: Mapping[str, str] | None = None,
        *,
        outbox_folder: Path | None = None,
        more_settings: str = "",
    ) -> None:
        """Lay the booth out; nothing runs yet.

        Args:
            broker: Where the publisher sends; need not run.
            environment: Further variables for both processes.
            outbox_folder: Where the outbox lies, if not with everything else; made here.
            more_settings: Further lines of the section ``[publisher]``.
        """
        # Not below pytest's folder: the path of a socket may have at most 107 bytes.
        self._scratch = tempfile.TemporaryDirectory(prefix="edge-lpr-")
        self.folder = Path(self._scratch.name)
        self.booth = lay_out_booth(self.folder)
        # Long enough for a clock that is an hour behind.
        self.booth.write_certificate(valid_from_s=SystemClock().unix_s() - EPOCH_LENGTH_S)
        self._outbox_folder = outbox_folder or self.folder
        self._outbox_folder.mkdir(exist_ok=True)
        settings = self.booth.settings_file.read_text()
        old, new = (f'"{each}/outbox.sqlite3"' for each in (self.folder, self._outbox_folder))
        self.booth.settings_file.write_text(settings.replace(old, new) + more_settings)
        with self.booth.settings_file.open("a") as file:
            for key, value in tls_settings(broker).items():
                file.write(f"{key} = {json.dumps(value)}\n")
        self._environment = os.environ | (environment or {})
        self._processes: dict[Service, subprocess.Popen[bytes]] = {}
        self._is_over = threading.Event()
        self._vision = threading.Thread(target=self._be_vision)
        self.handed_over = 0

    def __enter__(self) -> Self:
        self.start("publisher")
        self.start("tokeniser")
        self._vision.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self.rest()
        for service in [*self._processes]:
            self.kill(service)
        self._scratch.cleanup()

    def start(self, service: Service) -> None:
        """Start a process, without waiting for anything."""
        arguments = ["--settings", str(self.booth.settings_file), "--log-level", "DEBUG"]
        with (self.folder / f"{service}.log").open("ab") as log:
            self._processes[service] = subprocess.Popen(
                [sys.executable, "-m", f"edge_lpr.{service}", *arguments],
                stderr=log,
                env=self._environment,
                # A kill from the keyboard is for the test alone.
                start_new_session=True,
            )

    def kill(self, service: Service) -> None:
        """Kill a process, whatever it does."""
        process = self._processes.pop(service)
        process.send_signal(signal.SIGKILL)
        process.wait(STOP_S)

    def is_running(self, service: Service) -> bool:
        """Return whether a process runs; it may have ended by itself."""
        process = self._processes.get(service)
        return process is not None and process.poll() is None

    def stop(self, service: Service) -> int:
        """Stop a process in an orderly way and return its exit status."""
        process = self._processes.pop(service)
        process.send_signal(signal.SIGTERM)
        return process.wait(STOP_S)

    def rest(self) -> None:
        """Hand no more readings over; may be called twice."""
        self._is_over.set()
        if self._vision.is_alive():
            self._vision.join()

    def events(self, service: Service, name: str) -> list[dict[str, Any]]:
        """Return the log lines of one event, of all starts."""
        lines = (self.folder / f"{service}.log").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["event"] == name]

    def wait_for_event(self, service: Service, name: str, count: int = 1) -> None:
        """Wait until an event was logged so many times."""
        wait_until(lambda: len(self.events(service, name)) >= count, deadline_s=STOP_S)

    def committed(self) -> list[Number]:
        """Return what the outbox has committed, boot by boot; the publisher must have ended.

        Every number up to the last one of each boot, because numbers have no holes: one that the
        outbox never had counts as lost as well.
        """
        outbox = open_outbox(self._outbox_folder, limits_of(maximum_unsent=1_000_000))
        with closing(outbox), outbox._owned() as connection:
            rows = connection.execute(
                "SELECT boot, max(seq) FROM sighting JOIN origin ON origin.id = origin_id"
                " GROUP BY boot ORDER BY min(place)"
            ).fetchall()
        return [(boot, seq) for boot, last in rows for seq in range(1, last + 1)]

    def _be_vision(self) -> None:
        """Hand readings over until told to rest."""
        while not self._is_over.is_set():
            try:
                with closing(connect(self.booth.readings_socket)) as connection:
                    while not self._is_over.is_set():
                        lane = self.handed_over % 2 + 1
                        plate = b"B%03dABC" % (self.handed_over % 1000)
                        connection.send(packed(reading_of(plate, lane=lane)))
                        if connection.receive(READING_BYTES, timeout_s=5.0) is None:
                            break
                        self.handed_over += 1
            except HandoffError:
                self._is_over.wait(0.02)
