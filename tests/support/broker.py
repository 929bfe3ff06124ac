"""A real mosquitto on a free loopback port, that can be killed, stopped and started again.

Without mosquitto a test is skipped, but fails where ``EDGE_LPR_REQUIRE_BROKER=1`` says that it
must be there.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

_SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Return whether somebody accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """One broker; its state folder outlives its processes, so that a restart remembers."""

    def __init__(
        self, folder: Path, *, allow_anonymous: bool = True, is_persistent: bool = True
    ) -> None:
        """Write a configuration; nothing runs before ``start``.

        Args:
            folder: Existing folder for configuration, state and log.
            allow_anonymous: Whether clients without a password are let in.
            is_persistent: Whether retained messages and queues outlive an orderly stop.
        """
        self._binary = _find_mosquitto()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.log_file = folder / "mosquitto.log"
        self.configure(allow_anonymous=allow_anonymous, is_persistent=is_persistent)

    def configure(
        self, *, allow_anonymous: bool = True, is_persistent: bool = True, more: str = ""
    ) -> None:
        """Write the configuration that the next ``start`` reads.

        Args:
            allow_anonymous: Whether clients without a password are let in.
            is_persistent: Whether retained messages and queues outlive an orderly stop.
            more: Further lines of mosquitto.conf.
        """
        (self._folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"allow_anonymous {str(allow_anonymous).lower()}\n"
            f"persistence {str(is_persistent).lower()}\n"
            f"persistence_location {self._folder}/\n"
            "autosave_interval 1\n"
            "autosave_on_changes true\n"
            # As root it would change to a user that cannot write the folder.
            "user root\n"
            "max_packet_size 4096\n"
            "max_queued_messages 100000\n"
            f"log_dest file {self.log_file}\n"
            "log_type all\n"
            f"{more}\n"
        )

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self._process = subprocess.Popen(
            [self._binary, "-c", str(self._folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: listens(self.port))

    def stop(self) -> None:
        """Stop it in an orderly way; may be called twice."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, as a power cut would; may be called twice."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it from running while its connections stay open: a slow broker."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one run again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the running process."""
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        """End the process and wait for it."""
        if self._process is None:
            return
        # A frozen process takes SIGTERM only when it runs again.
        self.thaw()
        self._process.send_signal(number)
        self._process.wait(timeout=10)
        self._process = None


@contextmanager
def running_mosquitto(
    folder: Path, *, allow_anonymous: bool = True, is_persistent: bool = True
) -> Iterator[Mosquitto]:
    """Give a running broker, and end it whatever happens.

    Args:
        folder: Existing folder for configuration, state and log.
        allow_anonymous: Whether clients without a password are let in.
        is_persistent: Whether retained messages and queues outlive an orderly stop.
    """
    broker = Mosquitto(folder, allow_anonymous=allow_anonymous, is_persistent=is_persistent)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def _find_mosquitto() -> str:
    """Return mosquitto's path; skip or fail the test without it."""
    binary = shutil.which("mosquitto", path=_SEARCH_PATH)
    if binary is not None:
        return binary
    reason = "mosquitto is missing; install it with: apt-get install mosquitto"
    if os.environ.get("EDGE_LPR_REQUIRE_BROKER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
