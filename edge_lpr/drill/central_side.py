"""The drill's central server: ``edge-lpr ingest`` as a process, and a copy of its database."""

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EdgeLprError
from edge_lpr.demo.children import Child
from edge_lpr.drill.broker_side import HOST
from edge_lpr.drill.waiting import wait_until
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import PublicKey

_PATIENCE_S: Final = 20.0
_START_S: Final = 60.0


class CentralServer:
    """One ingest worker with a SQLite file."""

    def __init__(self, folder: Path, port: int, authority: PublicKey) -> None:
        """Start it and wait until it has made its database.

        Args:
            folder: Existing folder for key file, database and log.
            port: The broker's.
            authority: What it pins.
        """
        self._file = folder / "central.sqlite3"
        key_file = folder / "authority.pub"
        key_file.write_bytes(base64url.encode(authority.octets) + b"\n")
        command = (sys.executable, "-m", "edge_lpr", "ingest", f"mqtt://{HOST}:{port}")
        options = ("--authority", str(key_file), "--sqlite", str(self._file))
        self._log_file = folder / "ingest.log"
        self._child = Child("ingest", (*command, *options), self._log_file)
        wait_until(self._has_started, "the central server does not start", within_s=_START_S)

    def count(self) -> int:
        """Return how many sightings it has stored."""
        self._child.check()
        with closing(sqlite3.connect(self._file, timeout=10)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM sighting").fetchone()
        return int(count)

    def wait_for(self, sightings: int, *, within_s: float) -> None:
        """Wait until it has so many sightings.

        Raises:
            DrillError: It has not in time.
        """
        wait_until(
            lambda: self.count() >= sightings,
            f"the central server has not stored {sightings} sightings",
            within_s=within_s,
        )

    def stop(self) -> None:
        """End it in order."""
        if not self._child.stop(_PATIENCE_S):
            raise EdgeLprError("the central server did not stop in order; its log says why")

    def copy(self, folder: Path) -> Path:
        """Return a copy of the database, with what is not merged into it yet.

        Args:
            folder: Existing folder of the thief.
        """
        for file in self._file.parent.glob(f"{self._file.name}*"):
            shutil.copy2(file, folder / file.name)
        return folder / self._file.name

    def _has_started(self) -> bool:
        """Return whether it says that it works."""
        self._child.check()
        return '"event":"started"' in self._log_file.read_text(encoding="utf-8")
