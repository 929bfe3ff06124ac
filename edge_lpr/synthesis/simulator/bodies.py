"""Draws fronts and rears of vehicles true to size, flat, with their plates on them.

A vehicle is one flat picture that ``frames.py`` projects into the lane: at plate size nobody, and
no network, sees the rest. No likeness to any make is meant.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage, GreyImage
from edge_lpr.synthesis.simulator.conditions import Condition, light_plate, light_scene
from edge_lpr.synthesis.simulator.plates import LanePlate
from edge_lpr.synthesis.simulator.texture import cloud_noise

Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red."""

_PAINTS: Final[tuple[Colour, ...]] = (
    (205, 205, 202), (72, 70, 68), (34, 33, 35), (60, 50, 150), (130, 86, 44), (228, 230, 230),
    (92, 104, 74), (150, 162, 172), (40, 90, 160),
)  # fmt: skip
_GLASS: Final = (82, 72, 60)
_RUBBER: Final = (26, 26, 27)
_PLASTIC: Final = (44, 43, 42)
_LEVELS: Final = 6
_LEVEL_STEP: Final = 0.7
"""Sizes at which a vehicle is kept, so that one far away is averaged and not merely sampled."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a kind of vehicle looks like."""

    width_m: float
    """Width of its picture."""
    height_m: float
    """Height of its picture, from the ground."""
    plate_m: tuple[float, float]
    """Middle of the plate: right of the vehicle's middle, above the ground."""
    lamps_m: tuple[tuple[float, float], ...]
    """Where its lamps are."""
    lamps_bgr: Colour
    """Colour of its lamps."""
    outline_m: tuple[tuple[float, float], ...]
    """Right half of its outline, from the top to the ground."""


_CAR_OUTLINE: Final = (
    (0.0, 1.47), (0.46, 1.45), (0.60, 1.38), (0.76, 1.02), (0.89, 0.90), (0.92, 0.40),
    (0.88, 0.0), (0.64, 0.0), (0.63, 0.20), (0.0, 0.21),
)  # fmt: skip
_BOX_OUTLINE: Final = ((0.0, 1.0), (0.93, 1.0), (1.0, 0.93), (1.0, 0.0), (0.72, 0.0), (0.7, 0.12),
                       (0.0, 0.12))  # fmt: skip
_RIDER_OUTLINE: Final = (
    (0.0, 1.72), (0.13, 1.68), (0.16, 1.52), (0.12, 1.42), (0.27, 1.34), (0.36, 0.98), (0.26, 0.9),
    (0.24, 0.62), (0.14, 0.5), (0.10, 0.3), (0.08, 0.0), (0.0, 0.0),
)  # fmt: skip


def _box(width_m: float, height_m: float) -> tuple[tuple[float, float], ...]:
    """Scale the outline of a box."""
    return tuple((x * width_m / 2, y * height_m) for x, y in _BOX_OUTLINE)


_WHITE_LAMP: Final = (240, 244, 246)
_RED_LAMP: Final = (50, 40, 210)

