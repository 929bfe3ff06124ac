"""What years on a bumper do to a plate: relief, bolts, stickers, dirt and holders.

Light and camera are not here; they act on the whole picture and belong to scenes and to
training's augmentation.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import GlyphMask
from edge_lpr.synthesis.pictures import BgrImage

_SLOGANS = (
    "DRIVE SAFELY",
    "AUTO CENTER",
    "MY OTHER CAR",
    "AUTOHAUS",
    "FORD",
    "TOYOTA OF",
    "WWW.CARS.COM",
)


def print_ink(
    picture: BgrImage, ink_mask: GlyphMask, ink_bgr: tuple[int, int, int], *, relief: float
) -> None:
    """Print ink through a mask, with the light and dark edges of embossed letters.

    Args:
        picture: Plate, shape (H, W, 3), uint8. Printed on in place.
        ink_mask: Ink, shape (H, W), uint8.
        ink_bgr: Colour of the ink.
        relief: Strength of the edges in grey levels, 0 for flat print.
    """
    alpha = (ink_mask.astype(np.float32) / 255.0)[:, :, None]
    ink: NDArray[np.float32] = np.asarray(ink_bgr, np.float32)
    blended = picture.astype(np.float32)
    blended += alpha * (ink - blended)
    if relief > 0:
        edge = cv2.GaussianBlur(ink_mask, (0, 0), 1.2).astype(np.float32) / 255.0
        slope = np.roll(edge, (1, 1), (0, 1)) - np.roll(edge, (-1, -1), (0, 1))
        blended += np.float32(relief) * slope[:, :, None]
    picture[:] = np.clip(blended, 0, 255).astype(np.uint8)


def add_bolts(picture: BgrImage, rng: np.random.Generator) -> None:
    """Put two or four bolts near the top or the edges, in place.

    Args:
        picture: Plate, shape (H, W, 3), uint8.
        rng: Where the randomness comes from.
    """
    height, width = picture.shape[:2]
    radius = max(2, round(height * rng.uniform(0.025, 0.06)))
    x_share, y_share = rng.uniform(0.05, 0.3), rng.uniform(0.08, 0.15)
    y_shares = [y_share] if happens(0.4, rng) else [y_share, 1 - y_share]
    shade = int(rng.integers(30, 230))
    for y in y_shares:
        for x in (x_share, 1 - x_share):
            centre = (round(x * width), round(y * height))
            cv2.circle(picture, centre, radius, (shade, shade, shade), -1, cv2.LINE_AA)
            cv2.circle(picture, centre, radius, (shade // 2,) * 3, 1, cv2.LINE_AA)


def add_sticker(picture: BgrImage, rng: np.random.Generator) -> None:
    """Put a small coloured sticker into a corner or between the letters' tops, in place.

    Args:
        picture: Plate, shape (H, W, 3), uint8.
        rng: Where the randomness comes from.
    """
    height, width = picture.shape[:2]
    sticker_h, sticker_w = (
        round(height * rng.uniform(0.1, 0.2)),
        round(height * rng.uniform(0.12, 0.3)),
    )
    x = round(rng.choice([0.02, 0.5, 0.97]) * (width - sticker_w))
    y = round(rng.choice([0.03, 0.95]) * (height - sticker_h))
    colour = tuple(int(c) for c in rng.integers(20, 250, 3))
    cv2.rectangle(picture, (x, y), (x + sticker_w, y + sticker_h), colour, -1)
    cv2.putText(
        picture,
        str(rng.integers(1, 30)),
        (x + 1, y + sticker_h - 2),
        cv2.FONT_HERSHEY_SIMPLEX,
        sticker_h / 32,
        (255 - colour[0],) * 3,
        1,
        cv2.LINE_AA,
    )


def add_dirt(picture: BgrImage, rng: np.random.Generator, *, strength: float) -> None:
    """Cover a plate with patches of dirt, in place.

    Args:
        picture: Plate, shape (H, W, 3), uint8.
        rng: Where the randomness comes from.
        strength: Largest share of a pixel that dirt replaces, 0 to 1.
    """
    height, width = picture.shape[:2]
    coarse = rng.random((int(rng.integers(3, 9)), int(rng.integers(6, 20))), np.float32)
    cover = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    alpha: NDArray[np.float32] = np.clip((cover - 0.45) * 2.0, 0.0, 1.0)[:, :, None] * np.float32(
        strength
    )
    dirt_bgr = np.asarray([60, 80, 95], np.float32) * np.float32(rng.uniform(0.6, 2.0))
    picture[:] = np.clip(picture + alpha * (dirt_bgr - picture), 0, 255).astype(np.uint8)


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
    body = rng.integers(5, 245) + rng.integers(-12, 13, 3)
    ramp = np.linspace(rng.uniform(0.6, 1.0), rng.uniform(0.9, 1.3), height + 2 * pad_y)
    column = np.clip(ramp[:, None, None] * body, 0, 255).astype(np.uint8)
    result: BgrImage = np.repeat(column, width + 2 * pad_x, axis=1)
    if holder:
        _draw_holder(result, (pad_x, pad_y, width, height), rng)
    result[pad_y : pad_y + height, pad_x : pad_x + width] = picture
    if holder and happens(0.3, rng):
        lip = max(1, round(height * rng.uniform(0.01, 0.05)))
        cv2.rectangle(
            result, (pad_x, pad_y), (pad_x + width - 1, pad_y + height - 1), (25, 25, 25), lip
        )
    return result, (pad_x, pad_y)


def _draw_holder(
    canvas: BgrImage, plate_xywh: tuple[int, int, int, int], rng: np.random.Generator
) -> None:
    """Draw the holder's rim, wider below, with a dealer's name on it."""
    x, y, width, height = plate_xywh
    rim = max(2, round(height * rng.uniform(0.03, 0.10)))
    lower = round(height * rng.uniform(0.06, 0.2))
    shade = int(rng.choice([20, 40, 200]))
    cv2.rectangle(
        canvas, (x - rim, y - rim), (x + width + rim, y + height + lower), (shade,) * 3, -1
    )
    words = _SLOGANS[rng.integers(len(_SLOGANS))]
    cv2.putText(
        canvas,
        words,
        (x + width // 4, y + height + lower - 2),
        cv2.FONT_HERSHEY_SIMPLEX,
        lower / 34,
        (255 - shade,) * 3,
        1,
        cv2.LINE_AA,
    )
