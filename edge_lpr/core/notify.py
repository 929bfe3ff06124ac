"""Tell systemd how the process is: ready, alive, stopping.

Speaks the ``sd_notify`` datagram protocol itself, because it is ten lines and the library that
wraps it needs a compiler. Outside systemd (no ``NOTIFY_SOCKET``) every call does nothing.
"""

import os
import socket


class ServiceNotifier:
    """Send state changes to the service manager that started this process.

    Source:
        sd_notify(3).
    """

    def __init__(self) -> None:
        """Remember where the service manager listens, if there is one."""
        address = os.environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for Linux' abstract namespace, whose names start with a NUL byte.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self) -> None:
        """Say that start-up is complete."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feed the watchdog; called from the work loop, so that a hang starves it."""
        self._send("WATCHDOG=1")

    def take_longer(self, seconds: float) -> None:
        """Ask for more time to start in; without asking again, a hang is found after it.

        Args:
            seconds: From now on.
        """
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def status(self, sentence: str) -> None:
        """Show one sentence in ``systemctl status``.

        Args:
            sentence: What the process is doing; no newline.
        """
        self._send(f"STATUS={sentence}")

    def stopping(self) -> None:
        """Say that an orderly stop has begun."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        """Send one datagram; a service manager that went away is not our failure."""
        if not self._address:
            return
        with socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        ) as notify_socket:
            try:
                notify_socket.sendto(state.encode(), self._address)
            except OSError:
                # Nothing that we could do about it would help the plate in front of the camera.
                return
