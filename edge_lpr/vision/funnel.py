"""Counts what happens to frames, detections, readings and passages, loss by loss.

A technician reads the funnel from top to bottom and sees where plates are lost. Numbers only:
there is nothing here that could hold a plate.
"""

from typing import Literal, TypeAlias, get_args

Count: TypeAlias = Literal[
    "frames",
    "unreadable_frames",
    "detector_failures",
    "detections",
    "low_confidence",
    "small",
    "corner_failures",
    "no_plate",
    "reader_failures",
    "readings",
    "unsure",
    "agreed",
    "repeated",
    "ended_without_agreement",
    "handed_over",
    "undelivered",
]
"""Every counter, in the order of the journey.

``detections`` are all the detector made. Dropped are ``low_confidence`` and ``small`` ones, and
those that are ``no_plate`` when they are looked at closely; the rest are read and make the
``readings``, of which ``unsure`` ones have no vote. A passage ends ``agreed`` (and is then
``handed_over`` unless ``repeated``) or ``ended_without_agreement``. ``undelivered`` were handed
over, but the tokeniser never acknowledged them.
"""


class Funnel:
    """Count one run of the vision process."""

    def __init__(self) -> None:
        """Start with every counter at zero, so that a zero is seen as one."""
        self._counters: dict[str, int] = dict.fromkeys(get_args(Count), 0)

    def add(self, count: Count, number: int = 1) -> None:
        """Count.

        Args:
            count: What happened.
            number: How often, not negative.
        """
        self._counters[count] += number

    def counters(self) -> dict[str, int]:
        """Return a copy of all counters, in the order of the journey."""
        return dict(self._counters)
