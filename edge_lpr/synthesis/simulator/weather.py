"""What comes between the lane and the picture: rain, glare, noise, exposure; and people on foot."""

from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.simulator.camera import LaneCamera
from edge_lpr.synthesis.simulator.conditions import Condition

_MARGIN_PX: Final = 64
_MIDDLE: Final = 128
"""What stands for no noise in a stored byte."""

_STREAKS: Final = 6
"""Pictures of falling drops that frames take at random."""

_HALO_PX: Final = 128
_EXPOSURE_STEP: Final = 0.15
"""Share of the way to its new aim that the exposure goes in each frame."""


class Rain:
    """Falling drops, and drops on the glass."""

    def __init__(self, size_px: tuple[int, int], rng: np.random.Generator) -> None:
        """Draw drops ahead.

        Args:
            size_px: Width and height of a frame.
            rng: Where the randomness comes from.
        """
        width, height = size_px
        self._streaks = [_draw_streaks(size_px, rng) for _ in range(_STREAKS)]
        self._drops = [
            (int(rng.integers(0, width - 40)), int(rng.integers(0, height - 40)), int(side))
            for side in rng.integers(14, 38, int(rng.integers(5, 14)))
        ]

    def fall(self, scene: BgrImage, rng: np.random.Generator) -> BgrImage:
        """Let it rain.

        Args:
            scene: Shape (H, W, 3), uint8. Not modified.
            rng: Where the randomness comes from.

        Returns:
            The rainy scene, in memory of its own.
        """
        wet = cv2.add(scene, self._streaks[rng.integers(_STREAKS)])
        for x, y, side in self._drops:
            here = wet[y : y + side, x : x + side]
            soft = cv2.blur(here, (side // 2, side // 2))
            # A drop is a lens: what is seen in it stands on its head.
            cv2.addWeighted(soft[::-1], 0.7, here, 0.3, 4, dst=here)
        return wet.astype(np.uint8, copy=False)


def _draw_streaks(size_px: tuple[int, int], rng: np.random.Generator) -> BgrImage:
    """Draw drops as streaks: near ones long and bright, far ones many and faint."""
    width, height = size_px
    grey = np.zeros((height, width), np.uint8)
    lean = rng.normal(0, 0.12)
    for _ in range(round(700 * width / 1280)):
        nearness = rng.random() ** 3
        length = (8 + 60 * nearness) * width / 1280
        x, y = rng.random(2) * (width, height)
        light = round(18 + 60 * rng.random())
        end = (round(x + lean * length), round(y + length))
        cv2.line(grey, (round(x), round(y)), end, light, 1 + int(nearness > 0.6), cv2.LINE_AA)  # noqa: PLR2004
    soft = cv2.GaussianBlur(grey, (3, 3), 0.8)
    return cv2.merge([soft, soft, soft]).astype(np.uint8, copy=False)


class NoiseBank:
    """A sensor: noise that is new in every frame, and an exposure that strays."""

    def __init__(
        self, size_px: tuple[int, int], condition: Condition, rng: np.random.Generator
    ) -> None:
        """Draw noise ahead, of which each frame takes another window.

        Args:
            size_px: Width and height of a frame.
            condition: How much noise there is, and how far the exposure strays.
            rng: Where the randomness comes from.
        """
        width, height = size_px
        shape = (height + _MARGIN_PX, width + _MARGIN_PX)
        if condition.infrared:
            grey = rng.standard_normal(shape, np.float32)[:, :, None].repeat(3, axis=2)
        else:
            grey = rng.standard_normal((*shape, 3), np.float32)
        self._bank = np.clip(np.rint(grey * condition.noise) + _MIDDLE, 0, 255).astype(np.uint8)
        self._size_px = size_px
        self._wander = condition.wander
        self._rng = rng
        self._gain = self._aim = 1.0

    def expose(self, scene: BgrImage, rain: Rain | None) -> BgrImage:
        """Take a picture of a scene.

        Args:
            scene: Shape (H, W, 3), uint8. Not modified.
            rain: What falls, or nothing.

        Returns:
            The frame, in memory of its own.
        """
        width, height = self._size_px
        y, x = (int(value) for value in self._rng.integers(_MARGIN_PX, size=2))
        if self._rng.random() < 0.02:  # noqa: PLR2004 - the exposure finds a new aim every 3 s
            self._aim = 1.0 + float(self._rng.uniform(-1, 1)) * self._wander
        self._gain += _EXPOSURE_STEP * (self._aim - self._gain)
        wet = scene if rain is None else rain.fall(scene, self._rng)
        window = self._bank[y : y + height, x : x + width]
        frame = cv2.addWeighted(wet, self._gain, window, 1.0, -_MIDDLE)
        return frame.astype(np.uint8, copy=False)


def _draw_disc() -> BgrImage:
    """Draw a lamp's halo: a bright middle and a long faint tail."""
    y, x = np.mgrid[-1 : 1 : _HALO_PX * 1j, -1 : 1 : _HALO_PX * 1j]
    away = np.hypot(x, y)
    light = 0.75 * np.exp(-((away / 0.16) ** 2)) + 0.4 * np.exp(-((away / 0.42) ** 2))
    light = light * np.clip(1 - away, 0, 1)
    disc: BgrImage = np.clip(light * 255, 0, 255).astype(np.uint8)[:, :, None].repeat(3, axis=2)
    return disc


_DISC: Final = _draw_disc()


def draw_halo(
    scene: BgrImage, at_px: tuple[float, float], reach_px: float, strength: float
) -> None:
    """Let a lamp shine, in place.

    Args:
        scene: Shape (H, W, 3), uint8. **Modified.**
        at_px: Where the lamp is, (x, y).
        reach_px: How far its light spreads.
        strength: 0 to 1.
    """
    side = max(3, round(2 * reach_px))
    left, top = round(at_px[0] - side / 2), round(at_px[1] - side / 2)
    height, width = scene.shape[:2]
    first_x, first_y = max(0, left), max(0, top)
    last_x, last_y = min(width, left + side), min(height, top + side)
    if last_x <= first_x or last_y <= first_y:
        return
    disc = cv2.resize(_DISC, (side, side))
    seen = disc[first_y - top : last_y - top, first_x - left : last_x - left]
    here = scene[first_y:last_y, first_x:last_x]
    cv2.scaleAdd(seen, strength, here, dst=here)


def cast_shade(scene: BgrImage, share: float) -> None:
    """Let a cloud's shadow pass over the lane, in place.

    Args:
        scene: Shape (H, W, 3), uint8. **Modified.**
        share: How far it has come, 0 to 1.
    """
    height, width = scene.shape[:2]
    top, side = height // 2, width // 3
    left = round((width - side) * (1 - share))
    here = scene[top:, left : left + side]
    # Dark in the middle, nothing at the edges: a bump of the cosine in both directions.
    across, down = (np.hanning(length).astype(np.float32) for length in here.shape[1::-1])
    shade = 1 - np.float32(0.4) * np.outer(down, across)
    here[:] = (here * shade[:, :, None]).astype(np.uint8)


def draw_walker(scene: BgrImage, camera: LaneCamera, condition: Condition, share: float) -> None:
    """Draw somebody who crosses the lane, in place.

    Args:
        scene: Shape (H, W, 3), uint8. **Modified.**
        camera: Whose view it is.
        condition: The light.
        share: How far they have come, 0 to 1.
    """
    x_m, z_m = -3.5 + 7 * share, 9.0
    step = np.sin(share * 40)
    parts = (
        (((-0.06, 0.9), (0.22 * step, 0.0)), 0.13, (62, 52, 46)),
        (((0.06, 0.9), (-0.22 * step, 0.0)), 0.13, (52, 44, 40)),
        (((0.0, 1.45), (0.0, 0.9)), 0.36, (60, 70, 128)),
        (((0.0, 1.68), (0.0, 1.66)), 0.2, (120, 150, 190)),
    )
    gain = float(np.mean(condition.scene_gain)) * (2 if condition.infrared else 1)
    for ((ax, ay), (bx, by)), width_m, colour in parts:
        points = camera.project(np.array([[x_m + ax, ay, z_m], [x_m + bx, by, z_m]]))
        start, end = ((round(float(x)), round(float(y))) for x, y in points)
        lit = [min(255, round(gain * value)) for value in colour]
        if condition.infrared:
            lit = [round(sum(lit) / 3)] * 3
        cv2.line(
            scene, start, end, lit, max(1, round(width_m * camera.focal_px / z_m)), cv2.LINE_AA
        )
