"""Frames a second through the whole pipeline, and where in it the time goes."""

import os
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from edge_lpr.bench.arguments import EngineName
from edge_lpr.bench.figures import Figure, Goal, percentile
from edge_lpr.bench.frames import PassagePictures, Timeline, render_passages
from edge_lpr.bench.pipeline_runs import PipelineRun, frames_of, run_pipeline, vision_settings
from edge_lpr.bench.progress import say
from edge_lpr.core.errors import ModelError
from edge_lpr.vision.contracts import (
    BgrImage,
    CornerFinder,
    Detection,
    Engine,
    Frame,
    PatchFinding,
    PlateDetector,
    PlateReader,
    Reading,
)

_ROUNDS: Final = 3
"""The median of so many is less disturbed by what else the machine does than one long run."""

_TRIED_AT_MOST: Final = 4
"""So many times the wanted frames are rendered at most; nearly all show a plate that is found."""

STAGES: Final = ("detect", "refine", "rectify and read", "track and vote")
"""Stages that are timed, in order; together they are the whole pipeline."""

_RATIO_GOAL: Final = Goal(10.0, "at_least")

_BUSY_LOAD: Final = 1.0
"""From this load on the engines' ratio says nothing: torch's threads wait for each other in a loop,
and where a core is taken they wait for long (measured with two threads: 6 and 68 times, with one
thread 1.5 and 1.8)."""


def collect_passages(
    engine: Engine, number: int, threads: int
) -> tuple[list[PassagePictures], int]:
    """Render frames until the engine has found a plate in enough of them; this warms it up, too.

    Args:
        engine: What looks at them.
        number: How many frames are wanted.
        threads: As in the settings.

    Returns:
        Passages with so many frames together, and in how many of these a plate was read.

    Raises:
        ModelError: The engine finds hardly any plate.
    """
    settings = vision_settings(threads=threads, is_all_read=True)
    passages: list[PassagePictures] = []
    found = tried = read = 0
    for passage in render_passages():
        kept: list[BgrImage] = []
        for picture_bgr in passage.pictures_bgr[: number - found]:
            counters = run_pipeline(engine, settings, Timeline().frames([picture_bgr])).counters
            if counters["readings"]:
                kept.append(picture_bgr)
                read += counters["readings"] > counters["unsure"]
        if kept:
            passages.append(PassagePictures(tuple(kept)))
        found, tried = found + len(kept), tried + len(passage.pictures_bgr)
        if found >= number:
            return passages, read
        if tried > _TRIED_AT_MOST * number:
            break
    raise ModelError(
        f"the models find a plate in {found} of {tried} rendered frames; are they the shipped ones?"
    )


def measure_speed(
    engines: Mapping[EngineName, Engine],
    passages: Sequence[PassagePictures],
    read: int,
    threads: int,
) -> list[Figure]:
    """Measure frames a second, of all engines in turn, so that what disturbs one disturbs all.

    Args:
        engines: By name, ONNX Runtime's first.
        passages: Frames with a plate.
        read: In how many of them ONNX Runtime read a plate.
        threads: As in the settings.

    Returns:
        Figures: every frame detected and every plate read, for each engine; what skipping saves;
        and how many times the stock libraries' speed it is, if they were measured.
    """
    load = os.getloadavg()[0]
    runs: dict[EngineName, list[PipelineRun]] = {name: [] for name in engines}
    skipping: list[PipelineRun] = []
    for number in range(_ROUNDS):
        say(f"speed, round {number + 1} of {_ROUNDS}")
        for name, engine in engines.items():
            settings = vision_settings(name, threads=threads, is_all_read=True)
            runs[name].append(run_pipeline(engine, settings, frames_of(passages)))
        settings = vision_settings(threads=threads, is_all_read=False)
        skipping.append(run_pipeline(engines["onnx"], settings, frames_of(passages)))
    total = sum(len(passage.pictures_bgr) for passage in passages)
    figures = []
    for name, rounds in runs.items():
        counters = rounds[0].counters
        seen = (
            f"{total} frames, a plate found in all and read in {read}; " if name == "onnx" else ""
        )
        figures.append(
            Figure(
                "speed",
                f"frames a second, engine {name}",
                _median_rate(rounds),
                "1/s",
                remark=f"{threads} threads; every frame detected, every plate read: {seen}"
                f"{counters['readings']} plates read in {counters['frames']} frames",
            )
        )
    passed = skipping[0].counters
    figures.append(
        Figure(
            "speed",
            "frames a second, skipping allowed",
            _median_rate(skipping),
            "1/s",
            remark=f"the defaults: {passed['still']} of {passed['frames']} frames passed over, "
            f"{passed['known']} plates not read again",
        )
    )
    if "torch" in runs:
        is_busy = load > _BUSY_LOAD
        figures.append(
            Figure(
                "speed",
                "onnx against torch",
                _median_rate(runs["onnx"]) / _median_rate(runs["torch"]),
                "times",
                None if is_busy else _RATIO_GOAL,
                "same frames, weights, sizes and threads, in turn"
                + (f"; NOT JUDGED, others used the machine (load {load:.1f})" if is_busy else ""),
            )
        )
    return figures


