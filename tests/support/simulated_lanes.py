"""Small simulated lanes, lettered in OpenCV's strokes: fast, and no font file is needed."""

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.simulator.conditions import DAY, Condition
from edge_lpr.synthesis.simulator.plan import LaneSettings, Shift, plan_shifts

TYPEFACES = (HersheyTypeface("duplex", 0.16),)


def small_lane(
    *cycle: str,
    passages: int = 1,
    seed: int = 0,
    conditions: tuple[Condition, ...] = (DAY,),
) -> LaneSettings:
    """Ask for a lane of the given scenarios at 5 frames a second of 640 x 360."""
    return LaneSettings(
        passages=passages, seed=seed, width_px=640, frame_rate_hz=5.0, stop_s=6.0, empty_s=6.0,
        passages_a_shift=4, conditions=conditions, cycle=cycle or ("plain",),
    )  # fmt: skip


def small_shifts(settings: LaneSettings) -> list[Shift]:
    """Plan its shifts."""
    return list(plan_shifts(settings, TYPEFACES))
