"""Measures what a technician turns: how large, sharp, bright and straight the last plates were.

Numbers of a plate as a whole; nothing that could tell one character from another.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.handoff.aim_message import GAUGE_RANGES, Gauge
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage, Quad
from edge_lpr.vision.geometry import plate_size_px
from edge_lpr.vision.legibility import steepness
from edge_lpr.vision.rectify import rectify_plate

_REMEMBERED: Final = 10
"""Vehicles that a gauge is the median of."""

_VEHICLES: Final = 3
"""Nothing is told of fewer: how a single plate looks hangs on its text a little. Each vehicle is
one number in a median, however long it stands."""

_LOOKS: Final = 30
"""Of a vehicle, the last ones, whose median is the vehicle's number."""

_GAP_NS: Final = 2 * NANOSECONDS
"""A plate after so long is another vehicle's."""

_JUMP_WIDTHS: Final = 3.0
"""And so is one that is so many of its widths away from where each was a moment ago. Far, because
two vehicles taken for one only let gauges wait, but one taken for three would tell its own numbers:
at ten frames a second this is 50 km/h."""

_EVEN: Final = 0.9
"""Vertical over horizontal gradients of a plate that does not move.

Source:
    Measured on 30 plates of the rendered lane: 0.78 to 1.19 for eight of ten; 0.66 where the frame
    is blurred over a sixth of the plate's height, 0.45 over a third, and above 1.3 where it is
    blurred as far to the side.
"""

_CLIPPED: Final = 250
"""From this grey level on nothing is told apart."""


@dataclass(frozen=True, slots=True)
class PlateMeasures:
    """One plate in one frame."""

    width_px: float
    focus_percent: float
    """Steepness of its strokes; from 110 on more changes nothing (``legibility.py``)."""
    blur_percent: float
    """How much weaker the strokes across the motion are than those along it."""
    brightness_percent: float
    glare_percent: float
    """Share of it that is white beyond the camera's range."""
    roll_deg: float
    """How far its upper edge falls to the right."""
    slant_deg: float
    """How far its left edge leans against a right angle to the upper one."""


def measure_plate(frame_bgr: BgrImage, quad: Quad) -> PlateMeasures:
    """Measure one plate.

    Args:
        frame_bgr: Frame, shape (H, W, 3), uint8, BGR. Not modified.
        quad: Its corners in the frame.
    """
    plate_bgr = rectify_plate(frame_bgr, quad)
    gray: NDArray[np.uint8] = np.asarray(cv2.cvtColor(plate_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    sideways = cv2.norm(cv2.Sobel(gray, cv2.CV_16S, 1, 0), cv2.NORM_L1)
    upwards = cv2.norm(cv2.Sobel(gray, cv2.CV_16S, 0, 1), cv2.NORM_L1)
    even = (upwards + 1) / (sideways + 1) / _EVEN
    upper, left = quad[1] - quad[0], quad[3] - quad[0]
    roll_deg = _angle_deg(upper)
    return PlateMeasures(
        width_px=plate_size_px(quad)[0],
        focus_percent=100 * steepness(plate_bgr),
        blur_percent=100 * (1 - min(even, 1 / even)),
        brightness_percent=float(gray.mean()) / 2.55,
        glare_percent=100 * float((gray >= _CLIPPED).mean()),
        roll_deg=roll_deg,
        slant_deg=_angle_deg(left) - 90 - roll_deg,
    )


class _Vehicle:
    """One that passes or stands."""

    def __init__(self) -> None:
        """Begin without a look."""
        self.looks: deque[PlateMeasures] = deque(maxlen=_LOOKS)
        self._box_xyxy = np.zeros(4, np.float32)
        self._seen_ns = 0

    def look(self, measures: PlateMeasures, box_xyxy: NDArray[np.float32], now_ns: int) -> None:
        """Take one look at it in."""
        self.looks.append(measures)
        self._box_xyxy, self._seen_ns = box_xyxy, now_ns

    def may_have(self, box_xyxy: NDArray[np.float32], now_ns: int) -> bool:
        """Tell whether a plate may be its."""
        if now_ns - self._seen_ns > _GAP_NS:
            return False
        ways = np.abs(box_xyxy - self._box_xyxy)
        width_px = max(box[2] - box[0] for box in (box_xyxy, self._box_xyxy))
        return bool((ways <= _JUMP_WIDTHS * width_px).all())


class Gauges:
    """The last vehicles, together."""

    def __init__(self) -> None:
        """Begin with none."""
        self._last: deque[_Vehicle] = deque(maxlen=_REMEMBERED)
        self._plates = 0

    def add(self, measures: PlateMeasures, box_xyxy: NDArray[np.float32], now_ns: int) -> None:
        """Take one plate in.

        Args:
            measures: What it is like.
            box_xyxy: Where it is in the frame, shape (4,), pixels.
            now_ns: When it was seen, not before the one before.
        """
        self._plates += 1
        vehicle = next((each for each in self._last if each.may_have(box_xyxy, now_ns)), None)
        if vehicle is None:
            vehicle = _Vehicle()
            self._last.append(vehicle)
        vehicle.look(measures, box_xyxy, now_ns)

    def told(self) -> Mapping[Gauge, int]:
        """Return the medians, as coarse as they may be told; of few vehicles, nothing."""
        told: dict[Gauge, int] = {"plates": min(self._plates, GAUGE_RANGES["plates"][-1])}
        if len(self._last) < _VEHICLES:
            return told
        for name, steps in GAUGE_RANGES.items():
            # The number of plates is told already.
            field = "width_px" if name == "plate_width_px" else name
            if field != "plates":
                of_vehicles = [
                    np.median([getattr(each, field) for each in vehicle.looks])
                    for vehicle in self._last
                ]
                middle = float(np.median(of_vehicles))
                nearest = round((middle - steps.start) / steps.step)
                told[name] = steps[min(max(nearest, 0), len(steps) - 1)]
        return told


def _angle_deg(edge: NDArray[np.float32]) -> float:
    """Return the direction of an edge, 0 to the right and 90 down."""
    return float(np.degrees(np.arctan2(edge[1], edge[0])))
