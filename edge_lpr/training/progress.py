"""How far a training has come: its clock, its learning rate, and what it says on the screen."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypedDict, TypeVar

WARM_UP_SHARE: Final = 0.03
"""Share of the time in which the rate climbs from nearly zero."""

LEAST_RATE_SHARE: Final = 0.01
"""Share of the highest rate that is left at the end."""

REPORT_EVERY_S: Final = 20.0
"""Seconds between two lines on the screen."""

Item = TypeVar("Item")


class ProgressState(TypedDict):
    """What a checkpoint remembers of the progress."""

    step: int
    elapsed_s: float
    budget_s: float
    peak_rate: float


@dataclass
class Progress:
    """How far a training has come.

    The learning rate follows the clock and not the steps, so that a slow or shared machine too
    ends its schedule in the minutes it was given.
    """

    budget_s: float
    """Seconds the whole training may take, positive."""
    peak_rate: float
    """Highest learning rate."""
    step: int = 0
    """Steps made, over all starts."""
    elapsed_s: float = 0.0
    """Seconds spent, over all starts; time between a checkpoint and a kill is not counted."""
    _began_s: float | None = field(default=None, repr=False)
    """Monotonic time at which the whole training would have begun, had it never been stopped."""

    @property
    def share(self) -> float:
        """Share of the budget that is spent, in [0, 1]."""
        return min(1.0, self.elapsed_s / self.budget_s)

    @property
    def rate(self) -> float:
        """Learning rate of the next step."""
        return self.peak_rate * rate_share(self.share)

    def tick(self) -> None:
        """Count the time that passed; the first call after a start only sets the clock."""
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s - self.elapsed_s
        self.elapsed_s = now_s - self._began_s

    def as_state(self) -> ProgressState:
        """Return what a checkpoint remembers; ``Progress(**state)`` goes on from it."""
        return {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "budget_s": self.budget_s,
            "peak_rate": self.peak_rate,
        }


def rate_share(share: float) -> float:
    """Compute the share of the highest rate: a short climb, then a cosine to one hundredth.

    Args:
        share: Share of the training that is over, in [0, 1].

    Returns:
        A factor in [0, 1].
    """
    climb = min(1.0, share / WARM_UP_SHARE + LEAST_RATE_SHARE)
    cosine = (1 + math.cos(math.pi * share)) / 2
    return climb * (LEAST_RATE_SHARE + (1 - LEAST_RATE_SHARE) * cosine)


class Screen:
    """Prints a line of progress every now and then."""

    def __init__(self, name: str, progress: Progress, batch_size: int) -> None:
        """Prepare for a training.

        Args:
            name: What is trained, first on every line: two trainings may share a screen.
            progress: Its progress, read whenever a line is printed.
            batch_size: Pictures in a step.
        """
        self._name = name
        self._progress = progress
        self.batch_size = batch_size
        """Pictures in a step."""
        self._printed_s = -math.inf
        self._last_step, self._last_elapsed_s = progress.step, progress.elapsed_s

    def is_due(self) -> bool:
        """Tell whether the next line is due."""
        return time.monotonic() - self._printed_s >= REPORT_EVERY_S

    def show(self, losses: Mapping[str, float]) -> None:
        """Print how far it is, how fast, how long it will take, and what it loses.

        Args:
            losses: Parts of the loss by name.
        """
        progress = self._progress
        spent_s = max(progress.elapsed_s - self._last_elapsed_s, 1e-9)
        pace = (progress.step - self._last_step) * self.batch_size / spent_s
        left_min = max(0.0, progress.budget_s - progress.elapsed_s) / 60
        named = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
        self.say(
            f"{progress.share:6.1%}  step {progress.step}  {pace:.1f} pictures/s  "
            f"{left_min:.1f} min left  {named}"
        )
        self._printed_s = time.monotonic()
        self._last_step, self._last_elapsed_s = progress.step, progress.elapsed_s

    def counted(self, items: Sequence[Item], doing: str) -> Iterator[Item]:
        """Go through items, and say now and then how far this is.

        Args:
            items: What to go through.
            doing: What is done with them.

        Yields:
            The items.
        """
        for number, item in enumerate(items):
            if self.is_due():
                self.say(f"{doing}: {number} of {len(items)}")
                self._printed_s = time.monotonic()
            yield item

    def say(self, sentence: str) -> None:
        """Print anything else.

        Args:
            sentence: One line.
        """
        print(f"{self._name:9}{sentence}", flush=True)