def _median_rate(rounds: Sequence[PipelineRun]) -> float:
    """Return the frames a second of the middle round."""
    return statistics.median(run.frames_a_second for run in rounds)


def measure_stages(
    engine: Engine, passages: Sequence[PassagePictures], threads: int
) -> list[Figure]:
    """Measure what each stage takes of a frame, every frame detected and every plate read.

    Args:
        engine: What looks at the frames.
        passages: Frames with a plate.
        threads: As in the settings.

    Returns:
        Median and 95th percentile of each stage, and of all together.
    """
    settings = vision_settings(threads=threads, is_all_read=True)
    laps = _LapTimer()
    timed = Engine(
        _TimedDetector(engine.detector, laps),
        _TimedCornerFinder(engine.corner_finder, laps),
        _TimedReader(engine.reader, laps),
    )
    for number in range(_ROUNDS):
        say(f"stages, round {number + 1} of {_ROUNDS}")
        run_pipeline(timed, settings, laps.watched(frames_of(passages)))
    figures = []
    for stage in (*STAGES, "whole frame"):
        times_ms = [1000 * lap_s for lap_s in laps.of(stage)]
        for name, per_cent in (("median", 50), ("95th percentile", 95)):
            figures.append(
                Figure("stages", f"{stage}, {name}", percentile(times_ms, per_cent), "ms")
            )
    return figures


class _LapTimer:
    """Cuts the time of each frame into stages, where the engine's parts return.

    So no stage is timed from within the pipeline, and none is left out: what a stage does after
    its network has run, which is little, counts for the next one.
    """

    def __init__(self) -> None:
        """Begin without a frame."""
        self._frames: list[dict[str, float]] = []
        self._last_s = 0.0

    def watched(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Give frames, and take the time of what is done with each."""
        for frame in frames:
            self._frames.append(dict.fromkeys(STAGES, 0.0))
            self._last_s = time.perf_counter()
            yield frame
            self.lap("track and vote")

    def lap(self, stage: str) -> None:
        """Say that a stage has just done its work."""
        now_s = time.perf_counter()
        self._frames[-1][stage] += now_s - self._last_s
        self._last_s = now_s

    def of(self, stage: str) -> list[float]:
        """Return what a stage took, or all of them together, in seconds, frame by frame."""
        if stage in STAGES:
            return [frame[stage] for frame in self._frames]
        return [sum(frame.values()) for frame in self._frames]


class _TimedDetector:
    """A detector whose return ends the first stage."""

    def __init__(self, detector: PlateDetector, laps: _LapTimer) -> None:
        self._detector = detector
        self._laps = laps

    def detect(self, frame_bgr: BgrImage, *, long_side_px: int | None = None) -> list[Detection]:
        """Detect."""
        detections = self._detector.detect(frame_bgr, long_side_px=long_side_px)
        self._laps.lap("detect")
        return detections


class _TimedCornerFinder:
    """A corner finder whose return ends the second stage."""

    def __init__(self, finder: CornerFinder, laps: _LapTimer) -> None:
        self._finder = finder
        self._laps = laps

    def find(self, patches_bgr: Sequence[BgrImage]) -> list[PatchFinding]:
        """Find corners."""
        findings = self._finder.find(patches_bgr)
        self._laps.lap("refine")
        return findings


class _TimedReader:
    """A reader whose last return ends the third stage."""

    def __init__(self, reader: PlateReader, laps: _LapTimer) -> None:
        self._reader = reader
        self._laps = laps

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        """Read."""
        readings = self._reader.read(plates_bgr)
        self._laps.lap("rectify and read")
        return readings
