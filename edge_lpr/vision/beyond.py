"""Notices plates that pass outside the lanes, where nobody looks: the lanes' corners are wrong.

Only the part of a frame that holds the lanes is looked at for plates. A lane that was drawn on the
pavement, or a camera that was turned away from it, would leave everything at zero, without a word.
So, while something moves anywhere in the picture, the whole of it is looked at now and then. What
is found is counted, inside or outside the lanes, and never read.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.check_words import Verdict
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import CornerError, DetectorError
from edge_lpr.core.settings import VisionSection
from edge_lpr.handoff.diagnosis_message import Check, bounded_check
from edge_lpr.vision.contracts import NANOSECONDS, Detection, Engine, Frame
from edge_lpr.vision.detect import find_plates
from edge_lpr.vision.geometry import plate_size_px
from edge_lpr.vision.lanes import Lanes
from edge_lpr.vision.refine import refine_detections

LOOK_EVERY_NS: Final = 2 * NANOSECONDS
"""At most so often: a look of 20 ms is then a hundredth of the time."""

FEWEST_OUTSIDE: Final = 3
MOSTLY: Final = 3
"""Looks with a plate outside the lanes, and how many times more than with one inside. A camera may
well see its neighbour's lane too; but not three times as much of it as of its own."""

LAST_LOOKS: Final = 60
"""Looks with a plate that are remembered: a camera that was knocked aside after weeks shows itself
in the next three quarters of them."""

_SMALL_PX: Final = (48, 27)
_CHANGED: Final = 12
_FEWEST_CELLS: Final = 8


class BeyondLanes:
    """Looks on. ``see`` is for the thread of the frames, ``checks`` for any."""

    def __init__(self, engine: Engine, settings: VisionSection, lanes: Lanes, clock: Clock) -> None:
        """Begin without a look.

        Args:
            engine: Its detector and corner finder look; in the same thread as the pipeline's.
            settings: What is wide and sure enough to be a plate.
            lanes: Where plates should be.
            clock: Its monotonic time spaces the looks.
        """
        self._engine = engine
        self._settings = settings
        self._lanes = lanes
        self._clock = clock
        self._next_ns = clock.monotonic_ns()
        self._before: NDArray[np.int16] | None = None
        # Whether there was a plate inside the lanes, and one outside, for each of the last looks.
        self._looks: deque[tuple[bool, bool]] = deque(maxlen=LAST_LOOKS)

    def see(self, frame: Frame, plates: Sequence[Detection]) -> None:
        """Look at the whole frame, if something moves and it is time.

        Args:
            frame: Not modified.
            plates: Those in the lanes.
        """
        height_px, width_px = frame.image_bgr.shape[:2]
        window = self._lanes.window(width_px, height_px)
        if (window.width_px, window.height_px) == (width_px, height_px):
            return
        if self._clock.monotonic_ns() < self._next_ns or not (plates or self._has_moved(frame)):
            return
        self._next_ns = self._clock.monotonic_ns() + LOOK_EVERY_NS
        try:
            found = find_plates(self._engine.detector, frame.image_bgr, ())
            refined = refine_detections(self._engine.corner_finder, frame.image_bgr, found)
        except (DetectorError, CornerError):
            # The pipeline meets the same failure, counts it and says it.
            return
        size_px = np.array([width_px, height_px], np.float32)
        places = [
            self._lanes.index_at(plate.quad_frame_px.mean(axis=0) / size_px)
            for plate in refined
            if plate.confidence >= self._settings.minimum_plate_confidence
            and plate_size_px(plate.quad_frame_px)[0] >= self._settings.minimum_plate_width_px
        ]
        if places:
            # What moved without a plate says nothing of where plates pass.
            self._looks.append(
                (any(place is not None for place in places), any(place is None for place in places))
            )

    def checks(self) -> Sequence[Check]:
        """Say how many of the last looks that found a plate found it where."""
        # A copy: the thread of the frames goes on.
        looks = tuple(self._looks)
        inside = sum(is_inside for is_inside, _ in looks)
        outside = sum(is_outside for _, is_outside in looks)
        verdict: Verdict = "good" if inside else "not_known"
        if outside >= FEWEST_OUTSIDE and outside >= MOSTLY * inside:
            verdict = "bad"
        return (
            bounded_check(
                "lane_region",
                verdict,
                looks=len(looks),
                inside=inside,
                outside=outside,
            ),
        )

    def _has_moved(self, frame: Frame) -> bool:
        """Return whether the picture differs from the frame before."""
        small = cv2.resize(
            np.ascontiguousarray(frame.image_bgr[::4, ::4, 1]),
            _SMALL_PX,
            interpolation=cv2.INTER_AREA,
        ).astype(np.int16)
        before, self._before = self._before, small
        if before is None:
            return False
        return int(np.count_nonzero(np.abs(small - before) > _CHANGED)) >= _FEWEST_CELLS
