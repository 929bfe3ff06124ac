"""How lens, shutter and light are, told by the plates that pass: numbers, and never a picture.

Beside each plate that is looked at anyway its edges are measured, its size, place, angles and
brightness; once a second the whole picture's light and detail. What is kept of a plate is ten
numbers, of a frame four and a grid of 48. Thresholds and how they were found: ``docs/diagnose.md``.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.check_words import Verdict
from edge_lpr.core.clock import Clock
from edge_lpr.handoff.diagnosis_message import Check, bounded_check
from edge_lpr.vision.contracts import NANOSECONDS, Detection, Frame
from edge_lpr.vision.optics_measures import (
    PlateFigures,
    covered,
    look_at_scene,
    plate_figures,
    view_angles_degree,
)

FEWEST_PLATES: Final = 8
"""Fewer plates than these say little: two vehicles or so."""

RED_WIDTH_PX: Final = 75
GREEN_WIDTH_PX: Final = 130
"""Narrower plates are read badly, wider ones as well as any (the design's figures)."""

SOFT_EDGE_PX: Final = 3.2
BLURRED_EDGE_PX: Final = 4.0
"""Widths of an edge across which a plate is out of focus, in the sharper of both directions.
Rendered: in focus 2.1, out by a radius of 1 px 2.6, 2 px 3.3, 3 px 4.9."""

SMEARED_EDGE_PX: Final = 4.2
LONG_SMEAR_PX: Final = 5.2
SMEAR_RATIO: Final = 1.5
"""The same along a smear, and how much wider it is there than across. Rendered: a movement of 3 px
during the exposure 5.3 by 2.1, of 5 px and more 6 (the most that is told) by 2.1."""

MUCH_CLIPPED: Final = 0.10
TOO_MUCH_CLIPPED: Final = 0.25
"""Share of a plate. Rendered: 0 as it is, 0.40 at 2.2 times the light."""

FRAME_CLIPPED: Final = 0.30
"""Share of the whole picture: the sun, or a lamp, looks into the lens."""

DIM_LEVEL: Final = 45
DARK_LEVEL: Final = 25
"""Mean grey level of plates. Rendered: 114 as it is, 13 at an eighth of the light, still found."""

NIGHT_LEVEL: Final = 50
"""Mean grey level of the picture below which it is called night; told, and not judged."""

ROLLED_DEGREE: Final = 10
TOO_ROLLED_DEGREE: Final = 18
"""How far plates lean in the picture. Rendered: upright within 2; turned by 28 degrees 20, because
corners are found nearer to upright than they are."""

ASIDE_DEGREE: Final = 25
TOO_ASIDE_DEGREE: Final = 40
"""From how far beside the lane they are seen; further, and characters run into each other."""

_LATEST: Final = 100
_OLDEST_NS: Final = 1800 * NANOSECONDS
"""Plates that are told from: so many, and none longer ago. Whoever turns the lens sees it change
within a few vehicles."""

_PLATES_A_FRAME: Final = 2
_SCENE_EVERY_NS: Final = NANOSECONDS
_LOOKS: Final = 15
"""Looks at the whole picture, the latest; a part is blind if it was in most of them."""


class Optics:
    """Looks on, and says how the optics are. ``see`` is for the thread of the frames."""

    def __init__(self, clock: Clock) -> None:
        """Begin without a plate.

        Args:
            clock: Its monotonic time forgets what was long ago.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._plates: deque[PlateFigures] = deque(maxlen=_LATEST)
        self._scenes: deque[tuple[float, float]] = deque(maxlen=_LOOKS)
        self._grids: deque[NDArray[np.bool_]] = deque(maxlen=_LOOKS)
        self._next_scene_ns = clock.monotonic_ns()

    def see(self, frame: Frame, plates: Sequence[Detection]) -> None:
        """Measure.

        Args:
            frame: Not modified, and nothing of it is kept but numbers.
            plates: Those in it, with exact corners.
        """
        now_ns = self._clock.monotonic_ns()
        found = [
            plate_figures(frame.image_bgr, plate.quad_frame_px, now_ns)
            for plate in plates[:_PLATES_A_FRAME]
        ]
        scene = None
        if now_ns >= self._next_scene_ns:
            self._next_scene_ns = now_ns + _SCENE_EVERY_NS
            scene = look_at_scene(frame.image_bgr)
        with self._lock:
            self._plates.extend(figures for figures in found if figures is not None)
            if scene is not None:
                self._scenes.append(scene[0])
                self._grids.append(scene[1])

    def recent(self) -> tuple[PlateFigures, ...]:
        """Return what the latest plates have said, oldest first; for any thread."""
        oldest_ns = self._clock.monotonic_ns() - _OLDEST_NS
        with self._lock:
            return tuple(plate for plate in self._plates if plate.seen_ns >= oldest_ns)

    def checks(self) -> Sequence[Check]:
        """Say how the optics are; for any thread."""
        with self._lock:
            scenes, grids = list(self._scenes), list(self._grids)
        plates = self.recent()
        level, clipped = np.median(scenes, axis=0).tolist() if scenes else (0.0, 0.0)
        said = list(_told_by_plates(plates, (level, clipped)))
        blind, side = covered(grids)
        verdict: Verdict = "bad" if side else "good"
        said.append(
            bounded_check(
                "lens_covered",
                verdict if grids else "not_known",
                blind_permille=round(1000 * blind),
                blind_side=side,
            )
        )
        return said


def _told_by_plates(plates: Sequence[PlateFigures], scene: tuple[float, float]) -> Iterator[Check]:
    """Say what plates tell: medians, because one vehicle's dirt is not the camera's."""
    number, is_told = len(plates), len(plates) >= FEWEST_PLATES

    def judged(*, is_bad: bool, is_poor: bool) -> Verdict:
        if not is_told:
            return "not_known"
        return "bad" if is_bad else "warning" if is_poor else "good"

    def median(values: Sequence[float]) -> float:
        return float(np.median(values)) if values else 0.0

    widths = [plate.width_px for plate in plates]
    # The vehicle comes nearer: what it is read by are its widest views.
    width = float(np.quantile(widths, 0.75)) if widths else 0.0
    yield bounded_check(
        "plate_width",
        judged(is_bad=width < RED_WIDTH_PX, is_poor=width < GREEN_WIDTH_PX),
        samples=number,
        upper_px=round(width),
        median_px=round(median(widths)),
    )
    edge_x = median([plate.edge_x_px for plate in plates])
    edge_y = median([plate.edge_y_px for plate in plates])
    sharp, soft = min(edge_x, edge_y), max(edge_x, edge_y)
    is_smeared = soft >= SMEARED_EDGE_PX and soft >= SMEAR_RATIO * sharp
    yield bounded_check(
        "focus",
        judged(is_bad=sharp >= BLURRED_EDGE_PX, is_poor=sharp >= SOFT_EDGE_PX),
        samples=number,
        edge_hundredth_px=round(100 * sharp),
    )
    is_long = is_smeared and soft >= LONG_SMEAR_PX and sharp < SOFT_EDGE_PX
    yield bounded_check(
        "motion_blur",
        judged(is_bad=is_long, is_poor=is_smeared),
        samples=number,
        along_hundredth_px=round(100 * soft),
        across_hundredth_px=round(100 * sharp),
    )
    yield from _told_of_light(plates, scene, is_told=is_told)
    yield from _told_of_place(plates, is_told=is_told)


def _told_of_light(
    plates: Sequence[PlateFigures], scene: tuple[float, float], *, is_told: bool
) -> Iterator[Check]:
    """Say whether there is too much light, or too little."""
    scene_level, scene_clipped = scene
    clipped = float(np.median([plate.clipped_share for plate in plates])) if plates else 0.0
    level = float(np.median([plate.level for plate in plates])) if plates else 0.0
    over: Verdict = "good" if is_told else "not_known"
    if scene_clipped >= FRAME_CLIPPED or (is_told and clipped >= MUCH_CLIPPED):
        over = "warning"
    if is_told and clipped >= TOO_MUCH_CLIPPED:
        over = "bad"
    yield bounded_check(
        "over_exposure",
        over,
        samples=len(plates),
        plate_clipped_permille=round(1000 * clipped),
        frame_clipped_permille=round(1000 * scene_clipped),
        plate_level=round(level),
    )
    under: Verdict = "good" if is_told else "not_known"
    if is_told and level < DIM_LEVEL:
        under = "bad" if level < DARK_LEVEL else "warning"
    yield bounded_check(
        "under_exposure",
        under,
        samples=len(plates),
        plate_level=round(level),
        frame_level=round(scene_level),
        is_night=int(scene_level < NIGHT_LEVEL),
    )


def _told_of_place(plates: Sequence[PlateFigures], *, is_told: bool) -> Iterator[Check]:
    """Say from where plates are seen, and where in the picture."""
    roll = tilt = aspect = yaw = pitch = 0.0
    spread = (0.0, 0.0)
    if plates:
        roll = float(np.median([plate.roll_degree for plate in plates]))
        tilt = float(np.median([plate.tilt_degree for plate in plates]))
        aspect = float(np.median([plate.aspect for plate in plates]))
        yaw, pitch = view_angles_degree(tilt, aspect)
        places = np.array([plate.place for plate in plates])
        low, high = np.quantile(places, 0.1, axis=0), np.quantile(places, 0.9, axis=0)
        spread = tuple((high - low).tolist())
    verdict: Verdict = "good" if is_told else "not_known"
    if is_told and (abs(roll) > ROLLED_DEGREE or yaw > ASIDE_DEGREE):
        is_bad = abs(roll) > TOO_ROLLED_DEGREE or yaw > TOO_ASIDE_DEGREE
        verdict = "bad" if is_bad else "warning"
    yield bounded_check(
        "skew",
        verdict,
        samples=len(plates),
        roll_tenth_degree=round(10 * roll),
        yaw_tenth_degree=round(10 * yaw),
        pitch_tenth_degree=round(10 * pitch),
        spread_x_permille=round(1000 * spread[0]),
        spread_y_permille=round(1000 * spread[1]),
    )