BODIES: Final = {
    "car front": Body(1.9, 1.5, (0.0, 0.46), ((0.68, 0.72), (-0.68, 0.72)), _WHITE_LAMP,
                      _CAR_OUTLINE),
    "car rear": Body(1.9, 1.5, (0.0, 0.72), ((0.74, 0.86), (-0.74, 0.86)), _RED_LAMP,
                     _CAR_OUTLINE),
    "van front": Body(2.1, 2.2, (0.0, 0.55), ((0.78, 0.85), (-0.78, 0.85)), _WHITE_LAMP,
                      _box(2.04, 2.15)),
    "van rear": Body(2.1, 2.2, (0.0, 0.62), ((0.93, 0.95), (-0.93, 0.95)), _RED_LAMP,
                     _box(2.04, 2.15)),
    "truck front": Body(2.6, 3.3, (0.0, 0.55), ((0.95, 0.72), (-0.95, 0.72)), _WHITE_LAMP,
                        _box(2.5, 3.2)),
    "truck rear": Body(2.6, 3.3, (-0.55, 0.92), ((0.98, 0.75), (-0.98, 0.75)), _RED_LAMP,
                       _box(2.5, 3.2)),
    "trailer rear": Body(2.2, 0.9, (0.0, 0.46), ((0.85, 0.46), (-0.85, 0.46)), _RED_LAMP,
                         _box(2.1, 0.8)),
    "motorcycle rear": Body(0.8, 1.75, (0.0, 0.66), ((0.0, 0.86),), _RED_LAMP, _RIDER_OUTLINE),
}  # fmt: skip
"""Kinds and the side of them that is seen."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Sprite:
    """A vehicle's picture under one light. No ``repr``: its plate can be read."""

    body: Body
    """What it shows."""
    pixels_a_metre: float
    """Scale of the first level."""
    levels: tuple[tuple[BgrImage, GreyImage], ...]
    """Picture and mask (0 or 255), each level smaller than the one before by ``_LEVEL_STEP``."""

    def level_for(self, pixels_a_metre: float) -> tuple[BgrImage, GreyImage]:
        """Return the smallest level that is not smaller than needed.

        Args:
            pixels_a_metre: Scale at which it will be seen.

        Returns:
            Picture and mask, shared and not to be written to.
        """
        shrink = max(1.0, self.pixels_a_metre / pixels_a_metre)
        level = int(np.log(shrink) / -np.log(_LEVEL_STEP))
        return self.levels[min(level, len(self.levels) - 1)]


def draw_sprite(
    look: str,
    plate: LanePlate,
    condition: Condition,
    rng: np.random.Generator,
    *,
    pixels_a_metre: float,
) -> Sprite:
    """Draw a vehicle with its plate, as it is seen under a light.

    Args:
        look: One of ``BODIES``.
        plate: The plate it carries.
        condition: The light.
        rng: Where the randomness comes from.
        pixels_a_metre: Scale.

    Returns:
        The vehicle.
    """
    body = BODIES[look]
    canvas = _Canvas(body, pixels_a_metre)
    paint = np.asarray(_PAINTS[rng.integers(len(_PAINTS))], np.float64)
    _DRAWERS[look.split(" ", 1)[0]](canvas, body, paint, look.endswith("rear"))
    shine = cloud_noise(canvas.picture.shape[:2], rng, coarsest_px=pixels_a_metre)
    shaded = canvas.picture * (0.86 + 0.28 * shine[:, :, None])
    picture = light_scene(np.clip(shaded, 0, 255).astype(np.uint8), condition)
    lit_plate = light_plate(plate.picture_bgr, condition)
    _screw_plate_on(picture, canvas, lit_plate, plate, rng)
    for x, y in body.lamps_m if condition.lamps > 0 else ():
        place, radius = canvas.place(x, y), max(1, round(0.07 * pixels_a_metre))
        cv2.circle(picture, place, radius, _seen_lamp(body.lamps_bgr, condition), -1, cv2.LINE_AA)
    return Sprite(body, pixels_a_metre, _levels(picture, canvas.mask))


def _levels(picture: BgrImage, mask: GreyImage) -> tuple[tuple[BgrImage, GreyImage], ...]:
    """Average a picture down step by step."""
    levels = [(picture, mask)]
    for step in range(1, _LEVELS):
        size = tuple(max(2, round(side * _LEVEL_STEP**step)) for side in picture.shape[1::-1])
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        small_mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        levels.append((small.astype(np.uint8, copy=False), small_mask.astype(np.uint8, copy=False)))
    return tuple(levels)


