"""Stands in for systemd where none runs: takes what processes say, and a ``systemctl`` to ask it.

It knows what ``systemctl show`` prints of a service that runs, and nothing else.
"""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_PATIENCE_S = 20


@dataclass
class _Unit:
    """One service."""

    notices: socket.socket
    process: subprocess.Popen[bytes]
    status: str = ""
    is_ready: bool = False
    heard: list[str] = field(default_factory=list)


class StandInManager:
    """Runs services of ``Type=notify``."""

    def __init__(self, folder: Path) -> None:
        """Install the stand-in for ``systemctl``.

        Args:
            folder: With a short name: it holds sockets.
        """
        self._folder = folder
        self.programs = folder / "bin"
        """Goes first in ``PATH``."""
        self.programs.mkdir()
        self._answer = folder / "show"
        self._answer.write_text("")
        program = self.programs / "systemctl"
        program.write_text(f"#!/bin/sh\nexec cat {self._answer}\n")
        program.chmod(0o755)
        self._units: dict[str, _Unit] = {}

    def start(self, name: str, command: Sequence[str], log_file: Path) -> None:
        """Start a service."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listening.bind(str(self._folder / f"{name}.notify"))
        listening.setblocking(False)  # noqa: FBT003 - the library's own
        environment = {**os.environ, "NOTIFY_SOCKET": str(self._folder / f"{name}.notify")}
        with log_file.open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._units[name] = _Unit(listening, process)
        self.look()

    def look(self) -> None:
        """Take what services have said, and let ``systemctl`` answer with it."""
        text = ""
        for name, unit in self._units.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    self._take(unit, unit.notices.recv(8192).decode())
            ended = unit.process.poll()
            active = "failed" if ended else "active" if unit.is_ready else "activating"
            text += f"Id={name}.service\nActiveState={active}\nSubState=running\n"
            text += f"ExecMainStatus={ended or 0}\nStatusText={unit.status}\n\n"
        self._answer.write_text(text)

    def heard(self, name: str) -> list[str]:
        """Return everything that a service has said of itself."""
        return self._units[name].heard

    def stop(self) -> None:
        """Stop every service."""
        for unit in self._units.values():
            unit.process.send_signal(signal.SIGTERM)
        for unit in self._units.values():
            unit.process.wait(STOP_PATIENCE_S)
            unit.notices.close()

    @staticmethod
    def _take(unit: _Unit, notice: str) -> None:
        """Note one notice."""
        for line in notice.splitlines():
            unit.is_ready |= line == "READY=1"
            if line.startswith("STATUS="):
                unit.status = line.removeprefix("STATUS=")
                unit.heard.append(unit.status)
