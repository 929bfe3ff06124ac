"""The real tokeniser process, and vision's end of its socket."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_lpr.core.errors import NeighbourAwayError
from edge_lpr.handoff.reading_message import READING_BYTES, ReadingMessage
from edge_lpr.handoff.seqpacket import Connection, connect
from tests.support.booth import Booth
from tests.support.readings import packed
from tests.support.waiting import wait_until

DEADLINE_S = 20.0

_SABOTAGED = """
{}
from edge_lpr.tokeniser.__main__ import main
raise SystemExit(main())
"""


@dataclass(frozen=True)
class RunningTokeniser:
    """A tokeniser process and its log."""

    process: subprocess.Popen[bytes]
    log_file: Path

    def events(self) -> list[dict[str, Any]]:
        """Return the log so far, one entry a line."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def has_said(self, event: str) -> bool:
        return any(entry["event"] == event for entry in self.events())

    def wait_for_exit(self) -> int:
        return self.process.wait(DEADLINE_S)

    def stop(self) -> int:
        """Ask for an orderly stop and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_for_exit()

    def counters(self) -> dict[str, int]:
        """Return the counters that were written last."""
        counters: dict[str, int] = {}
        for entry in self.events():
            if entry["event"] == "funnel":
                counters = entry["counters"]
        return counters

    def failure(self) -> str:
        """Return the sentence that a process which could not start has left."""
        sentences = [entry["detail"] for entry in self.events() if entry["event"] == "failure"]
        assert len(sentences) == 1, self.log_file.read_text()
        return str(sentences[0])


@contextmanager
def running_tokeniser(booth: Booth, *, sabotage: str = "") -> Iterator[RunningTokeniser]:
    """Start the tokeniser of a booth; kill it at the end if it still runs.

    Args:
        booth: Its files.
        sabotage: Python that runs before the program is imported.
    """
    log_file = booth.folder / "tokeniser.log"
    program = ["-c", _SABOTAGED.format(sabotage)] if sabotage else ["-m", "edge_lpr.tokeniser"]
    arguments = ["--log-level", "DEBUG", "--settings", str(booth.settings_file)]
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", *program, *arguments], stderr=log, stdout=log
        )
    try:
        yield RunningTokeniser(process, log_file)
    finally:
        process.kill()
        process.wait(DEADLINE_S)


@contextmanager
def vision_of(booth: Booth) -> Iterator[Connection]:
    """Connect as vision does, once the tokeniser listens."""
    wait_until(lambda: _listens(booth.readings_socket))
    with closing(connect(booth.readings_socket)) as connection:
        yield connection


def hand_over(vision: Connection, reading: ReadingMessage | bytes) -> bytes | None:
    """Send a reading, or any bytes, and return the tokeniser's answer."""
    vision.send(packed(reading) if isinstance(reading, ReadingMessage) else reading)
    return vision.receive(READING_BYTES, timeout_s=DEADLINE_S)


def _listens(socket_path: Path) -> bool:
    """Return whether somebody accepts connections; the probe is hung up on."""
    try:
        connect(socket_path).close()
    except NeighbourAwayError:
        return False
    return True
