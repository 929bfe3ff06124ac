"""Draws the front of a plain car at a given distance, with a rendered plate on its bumper.

Enough of a car for a detector to find its plate where plates are; no likeness to any make is
meant. The lane around it and the movement belong to ``lane.py``.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.synthesis.plates import RenderedPlate
from edge_lpr.synthesis.scenes import paste_plate
from edge_lpr.synthesis.styles import Colour

Metres: TypeAlias = NDArray[np.float64]
"""Points on the car's front, shape (n, 2), (x, y) in metres, y up from the ground."""

_SUBPIXEL_BITS: Final = 4
"""Fractional bits of a drawn coordinate: a car that moved by whole pixels would jump."""

_PAINTS: Final[tuple[Colour, ...]] = (
    (190, 190, 188), (60, 58, 55), (30, 30, 32), (45, 40, 140), (120, 70, 30), (225, 228, 228),
    (70, 95, 60), (140, 150, 160),
)  # fmt: skip
"""Body colours, blue, green, red."""

_HALF_OUTLINE_M: Final = np.array(
    [[0.0, 1.46], [0.50, 1.44], [0.62, 1.36], [0.78, 0.98], [0.90, 0.86], [0.92, 0.34],
     [0.84, 0.22], [0.0, 0.20]]
)  # fmt: skip
"""Right half of the outline of a compact car 1.84 m wide."""

_HALF_WINDSCREEN_M: Final = np.array(
    [[0.0, 1.40], [0.47, 1.38], [0.56, 1.32], [0.70, 1.00], [0.0, 0.96]]
)
_HALF_GRILLE_M: Final = np.array([[0.0, 0.76], [0.42, 0.74], [0.36, 0.64], [0.0, 0.63]])
_HALF_INTAKE_M: Final = np.array([[0.0, 0.34], [0.62, 0.34], [0.54, 0.24], [0.0, 0.24]])
_LAMP_M: Final = np.array([[0.52, 0.74], [0.84, 0.80], [0.87, 0.68], [0.56, 0.65]])
_TYRE_M: Final = np.array([[0.66, 0.30], [0.88, 0.30], [0.88, 0.0], [0.66, 0.0]])
_SHADOW_M: Final = np.array([[0.0, 0.10], [0.95, 0.08], [1.06, -0.06], [0.0, -0.14]])

_PLATE_HEIGHT_ABOVE_GROUND_M: Final = 0.49
"""Centre of the plate: between the grille and the lower intake."""


@dataclass(frozen=True, slots=True, repr=False)
class Vehicle:
    """One car and the plate it carries. No ``repr``: the plate is in it."""

    plate: RenderedPlate
    """The plate as drawn, flat."""
    plate_width_m: float
    """Width of the plate: 0.52 in Europe, 0.305 in the United States."""
    paint_bgr: Colour
    """Colour of the body."""
    lean_deg: float
    """How far the plate is screwed on crookedly, clockwise."""
    offset_m: float
    """How far right of the lane's middle the car drives."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the car's front stands in the picture."""

    ground_px: tuple[float, float]
    """Pixel below the middle of the bumper."""
    pixels_a_metre: float
    """Scale at the distance of the front."""
    turn: float
    """Sideways foreshortening of the front, -0.2 to 0.2, positive when its right is farther."""


def draw_vehicle_look(
    plate: RenderedPlate, plate_width_m: float, rng: np.random.Generator
) -> Vehicle:
    """Choose a car for a plate.

    Args:
        plate: The plate it will carry.
        plate_width_m: True width of that plate in metres.
        rng: Where the randomness comes from.

    Returns:
        The car.
    """
    return Vehicle(
        plate=plate,
        plate_width_m=plate_width_m,
        paint_bgr=_PAINTS[rng.integers(len(_PAINTS))],
        lean_deg=float(rng.uniform(-1.5, 1.5)),
        offset_m=float(rng.uniform(-0.25, 0.25)),
    )


