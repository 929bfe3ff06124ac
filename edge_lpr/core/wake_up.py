"""Wakes a thread that waits for sockets: something was put where it will look."""

import socket
from typing import Final

_MAXIMUM_DRAINED_BYTES: Final = 4096


class WakeUp:
    """A flag that ``select`` can wait for. Any thread may set it."""

    def __init__(self) -> None:
        """Begin unset."""
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the flag is set."""
        return self._reader.fileno()

    def set(self) -> None:
        """Set the flag; setting it twice is once, and setting it after ``close`` is nothing."""
        try:
            self._writer.send(b"\0")
        except OSError:
            # Full of bytes that nobody has read yet: it is set. Or closed, and a signal came late:
            # raising here would raise out of its handler.
            return

    def clear(self) -> None:
        """Unset the flag."""
        try:
            self._reader.recv(_MAXIMUM_DRAINED_BYTES)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give the descriptors back; may be called twice."""
        self._reader.close()
        self._writer.close()
