"""What years on a bumper do to a plate: relief, bolts, stickers, dirt and frames.

Light and camera are not here; they act on the whole picture and belong to scenes and to
training's augmentation.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import GlyphMask, HersheyTypeface
from edge_lpr.synthesis.ground import stamp_words
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.styles import Colour
from edge_lpr.synthesis.surroundings import SLOGANS


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
    """Put bolts or their caps near the top, into the corners or at both ends, in place.

    Args:
        picture: Plate, shape (H, W, 3), uint8.
        rng: Where the randomness comes from.
    """
    height, width = picture.shape[:2]
    radius = max(2, round(height * rng.uniform(0.025, 0.06)))
    top = rng.uniform(0.08, 0.15)
    x_most, y_shares = ((0.3, (top,)), (0.3, (top, 1 - top)), (0.12, (0.5,)))[rng.integers(3)]
    x_share = rng.uniform(0.015, x_most)
    colour = [int(rng.integers(20, 240))] * 3
    if happens(0.3, rng):
        colour = [int(value) for value in rng.integers(20, 250, 3)]
    for y in y_shares:
        for x in (x_share, 1 - x_share):
            centre = (round(x * width), round(y * height))
            cv2.circle(picture, centre, radius, colour, -1, cv2.LINE_AA)
            cv2.circle(picture, centre, radius, [value // 2 for value in colour], 1, cv2.LINE_AA)


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


def add_frame(picture: BgrImage, rng: np.random.Generator) -> None:
    """Lay a frame with slogans over a plate's edges, in place.

    Args:
        picture: Plate, shape (H, W, 3), uint8.
        rng: Where the randomness comes from.
    """
    height, width = picture.shape[:2]
    side = max(1, round(height * rng.uniform(0.01, 0.06)))
    shade = int(rng.choice([15, 30, 60, 170, 215]))
    ink: Colour = (235, 235, 235) if shade < 100 else (30, 30, 30)  # noqa: PLR2004
    # The text's row stays free: it ends at a quarter of the height from either edge.
    upper, lower = (max(1, round(height * rng.uniform(0.02, 0.17))) for _ in range(2))
    picture[:, :side] = shade
    picture[:, width - side :] = shade
    picture[:upper] = shade
    picture[height - lower :] = shade
    for top, bottom in ((0, upper), (height - lower, height)):
        if bottom - top > 0.06 * height and happens(0.8, rng):
            words = SLOGANS[rng.integers(len(SLOGANS))]
            face = HersheyTypeface("duplex", float(rng.choice([0.14, 0.18])))
            margin = round(width * rng.uniform(0.05, 0.3))
            box = (margin, top + 1, width - margin, bottom - 1)
            stamp_words(picture, words, face, ink, box)
