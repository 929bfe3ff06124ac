"""Counts what happens to frames, detections, readings and passages, loss by loss.

A technician reads the funnel from top to bottom and sees where plates are lost. Numbers only:
there is nothing here that could hold a plate.
"""

from edge_lpr.core.vision_counts import VISION_COUNTERS, VisionCount


class Funnel:
    """Count one run of the vision process."""

    def __init__(self) -> None:
        """Start with every counter at zero, so that a zero is seen as one."""
        self._counters: dict[str, int] = dict.fromkeys(VISION_COUNTERS, 0)

    def add(self, count: VisionCount, number: int = 1) -> None:
        """Count.

        Args:
            count: What happened.
            number: How often, not negative.
        """
        self._counters[count] += number

    def counters(self) -> dict[str, int]:
        """Return a copy of all counters, in the order of the journey."""
        return dict(self._counters)