class _Canvas:
    """A flat picture in metres, the ground at its lower edge."""

    def __init__(self, body: Body, pixels_a_metre: float) -> None:
        self.scale = pixels_a_metre
        self.plate_m = body.plate_m
        self.width = round(body.width_m * pixels_a_metre)
        self.height = round(body.height_m * pixels_a_metre)
        self.picture: BgrImage = np.full((self.height, self.width, 3), 40, np.uint8)
        self.mask: GreyImage = np.zeros((self.height, self.width), np.uint8)
        cv2.fillPoly(self.mask, [self._points(_both(body.outline_m))], 255)

    def place(self, x_m: float, y_m: float) -> tuple[int, int]:
        """Return the pixel of a point."""
        return round(self.width / 2 + x_m * self.scale), round(self.height - y_m * self.scale)

    def fill(self, half_m: tuple[tuple[float, float], ...], colour: NDArray[np.float64]) -> None:
        """Fill a shape and its mirror image, given by its right half."""
        cv2.fillPoly(
            self.picture, [self._points(_both(half_m))], [int(c) for c in colour], cv2.LINE_AA
        )

    def box(self, x_m: tuple[float, float], y_m: tuple[float, float], colour: Colour) -> None:
        """Fill a box right of the middle, and its mirror image."""
        for side in (-1, 1):
            cv2.rectangle(
                self.picture, self.place(side * x_m[0], y_m[0]), self.place(side * x_m[1], y_m[1]),
                colour, -1,
            )  # fmt: skip

    def _points(self, points_m: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.array([self.place(x, y) for x, y in points_m], np.int32)


def _both(half_m: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Mirror the right half of an outline to the left."""
    half = np.asarray(half_m, np.float64)
    both: NDArray[np.float64] = np.vstack([half, half[::-1] * (-1.0, 1.0)])
    return both


_Drawer = Callable[[_Canvas, Body, NDArray[np.float64], bool], None]


def _draw_car(canvas: _Canvas, body: Body, paint: NDArray[np.float64], is_rear: bool) -> None:  # noqa: FBT001
    """Draw a saloon."""
    canvas.fill(body.outline_m, _toned(paint, 0.95))
    canvas.fill(((0.0, 1.40), (0.45, 1.38), (0.56, 1.32), (0.70, 1.03), (0.0, 1.0)), _toned(_GLASS))
    canvas.fill(((0.0, 0.98), (0.74, 1.0), (0.86, 0.88), (0.0, 0.86)), _toned(paint, 1.12))
    canvas.fill(((0.0, 0.58), (0.91, 0.58), (0.9, 0.24), (0.0, 0.22)), _toned(paint, 0.8))
    if is_rear:
        canvas.fill(((0.0, 0.84), (0.62, 0.84), (0.62, 0.60), (0.0, 0.60)), _toned(paint, 0.72))
        canvas.fill(((0.0, 0.40), (0.9, 0.40), (0.9, 0.22), (0.0, 0.22)), _toned(_PLASTIC))
        canvas.box((0.63, 0.88), (0.92, 0.74), (40, 36, 150))
    else:
        canvas.fill(((0.0, 0.80), (0.40, 0.78), (0.34, 0.62), (0.0, 0.61)), _toned(_PLASTIC, 0.8))
        canvas.fill(((0.0, 0.36), (0.60, 0.36), (0.52, 0.25), (0.0, 0.25)), _toned(_PLASTIC, 0.8))
        canvas.box((0.54, 0.85), (0.78, 0.66), (214, 216, 218))
    canvas.box((0.64, 0.88), (0.2, 0.0), _RUBBER)


def _draw_box(canvas: _Canvas, body: Body, paint: NDArray[np.float64], is_rear: bool) -> None:  # noqa: FBT001
    """Draw a van or a truck."""
    half, top = body.width_m / 2 - 0.05, body.height_m
    canvas.fill(body.outline_m, _toned(paint, 0.95))
    if is_rear:
        doors = ((0.0, top - 0.2), (half - 0.12, top - 0.2), (half - 0.12, 1.05), (0.0, 1.05))
        canvas.fill(doors, _toned(paint, 1.05))
        canvas.box((0.0, 0.02), (top - 0.2, 1.05), _PLASTIC)
        canvas.box((half - 0.2, half - 0.04), (1.05, 0.7), (44, 38, 140))
        canvas.fill(((0.0, 0.52), (half, 0.52), (half, 0.3), (0.0, 0.3)), _toned(_PLASTIC))
    else:
        glass = (0.62 * top, 0.9 * top) if top < 3 else (0.52 * top, 0.78 * top)  # noqa: PLR2004 - a van's
        shape = ((0.0, glass[1]), (half - 0.25, glass[1]), (half - 0.1, glass[0]), (0.0, glass[0]))
        canvas.fill(shape, _toned(_GLASS))
        grille = ((0.0, 0.48 * top), (0.5, 0.48 * top), (0.44, 0.78), (0.0, 0.78))
        canvas.fill(grille, _toned(_PLASTIC, 0.8))
        canvas.box((half - 0.42, half - 0.06), (0.94, 0.62), (212, 214, 218))
        canvas.fill(((0.0, 0.68), (0.55, 0.68), (0.55, 0.32), (0.0, 0.32)), _toned(_PLASTIC, 1.1))
    canvas.box((half - 0.32, half - 0.02), (0.28, 0.0), _RUBBER)


def _draw_trailer(canvas: _Canvas, body: Body, paint: NDArray[np.float64], is_rear: bool) -> None:  # noqa: FBT001, ARG001
    """Draw a flat trailer, low enough to see what pulls it."""
    canvas.fill(body.outline_m, _toned(paint, 0.6))
    canvas.fill(((0.0, 0.8), (1.05, 0.8), (1.05, 0.68), (0.0, 0.68)), _toned(paint, 0.9))
    canvas.fill(((0.0, 0.62), (1.04, 0.62), (1.04, 0.3), (0.0, 0.3)), _toned(_PLASTIC))
    canvas.box((0.72, 1.0), (0.56, 0.36), (44, 38, 150))
    canvas.box((0.72, 1.0), (0.28, 0.0), _RUBBER)


def _draw_motorcycle(
    canvas: _Canvas, body: Body, paint: NDArray[np.float64], is_rear: bool  # noqa: FBT001, ARG001
) -> None:  # fmt: skip
    """Draw a rider from behind."""
    canvas.fill(body.outline_m, _toned(paint, 0.55))
    helmet = ((0.0, 1.72), (0.13, 1.68), (0.16, 1.52), (0.12, 1.42), (0.0, 1.40))
    canvas.fill(helmet, _toned(paint, 1.1))
    canvas.fill(((0.0, 0.98), (0.22, 0.98), (0.2, 0.82), (0.0, 0.8)), _toned(_PLASTIC))
    canvas.box((0.0, 0.12), (0.92, 0.82), (44, 38, 170))
    canvas.fill(((0.0, 0.8), (0.2, 0.8), (0.16, 0.5), (0.0, 0.48)), _toned(_PLASTIC, 0.8))
    canvas.box((0.0, 0.08), (0.48, 0.0), _RUBBER)


_DRAWERS: Final[dict[str, _Drawer]] = {
    "car": _draw_car, "van": _draw_box, "truck": _draw_box, "trailer": _draw_trailer,
    "motorcycle": _draw_motorcycle,
}  # fmt: skip


def _screw_plate_on(
    picture: BgrImage,
    canvas: _Canvas,
    lit_plate: BgrImage,
    plate: LanePlate,
    rng: np.random.Generator,
) -> None:
    """Paste a plate, slightly crooked, on the vehicle."""
    lean = np.deg2rad(rng.normal(0, 0.8))
    turn = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
    half = np.array(plate.size_m) / 2
    signs = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]], np.float64)
    body_plate_m = np.asarray(canvas.plate_m)
    corners = (signs * half) @ turn.T + body_plate_m
    target = np.array([canvas.place(0, 0)], np.float64) + corners * (canvas.scale, -canvas.scale)
    height, width = lit_plate.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    rim = (signs * (half + 0.012)) @ turn.T + body_plate_m
    rim_px = np.array([canvas.place(0, 0)], np.float64) + rim * (canvas.scale, -canvas.scale)
    cv2.fillConvexPoly(picture, np.rint(rim_px).astype(np.int32), (30, 30, 30), cv2.LINE_AA)
    matrix = cv2.getPerspectiveTransform(flat, (target - 0.5).astype(np.float32))
    cv2.warpPerspective(
        lit_plate, matrix, (canvas.width, canvas.height), dst=picture,
        flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip


def _toned(colour: NDArray[np.float64] | Colour, gain: float = 1.0) -> NDArray[np.float64]:
    """Make a colour lighter or darker."""
    toned: NDArray[np.float64] = np.clip(np.asarray(colour, np.float64) * gain, 0, 255)
    return toned


def _seen_lamp(colour: Colour, condition: Condition) -> Colour:
    """Say what a lamp that is on looks like."""
    if condition.infrared:
        return 200, 200, 200
    blue, green, red = (min(255, round(c + 90 * condition.lamps)) for c in colour)
    return blue, green, red
