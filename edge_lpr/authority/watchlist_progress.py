"""How far a compilation is: a bar on a terminal, a line a minute elsewhere."""

import sys
from typing import Final

from edge_lpr.authority.opening import say
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuthorityError

_LINE_NS: Final = 60_000_000_000


class LineProgress:
    """A line a minute, for logs."""

    def __init__(self, clock: Clock) -> None:
        """Show nothing yet.

        Args:
            clock: Its monotonic time says how long it takes.
        """
        self._clock = clock
        self._total = 0
        self._done = 0
        self._began_ns = 0
        self._said_ns = 0

    def begin(self, total: int) -> None:
        """Say how many plates must be stretched."""
        self._total = total
        self._began_ns = self._said_ns = self._clock.monotonic_ns()
        if total:
            say(f"{total} plates to stretch; what is done is kept if this is interrupted")

    def step(self, epoch: int) -> None:
        """Say that one more is done, for an epoch."""
        self._done += 1
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._said_ns < _LINE_NS:
            return
        self._said_ns = now_ns
        a_second = self._done * 1e9 / (now_ns - self._began_ns)
        left_s = (self._total - self._done) / a_second
        say(
            f"epoch {epoch}: {self._done} of {self._total} plates, {a_second:.1f} a second, "
            f"{duration_words(left_s)} left"
        )

    def end(self) -> None:
        """Say nothing more."""


class BarProgress:
    """A bar with rate and time left, for a person."""

    def __init__(self) -> None:
        """Show nothing yet.

        Raises:
            AuthorityError: The library is missing.
        """
        try:
            from rich.console import Console  # noqa: PLC0415 - a timer does without
            from rich.progress import (  # noqa: PLC0415
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )
        except ImportError as error:
            raise AuthorityError(
                "the library rich is missing: pip install 'edge-lpr[authority]'"
            ) from error
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=Console(stderr=True),
            # Minutes, because other programs take their share of the processor.
            speed_estimate_period=300,
        )
        self._task = self._bar.add_task("stretching", total=None, rate="")
        self._is_shown = False

    def begin(self, total: int) -> None:
        """Show the bar, unless nothing is to be done."""
        if total:
            self._is_shown = True
            self._bar.update(self._task, total=total)
            self._bar.start()

    def step(self, epoch: int) -> None:
        """Move on by one, for an epoch."""
        speed = self._bar.tasks[0].speed
        self._bar.update(
            self._task,
            advance=1,
            description=f"epoch {epoch}",
            rate="" if speed is None else f"{speed:.1f}/s",
        )

    def end(self) -> None:
        """Leave the bar as it is."""
        if self._is_shown:
            self._bar.stop()


def progress_for(clock: Clock) -> LineProgress | BarProgress:
    """Return what fits where the messages go.

    Args:
        clock: Tells how long it takes.
    """
    return BarProgress() if sys.stderr.isatty() else LineProgress(clock)


def duration_words(seconds: float) -> str:
    """Return a duration for people.

    Args:
        seconds: Not negative.
    """
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes else f"{seconds:.0f} s"
