"""Light and weather under which a lane is seen."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage


@dataclass(frozen=True, slots=True)
class Condition:
    """What light, weather and road do to a picture."""

    name: str
    """Name in tables."""
    scene_gain: tuple[float, float, float]
    """Light on everything but plates: blue, green, red."""
    plate_gain: float
    """Light that a plate throws back."""
    noise: float
    """Standard deviation of the sensor's noise, in grey levels."""
    exposure_s: float
    """How long the shutter is open."""
    lamps: float = 0.0
    """How bright lamps shine, 0 to 1."""
    halo_m: float = 0.3
    """How far a lamp's light spreads in lens and air."""
    rain: bool = False
    """Whether drops fall, and lie on the glass."""
    infrared: bool = False
    """Whether an infra-red lamp beside the camera is the only light."""
    dirt: tuple[float, float] = (0.0, 0.15)
    """Least and most of a plate's dirt, 0 to 1."""
    wander: float = 0.05
    """How far the automatic exposure strays, as a share."""


DAY: Final = Condition("day", (1.0, 1.0, 1.0), 1.0, noise=2.0, exposure_s=1 / 800)
DUSK: Final = Condition(
    "dusk", (0.50, 0.40, 0.38), 0.62, noise=6.0, exposure_s=1 / 180, lamps=0.5, wander=0.1
)
NIGHT_INFRARED: Final = Condition(
    "night infra-red",
    (0.16, 0.16, 0.16),
    0.85,
    noise=5.0,
    exposure_s=1 / 500,
    lamps=0.35,
    infrared=True,
    wander=0.1,
)
RAIN: Final = Condition(
    "rain", (0.66, 0.62, 0.60), 0.68, noise=4.0, exposure_s=1 / 300, lamps=0.3, rain=True
)
GLARE: Final = Condition(
    "headlight glare",
    (0.30, 0.27, 0.27),
    0.6,
    noise=5.0,
    exposure_s=1 / 300,
    lamps=1.0,
    halo_m=1.3,
    wander=0.15,
)
DIRTY: Final = Condition(
    "dirty plates", (0.9, 0.9, 0.9), 0.9, noise=2.5, exposure_s=1 / 600, dirt=(0.35, 0.9)
)

CONDITIONS: Final = (DAY, DUSK, NIGHT_INFRARED, RAIN, GLARE, DIRTY)
"""All, in the order in which shifts take them."""

_INFRARED_WEIGHTS: Final = np.array([[0.25, 0.25, 0.5]], np.float32)
"""What a sensor without its filter makes of blue, green and red."""


def light_scene(picture_bgr: BgrImage, condition: Condition) -> BgrImage:
    """Light something that is no plate.

    Args:
        picture_bgr: Shape (H, W, 3), uint8, as by day. Not modified.
        condition: The light.

    Returns:
        What the camera sees, in memory of its own.
    """
    return _lit(picture_bgr, np.asarray(condition.scene_gain, np.float32), condition)


def light_plate(picture_bgr: BgrImage, condition: Condition) -> BgrImage:
    """Light a plate, whose sheet throws light back to where it came from.

    Args:
        picture_bgr: Shape (H, W, 3), uint8, as by day. Not modified.
        condition: The light.

    Returns:
        What the camera sees, in memory of its own.
    """
    tint = np.asarray(condition.scene_gain, np.float32)
    gain = np.float32(condition.plate_gain) * tint / tint.mean()
    return _lit(picture_bgr, gain.astype(np.float32), condition)


def _lit(picture_bgr: BgrImage, gain: NDArray[np.float32], condition: Condition) -> BgrImage:
    """Multiply by a gain for each channel; infra-red has but one."""
    seen = picture_bgr.astype(np.float32)
    if condition.infrared:
        seen = (seen @ _INFRARED_WEIGHTS.T).repeat(3, axis=2)
    lit: BgrImage = np.clip(seen * gain, 0, 255).astype(np.uint8)
    return lit
