"""Where a point of the lane falls in the picture: a pinhole camera above the kerb."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import Quad

Metres: TypeAlias = NDArray[np.float64]
"""Points, shape (n, 3): right of the lane's middle, above the ground, away from the camera."""


@dataclass(frozen=True)
class LaneCamera:
    """One camera as an installer left it."""

    width_px: int
    """Width of its frames."""
    height_px: int
    """Height of its frames."""
    focal_px: float
    """Focal length in pixels."""
    height_m: float
    """How high it hangs."""
    aside_m: float
    """How far right of the lane's middle it hangs."""
    pitch_rad: float
    """How far it looks down."""
    yaw_rad: float
    """How far it looks to the left."""
    roll_rad: float
    """How far it hangs askew, clockwise."""

    @cached_property
    def rotation(self) -> NDArray[np.float64]:
        """Matrix from the lane's axes to the camera's: right, down, forward."""
        sin, cos = np.sin, np.cos
        pitch, yaw, roll = self.pitch_rad, self.yaw_rad, self.roll_rad
        down = np.diag((1.0, -1.0, 1.0))
        about_y = np.array([[cos(yaw), 0, sin(yaw)], [0, 1, 0], [-sin(yaw), 0, cos(yaw)]])
        about_x = np.array([[1, 0, 0], [0, cos(pitch), -sin(pitch)], [0, sin(pitch), cos(pitch)]])
        about_z = np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]])
        matrix: NDArray[np.float64] = about_z @ about_x @ about_y @ down
        return matrix

    def project(self, points_m: Metres) -> Quad:
        """Project points.

        Args:
            points_m: Points of the lane, all before the camera. Not modified.

        Returns:
            Pixels, shape (n, 2), float32; they may lie outside the frame.
        """
        seen = (points_m - (self.aside_m, self.height_m, 0.0)) @ self.rotation.T
        centre = np.array((self.width_px / 2, self.height_px / 2))
        pixels: Quad = (seen[:, :2] / seen[:, 2:] * self.focal_px + centre).astype(np.float32)
        return pixels

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of a frame."""
        return self.width_px, self.height_px


def draw_camera(width_px: int, rng: np.random.Generator) -> LaneCamera:
    """Hang a camera up as somebody might, so that plates grow from 50 to 200 px (of 1280).

    Args:
        width_px: Width of its frames; they are 16 : 9.
        rng: Where the randomness comes from.

    Returns:
        The camera.
    """
    focal = float(rng.uniform(1330, 1480)) / 1280 * width_px
    height_m, aside_m = float(rng.uniform(1.6, 2.1)), float(rng.uniform(-0.9, 0.9))
    # A plate half a metre above the ground leaves the picture 3.5 m before the camera.
    lowest = np.arctan((height_m - 0.45) / 3.5)
    pitch = lowest - np.arctan(0.46 * width_px * 9 / 16 / focal)
    return LaneCamera(
        width_px=width_px,
        height_px=width_px * 9 // 16,
        focal_px=focal,
        height_m=height_m,
        aside_m=aside_m,
        pitch_rad=float(pitch),
        # It looks at the lane's middle 8 m away, or nearly.
        yaw_rad=float(np.arctan(aside_m / 8) + rng.normal(0, 0.01)),
        roll_rad=float(rng.normal(0, 0.015)),
    )
