"""The bench from its first to its last row; how each is measured is in the files it calls."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2

from edge_lpr.bench.arguments import BenchOptions, EngineName
from edge_lpr.bench.booth import measure_booth
from edge_lpr.bench.clip import measure_decoding, write_clip
from edge_lpr.bench.empty_lane import measure_empty_lane
from edge_lpr.bench.figures import Figure
from edge_lpr.bench.frames import render_day
from edge_lpr.bench.hit_list import hit_list_figures
from edge_lpr.bench.pipeline_runs import vision_settings
from edge_lpr.bench.progress import say
from edge_lpr.bench.soak import measure_soak
from edge_lpr.bench.speed import collect_passages, measure_speed, measure_stages
from edge_lpr.bench.tokens import measure_tokens
from edge_lpr.vision.contracts import Engine
from edge_lpr.vision.engine import load_engine

_MOST_CLIP_PASSAGES: Final = 6
"""Most vehicles of the video, which is three quarters of a minute of lane then."""

_FRAMES_A_CLIP_PASSAGE: Final = 8
"""A short bench has a short video: it has a vehicle for so many frames with a plate."""

_WITH_PLATES: Final = frozenset({"speed", "stages", "soak"})
_WITH_VIDEO: Final = frozenset({"decoding", "booth"})


def run_bench(options: BenchOptions) -> Iterator[Figure]:
    """Measure what the options ask for.

    Args:
        options: Of the command line.

    Yields:
        Figures, in order.

    Raises:
        EdgeLprError: The engine cannot be loaded, or failed; the message says what to do.
        OSError: A temporary file cannot be written.
    """
    if set(options.rows) != {"tokens"}:
        yield from _measure_vision(options)
    if "tokens" in options.rows:
        yield from measure_tokens()
        yield from hit_list_figures()


def _measure_vision(options: BenchOptions) -> Iterator[Figure]:
    """Measure what needs the models."""
    threads = vision_settings(threads=options.threads, is_all_read=True).inference_threads
    # As the vision process does.
    cv2.setNumThreads(threads)
    say(f"loading the models, {threads} threads")
    engines = _load_engines(options.engine, threads)
    yield from _measure_pipeline(options, engines, threads)
    # A booth needs the machine's memory and threads for itself.
    engine_names = tuple(engines)
    engines.clear()
    if _WITH_VIDEO & set(options.rows):
        yield from _measure_video(options, engine_names)


def _load_engines(engine: EngineName, threads: int) -> dict[EngineName, Engine]:
    """Load the device's engine, and the stock libraries if they are asked for."""
    names: tuple[EngineName, ...] = ("onnx", "torch") if engine == "torch" else ("onnx",)
    return {
        name: load_engine(vision_settings(name, threads=threads, is_all_read=True))
        for name in names
    }


def _measure_pipeline(
    options: BenchOptions, engines: dict[EngineName, Engine], threads: int
) -> Iterator[Figure]:
    """Measure what runs in this process."""
    engine = engines["onnx"]
    if _WITH_PLATES & set(options.rows):
        say(f"rendering {options.frames} frames")
        passages, read = collect_passages(engine, options.frames, threads)
        if "speed" in options.rows:
            yield from measure_speed(engines, passages, read, threads)
        if "stages" in options.rows:
            yield from measure_stages(engine, passages, threads)
        if "soak" in options.rows:
            yield from measure_soak(engine, passages, options.soak_frames, threads)
    if "empty" in options.rows:
        yield from measure_empty_lane(engine, threads)


def _measure_video(options: BenchOptions, engine_names: tuple[EngineName, ...]) -> Iterator[Figure]:
    """Measure what needs a video."""
    say("rendering a video")
    with tempfile.TemporaryDirectory(prefix="edge-lpr-") as folder:
        passages = min(_MOST_CLIP_PASSAGES, max(1, options.frames // _FRAMES_A_CLIP_PASSAGE))
        clip = write_clip(Path(folder), render_day(passages))
        if "decoding" in options.rows:
            yield from measure_decoding(clip)
        if "booth" in options.rows:
            for name in engine_names:
                yield from measure_booth(clip, name)
