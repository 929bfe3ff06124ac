"""``edge-lpr ingest`` as a process, and booths of today that it believes."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from paho.mqtt.publish import multiple

from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.wire import base64url
from edge_lpr.wire.sighting import FIRST_PREV, sighting_hash, sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support.fleet import AUTHORITY, DAY_S, SIGHTING, SignedBooth


class LiveBooth(SignedBooth):
    """A booth whose certificate and passages are of today."""

    def __init__(self, device: str = "booth-1") -> None:
        super().__init__(device)
        self.now = SystemClock().unix_s()
        # An ssl.SSLContext, which the library takes though its hints do not say so.
        self.tls: Any = None
        self.certificate = replace(
            self.certificate, not_before=self.now - DAY_S, not_after=self.now + DAY_S
        )

    def sightings(self, count: int, boot: str = SIGHTING.boot) -> list[bytes]:
        documents: list[bytes] = []
        prev = FIRST_PREV
        for seq in range(1, count + 1):
            claims = replace(
                SIGHTING, boot=boot, seq=seq, prev=prev, at=self.now, epoch=epoch_of(self.now)
            )
            documents.append(sign_sighting(claims, self.event_key))
            prev = sighting_hash(documents[-1])
        return documents

    def publish_birth(self, port: int) -> None:
        """Publish the retained birth."""
        self.publish(port, TopicKind.BIRTH, [self.birth()], retain=True)

    def publish(
        self, port: int, kind: TopicKind, documents: list[bytes], *, retain: bool = False
    ) -> None:
        """Publish documents and return when the broker has them."""
        messages: list[Any] = [(self.topic(kind), document, 1, retain) for document in documents]
        host = "127.0.0.1" if self.tls is None else "localhost"
        multiple(messages, host, port, self.address.device, tls=self.tls)


class IngestProcess:
    """One worker."""

    def __init__(self, broker: int | str, folder: Path, place: list[str]) -> None:
        """Prepare a worker; nothing runs before ``start``.

        Args:
            broker: Its port on this machine, or its URL.
            folder: Existing folder for its key file and its log.
            place: ``--database DSN`` or ``--sqlite FILE``.
        """
        authority_file = folder / "authority.pub"
        authority_file.write_bytes(base64url.encode(AUTHORITY.public_key.octets) + b"\n")
        self.log_file = folder / "ingest.log"
        url = broker if isinstance(broker, str) else f"mqtt://127.0.0.1:{broker}"
        self._command = [
            *(sys.executable, "-m", "edge_lpr", "ingest", url),
            *("--authority", str(authority_file), *place),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> None:
        """Start it with further words on its command line."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen([*self._command, *more], stdout=log, stderr=log)

    def says(self, event: str) -> bool:
        """Return whether an event is in its log."""
        return f'"event":"{event}"' in self.log_file.read_text()

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill it; may be called twice."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until it ends by itself, and return its exit status."""
        return self._end(None)

    def _end(self, number: signal.Signals | None) -> int:
        """End the process, and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if number is not None:
            process.send_signal(number)
        return process.wait(timeout=60)


@contextmanager
def ingest_process(broker: int | str, folder: Path, place: list[str]) -> Iterator[IngestProcess]:
    """Give a worker that is not started, and end it whatever happens."""
    process = IngestProcess(broker, folder, place)
    try:
        yield process
    finally:
        process.kill()
