"""What vision says about itself: its counters' names, and what the camera gives.

Named once for all who must agree: vision counts, the handoff carries, the health record publishes.
Below them all, because vision may not know the wire format.
"""

from typing import Final, Literal, TypeAlias, get_args

VisionCount: TypeAlias = Literal[
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

VISION_COUNTERS: Final[tuple[str, ...]] = get_args(VisionCount)
"""All of them, in the order of the journey; their order in a report is this one."""

CameraState: TypeAlias = Literal["not_known", "good", "away", "frozen", "dark"]
"""What the camera gives; ``not_known``: vision is away, or has not seen a picture yet."""

CAMERA_STATES: Final[tuple[CameraState, ...]] = get_args(CameraState)
"""By their numbers in a report."""
