"""Renders and measures shifts of the simulated lane, one after another or in several processes.

A shift is rendered frame by frame into the pipeline and forgotten, so memory stays flat however
many there are.
"""

import argparse
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np

from edge_lpr.core.settings import LaneSection, VisionSection
from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.simulator.camera import LaneCamera
from edge_lpr.synthesis.simulator.frames import render_shift
from edge_lpr.synthesis.simulator.plan import LaneSettings, Shift, plan_shifts
from edge_lpr.synthesis.simulator.scenarios import FAR_M, NEAR_M
from edge_lpr.training.held_out_typefaces import FaceSet, load_held_out
from edge_lpr.training.laboratory_engine import vision_settings
from edge_lpr.training.passage_outcomes import KnownPassage, PassageTally, tally_passages
from edge_lpr.training.passage_runs import run_passages
from edge_lpr.vision.contracts import NANOSECONDS, Frame
from edge_lpr.vision.engine import Engine, load_engine

_LANE_HALF_M: Final = 1.8
"""Half the width between the lane's edges, and a hand's breadth."""

_HIGHEST_PLATE_M: Final = 1.6
"""Plates hang lower, also on trucks."""


@dataclass(frozen=True, slots=True)
class ShiftOutcome:
    """What was counted in a shift."""

    condition: str
    """Its light and weather."""
    tallies: dict[str, PassageTally]
    """Counts by scenario."""
    frames: int
    """How many frames it had."""
    render_s: float
    """Time that rendering them took."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What a process needs to know besides the shift."""

    settings: VisionSection
    faces: FaceSet


def run_shifts(settings: LaneSettings, arguments: argparse.Namespace) -> Iterator[ShiftOutcome]:
    """Measure shift after shift.

    Args:
        settings: The simulation.
        arguments: Engine, ``typefaces`` and ``processes`` of the command line.

    Yields:
        Outcomes, in order.

    Raises:
        EdgeLprError: Models or typefaces are missing or wrong, or the engine failed.
    """
    job = _Job(vision_settings(arguments), arguments.typefaces)
    shifts = plan_shifts(settings, _typefaces(job.faces))
    if arguments.processes == 1:
        for shift in shifts:
            yield _run_shift(shift, job)
        return
    # Fresh processes: threads of the inference library do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.processes, mp_context=context) as pool:
        waiting: deque[Future[ShiftOutcome]] = deque()
        for shift in shifts:
            waiting.append(pool.submit(_run_shift, shift, job))
            if len(waiting) > arguments.processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@cache
def _typefaces(faces: FaceSet) -> tuple[Typeface, ...]:
    """Load the typefaces once a process."""
    return tuple(load_held_out(faces).values())


@cache
def _engine(settings: VisionSection) -> Engine:
    """Load the models once a process."""
    return load_engine(settings)


def _run_shift(shift: Shift, job: _Job) -> ShiftOutcome:
    """Render a shift through the pipeline, and count."""
    cv2.setNumThreads(1)  # so that what rendering takes is what one core takes
    clock = _RenderingClock()
    run = run_passages(
        clock.frames(shift, _typefaces(job.faces)),
        _engine(job.settings),
        job.settings,
        lane_of(shift.camera),
    )
    tallies = tally_passages(
        [_known(passage_place, shift) for passage_place in range(len(shift.passages))],
        run.sightings,
        run.singles,
        rows_of_frames=[shift.scenario_at(frame) for frame in range(shift.frames)],
        frame_rate_hz=shift.settings.frame_rate_hz,
    )
    return ShiftOutcome(shift.condition.name, tallies, shift.frames, clock.spent_s)


def lane_of(camera: LaneCamera) -> LaneSection:
    """Draw the lane into a camera's picture as an installer would.

    Args:
        camera: A camera of the simulation.

    Returns:
        The lane's settings: a region from its edges on the ground to the height of a truck's
        plate, and an arrow that comes nearer.
    """
    corners = [
        (side * _LANE_HALF_M, height_m, distance_m)
        for side in (-1, 1)
        for height_m in (0.0, _HIGHEST_PLATE_M)
        for distance_m in (NEAR_M, FAR_M)
    ]
    size_px = np.array(camera.size_px, np.float64)
    shares = np.clip(camera.project(np.array(corners)) / size_px, 0, 1)
    hull = cv2.convexHull(shares.astype(np.float32))[:, 0].astype(float)
    ends = camera.project(np.array([[0.0, 0.0, FAR_M], [0.0, 0.0, NEAR_M]])) / size_px
    (x0, y0), (x1, y1) = np.clip(ends, 0, 1).tolist()
    region = tuple((x, y) for x, y in np.clip(hull, 0, 1).tolist())
    return LaneSection(number=1, region=region, arrow=((x0, y0), (x1, y1)))


class _RenderingClock:
    """Renders, and knows how long that took."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.spent_s = 0.0

    def frames(self, shift: Shift, typefaces: tuple[Typeface, ...]) -> Iterator[Frame]:
        """Render the frames of a shift."""
        pictures, index = render_shift(shift, typefaces), 0
        while True:
            began_s = time.thread_time()
            picture_bgr = next(pictures, None)
            self.spent_s += time.thread_time() - began_s
            if picture_bgr is None:
                return
            yield Frame(
                picture_bgr, index, round(index * NANOSECONDS / shift.settings.frame_rate_hz)
            )
            index += 1


def _known(place: int, shift: Shift) -> KnownPassage:
    """Say of a simulated passage what is known of any."""
    passage = shift.passages[place]
    return KnownPassage(
        text=passage.text,
        first_seen=passage.first_seen,
        last_seen=passage.last_seen,
        first_readable=passage.first_readable,
        last_readable=passage.last_readable,
        direction=passage.direction,
        row=passage.scenario,
    )
