"""Counts what happens to frames, detections, readings and passages, loss by loss.

A technician reads the funnel from top to bottom and sees where plates are lost. Numbers only:
there is nothing here that could hold a plate.
"""

from typing import Literal, TypeAlias, get_args

Count: TypeAlias = Literal[
    "frames",
    "unreadable_frames",
    "still",
    "detector_failures",
    "detections",
    "low_confidence",
    "outside_lanes",
    "small",
    "corner_failures",
    "no_plate",
    "part_of_plate",
    "known",
    "reader_failures",
    "readings",
    "unsure",
    "tracks",
    "glimpsed",
    "unread",
    "read_too_seldom",
    "read_faintly",
    "disagreed",
    "never_moved",
    "agreed",
    "repeated",
    "handed_over",
    "undelivered",
]
"""Every counter, in the order of the journey.

Of the ``frames``, ``still`` ones are not looked at: nothing has moved in them. ``detections`` are
all the detector made. Dropped are ``low_confidence`` and ``small`` ones, those ``outside_lanes``,
and those that are ``no_plate``, or a ``part_of_plate``, when they are looked at closely; ``known``
ones, which are decided, are followed without being read. The rest make the ``readings``, of which
``unsure`` ones have no vote.

Plates that are followed are ``tracks``. Each that is over was one of eight: ``glimpsed`` once and
not read; a plate that could not be read, for it was never read surely (``unread``), too seldom the
same (``read_too_seldom``), only small or blurred (``read_faintly``), or in several ways
(``disagreed``); something that ``never_moved``, as signs do; or ``agreed``, and then
``handed_over`` unless ``repeated``. ``undelivered`` were handed over, but the tokeniser never
acknowledged them.
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
