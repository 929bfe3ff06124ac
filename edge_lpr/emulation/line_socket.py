"""JSON, one object a line, over a socket."""

import json
import socket
import time
from typing import Any, Final

from edge_lpr.core.errors import EmulationError

_PIECE_BYTES: Final = 65_536


class LineSocket:
    """What QEMU's own protocol and a test's way in have in common."""

    def __init__(self, link: socket.socket) -> None:
        """Take over a connected socket."""
        self._link = link
        self._received = b""

    def send(self, message: dict[str, Any]) -> None:
        """Send one object."""
        self._link.settimeout(30)
        self._link.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, deadline: float) -> dict[str, Any]:
        """Return the next object.

        Args:
            deadline: Until when to wait, in ``time.monotonic()``'s seconds.

        Returns:
            The object.

        Raises:
            EmulationError: None came in time, or the other side has ended.
        """
        while b"\n" not in self._received:
            self._link.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                piece = self._link.recv(_PIECE_BYTES)
            except (TimeoutError, ConnectionError) as error:
                raise EmulationError("the emulated booth does not answer") from error
            if not piece:
                raise EmulationError("the emulator has ended")
            self._received += piece
        line, _, self._received = self._received.partition(b"\n")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise EmulationError("the emulator said something that is no object")
        return message

    def close(self) -> None:
        """Hang up."""
        self._link.close()
