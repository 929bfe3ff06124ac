"""Shows how far something long has got: how much, how fast, how long still."""

import time
from collections.abc import Callable
from typing import Final, TextIO

from edge_lpr.flashing.disk import size

_EVERY_S: Final = 0.5
"""Often enough to look alive, seldom enough to be read."""

_WIDTH: Final = 72


class Progress:
    """One line that is written over itself; on no terminal, one line at the end."""

    def __init__(
        self,
        what: str,
        total_bytes: int,
        out: TextIO,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin at nothing.

        Args:
            what: What is being done, one word.
            total_bytes: How much there is to do.
            out: Where it is shown.
            now_s: Tells the time, monotonic, in seconds.
        """
        self._what = what
        self._total_bytes = total_bytes
        self._out = out
        self._now_s = now_s
        self._began_s = now_s()
        self._shown_s = self._began_s
        self._done_bytes = 0

    def advance(self, count_bytes: int) -> None:
        """Say that so much more is done.

        Args:
            count_bytes: How much.
        """
        self._done_bytes += count_bytes
        now_s = self._now_s()
        if self._out.isatty() and now_s - self._shown_s >= _EVERY_S:
            self._shown_s = now_s
            self._write(f"\r{self._text(now_s):<{_WIDTH}}")

    def finish(self) -> None:
        """Leave the last line, and how long all of it took."""
        took_s = self._now_s() - self._began_s
        rate = size(int(self._done_bytes / took_s)) if took_s else size(self._done_bytes)
        text = f"{self._what:<10}{size(self._done_bytes)} in {_clock(took_s)}, {rate} a second"
        self._write(f"\r{text:<{_WIDTH}}\n" if self._out.isatty() else f"{text}\n")

    def _text(self, now_s: float) -> str:
        """Return how far it is."""
        took_s = now_s - self._began_s
        rate = self._done_bytes / took_s
        left_s = (self._total_bytes - self._done_bytes) / rate if rate else 0.0
        share = self._done_bytes / self._total_bytes
        return (
            f"{self._what:<10}{share:4.0%}  {size(self._done_bytes)} of {size(self._total_bytes)}, "
            f"{size(int(rate))} a second, {_clock(left_s)} left"
        )

    def _write(self, text: str) -> None:
        """Show something at once."""
        self._out.write(text)
        self._out.flush()


def _clock(seconds: float) -> str:
    """Return minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
