"""What is around a plate: a piece of car, perhaps a holder with a dealer's name."""

from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.ground import stamp_words
from edge_lpr.synthesis.pictures import BgrImage, GreyImage
from edge_lpr.synthesis.styles import Colour

SLOGANS: Final = (
    "DRIVE SAFELY",
    "AUTO CENTER",
    "MY OTHER CAR",
    "AUTOHAUS",
    "FORD",
    "TOYOTA OF",
    "WWW.CARS.COM",
    "HONOLULU",
    "LAND ROVER",
    "STANFORD",
    "UNIVERSITY",
    "ALUMNI",
    "POHANKA",
    "SANTA MONICA BMW",
    "VOLVO",
    "TEL 555 0123",
)
"""Words on holders and frames; none of them is the plate's."""

_FACES: Final = (HersheyTypeface("duplex", 0.16), HersheyTypeface("triplex", 0.14))


def surround(
    picture: BgrImage, rng: np.random.Generator, *, holder: bool
) -> tuple[BgrImage, tuple[int, int]]:
    """Put a plate onto a piece of car, perhaps in a holder.

    Args:
        picture: Plate, shape (H, W, 3), uint8. Not modified.
        rng: Where the randomness comes from.
        holder: Whether a holder with small lettering surrounds it.

    Returns:
        The larger picture, in memory of its own, and the (x, y) of the plate's first pixel in it.
    """
    height, width = picture.shape[:2]
    pad_x, pad_y = round(0.14 * width), round(0.22 * height)
    result = _draw_body((width + 2 * pad_x, height + 2 * pad_y), rng)
    if happens(0.5, rng):
        _draw_parts(result, (pad_x, pad_y), rng)
    if holder:
        _draw_holder(result, (pad_x, pad_y, width, height), rng)
    place = result[pad_y : pad_y + height, pad_x : pad_x + width]
    cv2.copyTo(picture, _rounded((width, height), rng), place)
    if happens(0.3 if holder else 0.08, rng):
        lip = max(1, round(height * rng.uniform(0.01, 0.05)))
        last = (pad_x + width - 1, pad_y + height - 1)
        cv2.rectangle(result, (pad_x, pad_y), last, (25, 25, 25), lip)
    return result, (pad_x, pad_y)


def _draw_body(size_px: tuple[int, int], rng: np.random.Generator) -> BgrImage:
    """Draw painted metal, lighter where it bends to the sky."""
    spread = 60 if happens(0.3, rng) else 8
    body = rng.integers(5, 245) + rng.integers(-spread, spread + 1, 3)
    ramp = np.linspace(rng.uniform(0.6, 1.0), rng.uniform(0.9, 1.3), size_px[1])
    column = np.clip(ramp[:, None, None] * body, 0, 255).astype(np.uint8)
    return np.repeat(column, size_px[0], axis=1)


def _rounded(size_px: tuple[int, int], rng: np.random.Generator) -> GreyImage:
    """Draw a mask of a plate whose corners are cut off round, or hardly at all."""
    width, height = size_px
    radius = round(height * rng.uniform(0.0, 0.09))
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - 1 - radius, height - 1), 255, -1)
    cv2.rectangle(mask, (0, radius), (width - 1, height - 1 - radius), 255, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(mask, (x, y), radius, 255, -1)
    return mask


def _draw_parts(canvas: BgrImage, pad_px: tuple[int, int], rng: np.random.Generator) -> None:
    """Draw edges, gaps and lamps beside the plate: near its ends they have been read as letters."""
    height, width = canvas.shape[:2]
    pad_x, pad_y = pad_px
    for _ in range(rng.integers(1, 4)):
        shade = _part_colour(rng)
        thickness = max(1, round(height * rng.uniform(0.01, 0.08)))
        kind = rng.integers(3)
        if kind == 0:
            x = round(rng.choice([rng.uniform(0, pad_x), width - rng.uniform(0, pad_x)]))
            lean = round(rng.normal(0, 0.1) * height)
            cv2.line(canvas, (x, 0), (x + lean, height), shade, thickness, cv2.LINE_AA)
        elif kind == 1:
            y = round(rng.choice([rng.uniform(0, pad_y), height - rng.uniform(0, pad_y)]))
            cv2.line(canvas, (0, y), (width, y), shade, thickness, cv2.LINE_AA)
        else:
            x = round(rng.choice([rng.uniform(0, pad_x), width - rng.uniform(0, pad_x)]))
            y = round(rng.uniform(0, height))
            cv2.circle(canvas, (x, y), 2 * thickness, shade, -1, cv2.LINE_AA)


def _part_colour(rng: np.random.Generator) -> list[int]:
    """Draw the colour of a part: mostly black, chrome or the red of a lamp."""
    if happens(0.75, rng):
        return [int(rng.integers(0, 256))] * 3
    return [int(rng.integers(0, 90)), int(rng.integers(0, 90)), int(rng.integers(100, 256))]


def _draw_holder(
    canvas: BgrImage, plate_xywh: tuple[int, int, int, int], rng: np.random.Generator
) -> None:
    """Draw the holder's rim, wider below, with a dealer's name on it."""
    x, y, width, height = plate_xywh
    rim = max(2, round(height * rng.uniform(0.03, 0.10)))
    lower = round(height * rng.uniform(0.06, 0.2))
    shade = int(rng.choice([20, 40, 200]))
    last = (x + width + rim, y + height + lower)
    cv2.rectangle(canvas, (x - rim, y - rim), last, (shade,) * 3, -1)
    words = SLOGANS[rng.integers(len(SLOGANS))]
    ink: Colour = (255 - shade, 255 - shade, 255 - shade)
    box = (x + width // 6, y + height + 1, x + width - width // 6, y + height + lower - 1)
    stamp_words(canvas, words, _FACES[rng.integers(len(_FACES))], ink, box)
