"""What vision shows whoever aims the camera: outlines, gauges, counters, one sketch; no pixel.

Nothing is measured unless somebody looks: a question opens a session for ten seconds, the next one
keeps it open. The question comes on another thread than the frames.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.clock import Clock
from edge_lpr.core.settings import LaneSection
from edge_lpr.handoff.aim_message import (
    GRID,
    MAXIMUM_OUTLINES,
    MAXIMUM_TILT,
    WIDTHS,
    AimFrame,
    Outline,
    lanes_fingerprint,
    pack_aim_frame,
    step_of,
)
from edge_lpr.handoff.diagnosis_message import AIM, Question, pack_body
from edge_lpr.vision.aim_gauges import Gauges, measure_plate
from edge_lpr.vision.aim_sketch import SAMPLES, SketchMaker
from edge_lpr.vision.contracts import NANOSECONDS, Detection, Frame, Quad
from edge_lpr.vision.geometry import plate_size_px
from edge_lpr.vision.lanes import Lanes

OPEN_NS: Final = 10 * NANOSECONDS
"""How long a question keeps a session open; a page asks every second."""

_TILT_STEP_DEG: Final = 5.0
_TALL_FROM: Final = 0.42
"""Height over width from which a plate is drawn as one of two lines."""


class AimView:
    """Sees frames in one thread, and answers in another."""

    def __init__(
        self,
        lanes: Sequence[LaneSection],
        counters: Callable[[], Mapping[str, int]],
        clock: Clock,
        *,
        samples: int = SAMPLES,
    ) -> None:
        """Begin closed.

        Args:
            lanes: With which this process works.
            counters: Returns its counters, from any thread.
            clock: Its monotonic time closes a session that nobody asks in any more.
            samples: Looks that a cell of the sketch needs.
        """
        self._fingerprint = lanes_fingerprint(lanes)
        self._lanes = Lanes(lanes)
        self._counters = counters
        self._clock = clock
        self._samples = samples
        self._lock = threading.Lock()
        self._open_until_ns: int | None = None
        self._frame_px = (0, 0)
        self._gauges = Gauges()
        self._outlines: deque[Outline] = deque(maxlen=MAXIMUM_OUTLINES)
        self._sketch = SketchMaker(self._lanes, samples)
        self._is_sketch_told = False

    def see(self, frame: Frame, plates: Sequence[Detection]) -> None:
        """Look at a frame and the plates in it, if a session is open.

        Args:
            frame: Its pixels are not modified, and not kept.
            plates: With exact corners.
        """
        with self._lock:
            self._frame_px = frame.image_bgr.shape[1], frame.image_bgr.shape[0]
            if not self._is_open():
                return
            for plate in plates:
                measures = measure_plate(frame.image_bgr, plate.quad_frame_px)
                self._gauges.add(measures, plate.box_xyxy, frame.captured_ns)
                self._outlines.append(outline_of(plate.quad_frame_px, self._frame_px))
            if not self._is_sketch_told:
                boxes_xyxy = [plate.box_xyxy for plate in plates]
                self._sketch.see(frame.image_bgr, frame.captured_ns, boxes_xyxy)

    def __call__(self, question: Question) -> bytes:
        """Answer, and keep the session open.

        Args:
            question: Of the kind ``AIM``; it has no parameters.
        """
        del question
        counters = self._counters()
        with self._lock:
            if not self._is_open():
                self._begin()
            self._open_until_ns = self._clock.monotonic_ns() + OPEN_NS
            sketch = None if self._is_sketch_told else self._sketch.sketch()
            self._is_sketch_told = self._is_sketch_told or sketch is not None
            frame = AimFrame(
                *self._frame_px,
                self._fingerprint,
                self._gauges.told(),
                counters,
                tuple(self._outlines),
                sketch,
            )
            self._outlines.clear()
        return pack_body("vision", AIM, pack_aim_frame(frame))

    def _begin(self) -> None:
        """Forget the session before."""
        self._gauges = Gauges()
        self._outlines.clear()
        self._sketch = SketchMaker(self._lanes, self._samples)
        self._is_sketch_told = False

    def _is_open(self) -> bool:
        """Tell whether somebody has asked a moment ago."""
        return self._open_until_ns is not None and self._clock.monotonic_ns() < self._open_until_ns


def outline_of(quad: Quad, frame_px: tuple[int, int]) -> Outline:
    """Return where a plate is, coarsely enough that nothing of it can be read.

    Args:
        quad: Its corners.
        frame_px: Width and height of the frame.
    """
    width_px, height_px = plate_size_px(quad)
    width_steps = max(1.0, width_px / frame_px[0] * GRID)
    width = min(WIDTHS, key=lambda each: abs(np.log2(each / width_steps)))
    middle = quad.mean(axis=0) / np.array(frame_px, np.float64) * GRID
    edge: NDArray[np.float32] = quad[1] - quad[0]
    tilt = round(float(np.degrees(np.arctan2(edge[1], edge[0]))) / _TILT_STEP_DEG)
    across, down = (_on_grid(float(each), step_of(width)) for each in middle)
    return Outline(
        across,
        down,
        width,
        min(max(tilt, -MAXIMUM_TILT), MAXIMUM_TILT),
        is_tall=height_px > _TALL_FROM * width_px,
    )


def _on_grid(place: float, step: int) -> int:
    """Return the nearest place of the grid that may be told."""
    return min(max(round(place / step) * step, 0), GRID)
