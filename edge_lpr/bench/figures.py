"""What the bench reports: a figure, the goal beside it, and the arithmetic that makes figures."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

RowName: TypeAlias = Literal["speed", "stages", "decoding", "booth", "empty", "tokens", "soak"]
"""What can be asked for with ``--only``; ``soak`` is asked for with its own option."""

MEBIBYTE: Final = 1024 * 1024

_PER_CENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a figure is wanted to be (``at_least`` or ``at_most``, in the figure's unit)."""

    limit: float
    """The limit itself is good enough."""
    kind: Literal["at_least", "at_most"]
    """Which side of it is good."""

    def is_met_by(self, value: float) -> bool:
        """Return whether a value reaches the goal."""
        return value >= self.limit if self.kind == "at_least" else value <= self.limit


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    row: RowName
    """What it belongs to."""
    name: str
    """What was measured, unique in the report."""
    value: float | None
    """What came out, finite; None if it could not be measured here, as the remark says."""
    unit: str
    """Unit of the value, and of the goal."""
    goal: Goal | None = None
    """Where it is wanted to be, if a goal names it."""
    remark: str = ""
    """How it was measured, or why not."""

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without a goal or without a value."""
        if self.goal is None or self.value is None:
            return None
        return self.goal.is_met_by(self.value)


def percentile(values: Sequence[float], per_cent: float) -> float:
    """Return the value that this share of the values does not exceed.

    Args:
        values: At least one. Not modified.
        per_cent: 0 to 100.

    Returns:
        The percentile, between two values in proportion to how near they are.
    """
    return float(np.percentile(values, per_cent))


def slope(places: Sequence[float], values: Sequence[float]) -> float:
    """Return how much the values grow for each unit of their places, by least squares.

    Args:
        places: At least two, not all equal. Not modified.
        values: One for each place. Not modified.

    Returns:
        The slope.
    """
    return statistics.linear_regression(places, values).slope


def share_of_core(cpu_s: float, frames: int, frame_rate_hz: float) -> float:
    """Return what share of one core frames cost when they come at a steady rate.

    Args:
        cpu_s: Processor time that they took together.
        frames: How many there were, at least one.
        frame_rate_hz: Frames a second, positive.

    Returns:
        Share in per cent; above 100 if one core is not enough.
    """
    return _PER_CENT * cpu_s * frame_rate_hz / frames
