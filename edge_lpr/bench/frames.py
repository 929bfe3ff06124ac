"""Renders what is measured on: frames with a plate, and an empty lane.

Plates are lettered in OpenCV's own strokes, because no font file ships with the package; how fast
a plate is read does not depend on its letters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np

from edge_lpr.synthesis.glyphs import HersheyTypeface, Typeface
from edge_lpr.synthesis.simulator.backdrop import draw_backdrop
from edge_lpr.synthesis.simulator.camera import draw_camera
from edge_lpr.synthesis.simulator.conditions import DAY, DIRTY, DUSK, RAIN
from edge_lpr.synthesis.simulator.frames import render_shift
from edge_lpr.synthesis.simulator.plan import FRAME_RATE_HZ, LaneSettings, Shift, plan_shifts
from edge_lpr.synthesis.simulator.weather import NoiseBank
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage, Frame

WIDTH_PX: Final = 1280

_SEED: Final = 20

_TYPEFACES: Final[tuple[Typeface, ...]] = (HersheyTypeface("duplex", 0.14),)

_FRAMES_A_PASSAGE: Final = 12
"""Most frames of one passage: 0.8 s, in which the plate grows or shrinks by half."""

_LEAST_WIDTH_PX: Final = 60.0
"""Narrower plates are in few frames of a passage, and not surely read."""

_NEAR_WIDTH_PX: Final = 80.0
"""A sharp reading of a plate so wide counts in full."""

_GAP_NS: Final = 3 * NANOSECONDS
"""Time between two passages, on the timeline: longer than what ends one."""

_FRAME_NS: Final = round(NANOSECONDS / FRAME_RATE_HZ)


@dataclass(frozen=True, slots=True, repr=False)
class PassagePictures:
    """A part of one vehicle's passage, frame by frame. No ``repr``: it shows the plate."""

    pictures_bgr: tuple[BgrImage, ...]
    """At least one, each of shape (720, 1280, 3), uint8, BGR."""


def render_passages() -> Iterator[PassagePictures]:
    """Render passages, by day, at dusk, in rain and with dirty plates, for ever.

    Yields:
        The first frames of each in which its plate is whole and 60 px wide.
    """
    settings = LaneSettings(
        passages=1_000_000,
        seed=_SEED,
        passages_a_shift=1,
        conditions=(DAY, DUSK, RAIN, DIRTY),
        cycle=("plain",),
    )
    for shift in plan_shifts(settings, _TYPEFACES):
        passage = shift.passages[0]
        wide = np.flatnonzero(passage.widths_px >= _LEAST_WIDTH_PX)
        if wide.size:
            first = passage.first_readable + int(wide[0])
            last = passage.first_readable + int(wide[-1])
            pictures = islice(render_shift(shift, _TYPEFACES), first, last + 1)
            yield PassagePictures(tuple(islice(pictures, _FRAMES_A_PASSAGE)))


def render_day(passages: int) -> Iterator[BgrImage]:
    """Render one camera's frames by day, from a moment on in which a vehicle is near.

    How long a vehicle takes to come near is no figure of a booth, so the first one's plate is
    large enough from the first frame on for its readings to count in full.

    Args:
        passages: Vehicles that drive past, one after the other; at least one.

    Yields:
        Frames, shape (720, 1280, 3), uint8, BGR, each in memory of its own.
    """
    shift = _plan_day(passages)
    first = shift.passages[0]
    near = first.first_readable + int(np.argmax(first.widths_px >= _NEAR_WIDTH_PX))
    return islice(render_shift(shift, _TYPEFACES), near, None)


def render_still_lane(frames: int) -> list[BgrImage]:
    """Render an empty lane in which only the sensor's noise is new in each frame.

    Args:
        frames: How many, at least one.

    Returns:
        Frames, shape (720, 1280, 3), uint8, BGR, each in memory of its own.
    """
    rng = np.random.default_rng(_SEED)
    camera, condition = draw_camera(WIDTH_PX, rng), replace(DAY, wander=0.0)
    backdrop = draw_backdrop(camera, condition, _TYPEFACES[0], rng)
    noise = NoiseBank(camera.size_px, condition, rng)
    return [noise.expose(backdrop.picture_bgr, None) for _ in range(frames)]


def render_windy_lane() -> list[BgrImage]:
    """Render the two seconds before the first vehicle: leaves move, and the exposure strays.

    Returns:
        Frames, shape (720, 1280, 3), uint8, BGR, each in memory of its own.
    """
    shift = _plan_day(1)
    return list(islice(render_shift(shift, _TYPEFACES), shift.passages[0].first_seen))


def _plan_day(passages: int) -> Shift:
    """Plan vehicles that drive past one camera by day."""
    settings = LaneSettings(
        passages=passages,
        seed=_SEED,
        passages_a_shift=passages,
        conditions=(DAY,),
        cycle=("plain",),
    )
    return next(plan_shifts(settings, _TYPEFACES))


class Timeline:
    """Gives pictures the times at which a camera would have taken them."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._index = 0
        self._now_ns = 0

    def frames(self, pictures_bgr: Sequence[BgrImage]) -> Iterator[Frame]:
        """Give frames at 15 a second.

        Args:
            pictures_bgr: Pictures in order. Not modified, and not copied.

        Yields:
            One frame a picture.
        """
        for picture_bgr in pictures_bgr:
            yield Frame(picture_bgr, self._index, self._now_ns)
            self._index += 1
            self._now_ns += _FRAME_NS

    def pause(self) -> None:
        """Let so much time pass that a passage is over."""
        self._now_ns += _GAP_NS