def draw_vehicle(scene_bgr: BgrImage, vehicle: Vehicle, placement: Placement) -> Quad:
    """Draw a car into a scene.

    Args:
        scene_bgr: Picture to draw into, shape (H, W, 3), uint8. **Modified.**
        vehicle: The car.
        placement: Where it stands; it may reach outside the picture.

    Returns:
        Corners of its plate in pixels of the scene, top-left, top-right, bottom-right,
        bottom-left; they may lie outside.
    """
    paint = np.array(vehicle.paint_bgr, dtype=np.float64)
    _fill(scene_bgr, _both_halves(_SHADOW_M), (38, 38, 40), placement)
    for side in (-1.0, 1.0):
        _fill(scene_bgr, _TYRE_M * (side, 1.0), (22, 22, 22), placement)
    _fill(scene_bgr, _both_halves(_HALF_OUTLINE_M), _shade(paint, 0.92), placement)
    lower = _both_halves(
        np.array([[0.0, 0.62], [0.91, 0.62], [0.92, 0.34], [0.84, 0.22], [0.0, 0.20]])
    )
    _fill(scene_bgr, lower, _shade(paint, 0.72), placement)
    bonnet = _both_halves(np.array([[0.0, 0.95], [0.72, 0.97], [0.80, 0.82], [0.0, 0.79]]))
    _fill(scene_bgr, bonnet, _shade(paint, 1.12), placement)
    _fill(scene_bgr, _both_halves(_HALF_WINDSCREEN_M), (70, 58, 48), placement)
    _fill(scene_bgr, _both_halves(_HALF_GRILLE_M), (30, 30, 30), placement)
    _fill(scene_bgr, _both_halves(_HALF_INTAKE_M), (35, 35, 35), placement)
    for side in (-1.0, 1.0):
        _fill(scene_bgr, _LAMP_M * (side, 1.0), (235, 238, 240), placement)
    return _paste_plate(scene_bgr, vehicle, placement)


def _paste_plate(scene_bgr: BgrImage, vehicle: Vehicle, placement: Placement) -> Quad:
    """Put the plate, its holder included, on the bumper."""
    picture, corners = vehicle.plate.picture_bgr, vehicle.plate.corners_px
    metres_a_pixel = vehicle.plate_width_m / float(corners[1, 0] - corners[0, 0])
    middle = corners.mean(axis=0)
    height, width = picture.shape[:2]
    edges = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5

    def on_bumper(points_px: NDArray[np.floating]) -> Quad:
        flat = (points_px - middle) * metres_a_pixel * (1.0, -1.0)
        lean = np.deg2rad(-vehicle.lean_deg)
        turned = flat @ np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
        return _to_pixels(turned + np.array((0.0, _PLATE_HEIGHT_ABOVE_GROUND_M)), placement)

    light = np.array([[0.95] * 3, [0.0] * 3], np.float32)
    paste_plate(scene_bgr, picture, on_bumper(edges), light=light, blur_px=0.6)
    return on_bumper(corners)


def _fill(scene_bgr: BgrImage, shape_m: Metres, colour_bgr: Colour, placement: Placement) -> None:
    """Fill a polygon given in metres on the car's front."""
    points = np.rint(_to_pixels(shape_m, placement) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(scene_bgr, [points], colour_bgr, cv2.LINE_AA, _SUBPIXEL_BITS)


def _to_pixels(points_m: Metres, placement: Placement) -> Quad:
    """Project points of the car's front; the side that is turned away comes out smaller."""
    nearness = 1.0 - placement.turn * points_m[:, :1] * 0.12
    offsets = points_m * (1.0, -1.0) * placement.pixels_a_metre * nearness
    return (offsets + placement.ground_px).astype(np.float32)


def _both_halves(right_half_m: Metres) -> Metres:
    """Mirror the right half of an outline to the left."""
    return np.vstack([right_half_m, right_half_m[::-1] * (-1.0, 1.0)])


def _shade(paint_bgr: NDArray[np.float64], gain: float) -> Colour:
    """Make a paint lighter or darker."""
    blue, green, red = np.clip(paint_bgr * gain, 0, 255).astype(int).tolist()
    return blue, green, red
