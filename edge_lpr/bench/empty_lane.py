"""What an empty lane costs: processor time of the pipeline, decoding apart."""

from collections.abc import Sequence
from typing import Final

from edge_lpr.bench.figures import Figure, Goal, share_of_core
from edge_lpr.bench.frames import Timeline, render_still_lane, render_windy_lane
from edge_lpr.bench.pipeline_runs import run_pipeline, vision_settings
from edge_lpr.bench.progress import say
from edge_lpr.synthesis.simulator.plan import FRAME_RATE_HZ
from edge_lpr.vision.contracts import BgrImage, Engine

_SECONDS: Final = 10
_FRAMES: Final = round(_SECONDS * FRAME_RATE_HZ)

_PICTURES: Final = 15
"""Pictures in memory, shown again and again: no two neighbours have the same noise."""

_GOAL: Final = Goal(5.0, "at_most")


def measure_empty_lane(engine: Engine, threads: int) -> list[Figure]:
    """Measure an empty lane with nothing but noise, and one with wind in the leaves.

    Args:
        engine: What looks at the frames that are not passed over.
        threads: As in the settings.

    Returns:
        Share of a core at 15 frames a second.
    """
    say("empty lane")
    return [
        _measure(engine, threads, "still", render_still_lane(_PICTURES), _GOAL),
        _measure(engine, threads, "with leaves and changing light", render_windy_lane(), None),
    ]


def _measure(
    engine: Engine, threads: int, name: str, pictures_bgr: Sequence[BgrImage], goal: Goal | None
) -> Figure:
    """Show pictures for ten seconds."""
    settings = vision_settings(threads=threads, is_all_read=False)
    shown = [pictures_bgr[number % len(pictures_bgr)] for number in range(_FRAMES)]
    run = run_pipeline(engine, settings, Timeline().frames(shown))
    return Figure(
        "empty",
        f"empty lane, {name}",
        share_of_core(run.cpu_s, run.counters["frames"], FRAME_RATE_HZ),
        "% of a core",
        goal,
        f"{FRAME_RATE_HZ:.0f} frames a second, decoding apart; "
        f"{run.counters['still']} of {run.counters['frames']} frames passed over",
    )
