"""Runs frames through the whole vision pipeline, and takes the time."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from edge_lpr.bench.arguments import EngineName
from edge_lpr.bench.frames import PassagePictures, Timeline
from edge_lpr.core.errors import SettingsError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.vision.contracts import Consensus, Engine, Frame
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """What a run took, and what came of its frames."""

    wall_s: float
    """Time on the clock."""
    cpu_s: float
    """Processor time of all threads of this process."""
    counters: Mapping[str, int]
    """Of the funnel."""

    @property
    def frames_a_second(self) -> float:
        """Frames a second, by the clock."""
        return self.counters["frames"] / self.wall_s


class _Taker:
    """Takes every consensus, and keeps none."""

    def take(self, consensus: Consensus) -> bool:
        """Take it; the caller wipes it."""
        del consensus
        return True


def vision_settings(
    engine: EngineName = "onnx", *, threads: int | None, is_all_read: bool
) -> VisionSection:
    """Return a device's settings.

    Args:
        engine: What runs the models.
        threads: Threads of the inference library; None for the default.
        is_all_read: Every frame is looked at and every plate is read; otherwise what a device may
            skip is skipped.

    Returns:
        Settings, all others at the device's defaults.

    Raises:
        SettingsError: A value is out of range.
    """
    # The section needs a source, which pictures in memory do not have; nobody opens it.
    nowhere = SourceSection(kind="folder", address=".")
    skipping = {"motion_gate": False, "read_again_s": 0.0} if is_all_read else {}
    try:
        return VisionSection.model_validate(
            {"source": nowhere, "engine": engine, "threads": threads, **skipping}
        )
    except ValidationError as error:
        wrong = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise SettingsError(wrong) from error


def run_pipeline(engine: Engine, settings: VisionSection, frames: Iterable[Frame]) -> PipelineRun:
    """Run frames through a new pipeline to their end.

    Args:
        engine: What looks at them.
        settings: Limits of the stages.
        frames: Frames in order; making them counts, so they should be in memory.

    Returns:
        What it took.

    Raises:
        EdgeLprError: The engine failed on ten frames in a row.
    """
    funnel = Funnel()
    pipeline = Pipeline(engine, _Taker(), settings, funnel=funnel, log=Log("bench"))
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    pipeline.run(frames)
    return PipelineRun(time.perf_counter() - wall_s, time.process_time() - cpu_s, funnel.counters())


def frames_of(passages: Sequence[PassagePictures]) -> Iterator[Frame]:
    """Give the frames of passages, one after the other, with time in between.

    Args:
        passages: What drives past. Not modified.

    Yields:
        Frames at 15 a second.
    """
    timeline = Timeline()
    for passage in passages:
        yield from timeline.frames(passage.pictures_bgr)
        timeline.pause()
