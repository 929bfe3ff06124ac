"""Shows a text on a screen or a serial line, and takes nothing from whoever types there.

A terminal is opened for writing alone and made deaf: no echo, no signals, no Ctrl-S that would stop
the output. One that does not take what is written, a serial line whose other end holds it up, is
left alone until the next time.
"""

import contextlib
import os
import re
import select
import termios
import time
from pathlib import Path
from typing import Final

_CLEAR: Final = "\x1b[H\x1b[2J"
"""On a screen: to the upper left, and wipe. The only escape sequences that are ever written."""

_SCREEN: Final = re.compile("tty[0-9]{1,2}")

_LINE: Final = "-" * 79 + "\n"
"""Between two texts on a serial line, which may be a file at its other end."""

_AGAIN_S: Final = 300.0

_PATIENCE_S: Final = 2.0
"""1,600 characters at 9600 baud."""


class Console:
    """One terminal; there need not be one."""

    def __init__(self, device: Path) -> None:
        """Remember where.

        Args:
            device: Such as ``/dev/tty1`` (a screen) or ``/dev/ttyS0`` (a serial line).
        """
        self._device = device
        self._descriptor: int | None = None
        self._shown = ""
        self._again_s = 0.0

    def show(self, text: str) -> None:
        """Show a text in place of the one before; nothing if it stands there already.

        After a while it is shown again in any case: the kernel may have written across it.

        Args:
            text: Lines of printable ASCII.
        """
        now_s = time.monotonic()
        if text == self._shown and now_s < self._again_s:
            return
        begin = _CLEAR if self._is_screen() else _LINE
        try:
            if self._descriptor is None:
                self._descriptor = self._opened()
            self._write((begin + text).encode("ascii", "replace"))
        except OSError:
            # Not there, not ours yet, or hung up; the next time it is opened anew.
            self.close()
        else:
            self._shown, self._again_s = text, now_s + _AGAIN_S

    def close(self) -> None:
        """Let go of the terminal; may be called twice."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
            self._shown = ""

    def _is_screen(self) -> bool:
        """Return whether it is one of Linux' virtual consoles, ``/dev/tty1`` to ``tty63``."""
        return _SCREEN.fullmatch(self._device.name) is not None

    def _opened(self) -> int:
        """Open the terminal, and make it deaf."""
        # Not blocking: a serial line without its carrier would hold us up for ever.
        flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(self._device, flags)
        with contextlib.suppress(termios.error):
            attributes = termios.tcgetattr(descriptor)
            attributes[0] &= ~(termios.IXON | termios.IXANY | termios.BRKINT)
            attributes[1] |= termios.OPOST | termios.ONLCR
            attributes[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG)
            termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
            # What was typed before.
            termios.tcflush(descriptor, termios.TCIFLUSH)
        return descriptor

    def _write(self, content: bytes) -> None:
        """Write as much as the terminal takes in time."""
        assert self._descriptor is not None  # noqa: S101 - opened just now
        give_up = time.monotonic() + _PATIENCE_S
        rest = memoryview(content)
        while rest and time.monotonic() < give_up:
            _, can_write, _ = select.select([], [self._descriptor], [], 0.1)
            if can_write:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._descriptor, rest) :]
