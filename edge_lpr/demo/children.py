"""The processes that a demo starts, watches and stops, each with its log in a file.

Which ones, and in what order, is left to ``run.py``.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EdgeLprError

_PACKAGE_PARENT: Final = Path(__file__).parents[2]
"""Folder that holds the package: the source tree or site-packages."""

_LEASH: Final = Path(__file__).with_name("leash.py")

_LOG_TAIL_BYTES: Final = 262_144
"""How much of the end of a log is searched; a funnel line has 300 bytes."""


class ProcessStoppedError(EdgeLprError):
    """A process of the demo ended when it should not have."""


class Child:
    """One process, in a session of its own so that Ctrl-C reaches the demo alone.

    It is asked to stop when the demo is killed, see ``leash.py``; for that it must be started by
    the demo's main thread.
    """

    def __init__(self, name: str, command: Sequence[str], log_file: Path) -> None:
        """Start the process.

        Args:
            name: Word for it in messages.
            command: Program, with its path, and arguments.
            log_file: Where its standard output and error go; appended to.
        """
        self.name = name
        self.log_file = log_file
        self._was_asked_to_stop = False
        # An earlier run's lines stay in a kept log, and must not count for this one.
        self._log_start = log_file.stat().st_size if log_file.exists() else 0
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the demo's own fixed commands
                [sys.executable, "-IS", str(_LEASH), str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # `python -m` looks for the package where it runs, wherever the user is.
                cwd=_PACKAGE_PARENT,
            )

    @property
    def process_id(self) -> int:
        """The kernel's number of the process."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """Return how the process ended, or None while it runs."""
        return self._process.poll()

    def check(self) -> None:
        """Make sure that the process is running, or has done its work.

        Raises:
            ProcessStoppedError: It has failed; the message is its own last sentence.
        """
        # A process that is asked before it listens to signals ends by the signal itself.
        asked = self._was_asked_to_stop and self.exit_status() == -signal.SIGTERM
        if self.exit_status() and not asked:
            sentence = self._last_sentence() or (
                f"it did not say why (exit status {self.exit_status()}); "
                f"run again with --keep DIR and read DIR/logs/{self.log_file.name}"
            )
            raise ProcessStoppedError(f"the {self.name} process stopped: {sentence}")

    def stop(self, patience_s: float) -> bool:
        """Ask the process to stop, and end it if it does not.

        Args:
            patience_s: How long it may take over an orderly stop.

        Returns:
            Whether it stopped in order; also True if it had ended before with status 0.
        """
        if self.exit_status() is None:
            self._was_asked_to_stop = True
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode == 0

    def counters(self) -> dict[str, int]:
        """Return the numbers of the last ``funnel`` line of this run's log."""
        for line in reversed(self._log_lines()):
            counters = line.get("counters")
            if line.get("event") == "funnel" and isinstance(counters, dict):
                return {name: int(value) for name, value in counters.items()}
        return {}

    def _last_sentence(self) -> str | None:
        """Return why the process failed, in its own words."""
        for line in reversed(self._log_lines()):
            if line.get("event") == "failure" and isinstance(line.get("detail"), str):
                return str(line["detail"])
        return None

    def _log_lines(self) -> list[Mapping[str, object]]:
        """Return the last lines of this run's log that are JSON objects."""
        with self.log_file.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - _LOG_TAIL_BYTES))
            untrusted_tail = log.read(_LOG_TAIL_BYTES)
        lines: list[Mapping[str, object]] = []
        for untrusted_line in untrusted_tail.splitlines():
            try:
                line = json.loads(untrusted_line)
            except ValueError:
                continue
            if isinstance(line, dict):
                lines.append(line)
        return lines


def booth_command(process: str, settings_file: Path, log_level: str) -> tuple[str, ...]:
    """Return the command line of one of the three processes.

    Args:
        process: ``vision``, ``tokeniser`` or ``publisher``.
        settings_file: Its booth.toml.
        log_level: ``INFO`` or ``DEBUG``.

    Returns:
        Program and arguments.
    """
    return (
        *(sys.executable, "-m", f"edge_lpr.{process}"),
        *("--settings", str(settings_file), "--log-level", log_level),
    )
