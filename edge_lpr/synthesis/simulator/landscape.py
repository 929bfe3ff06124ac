"""Draws the pictures that American plates have behind their text."""

import colorsys
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage

_LIGHT_SHARE: Final = 0.75
"""Share of plates with a pale ground."""


def draw_landscape(
    size_px: tuple[int, int], rng: np.random.Generator
) -> tuple[BgrImage, tuple[int, int, int]]:
    """Draw sky, ridges and perhaps a sun, all of one lightness so that the text stands out.

    Args:
        size_px: Width and height.
        rng: Where the randomness comes from.

    Returns:
        The sheet, shape (H, W, 3), uint8, in memory of its own, and an ink that contrasts.
    """
    width, height = size_px
    is_light = bool(rng.random() < _LIGHT_SHARE)
    lightness = (0.80, 0.97) if is_light else (0.14, 0.30)
    top, bottom = (_colour(rng, lightness) for _ in range(2))
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    picture = np.broadcast_to(top + ramp * (bottom - top), (height, width, 3)).astype(np.uint8)
    picture = np.ascontiguousarray(picture)
    if rng.random() < 0.4:  # noqa: PLR2004 - a sun now and then
        place = (round(width * rng.uniform(0.2, 0.8)), round(height * rng.uniform(0.2, 0.5)))
        colour = [int(value) for value in _colour(rng, lightness)]
        cv2.circle(picture, place, round(height * rng.uniform(0.1, 0.3)), colour, -1, cv2.LINE_AA)
    x = np.arange(width)
    for _ in range(int(rng.integers(1, 4))):
        waves = rng.uniform(0.5, 4, 2)[:, None] * x * 2 * np.pi / width + rng.uniform(0, 6, (2, 1))
        ridge = height * (rng.uniform(0.45, 0.85) + 0.08 * np.sin(waves).sum(axis=0))
        outline = np.vstack([np.column_stack([x, ridge]), [[width, height], [0, height]]])
        colour = [int(value) for value in _colour(rng, lightness)]
        cv2.fillPoly(picture, [np.rint(outline).astype(np.int32)], colour, cv2.LINE_AA)
    if is_light:
        dark = _colour(rng, (0.10, 0.25))
        return picture, (int(dark[0]), int(dark[1]), int(dark[2]))
    return picture, (225, 240, 245)


def _colour(rng: np.random.Generator, lightness: tuple[float, float]) -> NDArray[np.float32]:
    """Draw a colour of a range of lightness, blue, green, red."""
    hue, light = float(rng.random()), float(rng.uniform(*lightness))
    red, green, blue = colorsys.hls_to_rgb(hue, light, float(rng.uniform(0.2, 0.9)))
    colour: NDArray[np.float32] = np.array((blue, green, red), np.float32) * np.float32(255)
    return colour
