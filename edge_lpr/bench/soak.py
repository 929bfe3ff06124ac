"""Pushes many frames through the pipeline, and sees whether memory or open files grow."""

import os
from collections.abc import Iterator, Sequence
from typing import Final

from edge_lpr.bench.figures import Figure, Goal, slope
from edge_lpr.bench.frames import PassagePictures, Timeline, render_still_lane
from edge_lpr.bench.pipeline_runs import run_pipeline, vision_settings
from edge_lpr.bench.process_memory import memory_of, open_descriptors
from edge_lpr.bench.progress import say
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.vision.contracts import Engine, Frame

_POINTS: Final = 10
"""How often memory is measured on the way."""

_WARM_UP_POINTS: Final = 3
"""So many of them are left out: libraries fill their caches in the beginning."""

_EMPTY_FRAMES: Final = 15

_FRAMES_OF_SLOPE: Final = 100_000

_SLOPE_GOAL: Final = Goal(1.0, "at_most")
_DESCRIPTORS_GOAL: Final = Goal(0.0, "at_most")


def measure_soak(
    engine: Engine, passages: Sequence[PassagePictures], frames: int, threads: int
) -> list[Figure]:
    """Let vehicles and an empty lane take turns for a number of frames.

    Args:
        engine: What looks at them.
        passages: Frames with a plate; they drive past over and over.
        frames: How many frames, at least ``_POINTS``.
        threads: As in the settings.

    Returns:
        Memory at the points, its slope after warming up, and how many more files were open at the
        end than there.
    """
    settings = vision_settings(threads=threads, is_all_read=False)
    watch = _Watch(frames)
    run = run_pipeline(engine, settings, watch.watched(_lane(passages)))
    steady = list(zip(watch.places, watch.resident_mb, strict=True))[_WARM_UP_POINTS:]
    growth = slope([place for place, _ in steady], [resident for _, resident in steady])
    figures = [
        Figure("soak", f"memory after {place} frames, RSS", resident, "MB")
        for place, resident in zip(watch.places, watch.resident_mb, strict=True)
    ]
    descriptors = watch.descriptors[_WARM_UP_POINTS:]
    return [
        *figures,
        Figure(
            "soak",
            "growth in 100,000 frames",
            growth * _FRAMES_OF_SLOPE,
            "MB",
            _SLOPE_GOAL,
            f"after {watch.places[_WARM_UP_POINTS]} frames, by least squares; "
            f"{run.counters['tracks']} tracks",
        ),
        Figure(
            "soak",
            "growth of open descriptors",
            float(descriptors[-1] - descriptors[0]),
            "files",
            _DESCRIPTORS_GOAL,
            f"{descriptors[-1]} at the end",
        ),
    ]


def _lane(passages: Sequence[PassagePictures]) -> Iterator[Frame]:
    """Give passages with an empty lane after each, for ever."""
    timeline, empty = Timeline(), render_still_lane(_EMPTY_FRAMES)
    while True:
        for passage in passages:
            yield from timeline.frames(passage.pictures_bgr)
            timeline.pause()
            yield from timeline.frames(empty)


class _Watch:
    """Measures this process while frames go by."""

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._points = {frames * point // _POINTS for point in range(1, _POINTS + 1)}
        self.places: list[int] = []
        self.resident_mb: list[float] = []
        self.descriptors: list[int] = []

    def watched(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Pass so many frames on, and measure at the points."""
        for number in range(1, self._frames + 1):
            yield next(frames)
            if number in self._points:
                self._measure(number)

    def _measure(self, number: int) -> None:
        """Measure once."""
        memory = memory_of(os.getpid())
        if memory is None:
            raise EdgeLprError("the kernel does not say how much memory this process has")
        self.places.append(number)
        self.resident_mb.append(memory.resident_mb)
        self.descriptors.append(open_descriptors())
        say(f"soak, {number} of {self._frames} frames, {memory.resident_mb:.1f} MB")
