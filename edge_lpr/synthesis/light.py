"""What light does to a plate: night, infra-red, shadows, glare.

A plate throws light back to where it came from, paint does not; that is why a plate at night is
a bright patch in the dark, and why its middle can be so bright that nothing is left of the text.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.pictures import BgrImage, GreyImage, Quad


def at_night(picture: BgrImage, corners_px: Quad, rng: np.random.Generator) -> BgrImage:
    """Light a plate by headlights or an infra-red lamp beside the camera.

    Args:
        picture: Plate with something around it, shape (H, W, 3), uint8. Not modified.
        corners_px: The plate's corners.
        rng: Where the randomness comes from.

    Returns:
        The picture at night, in memory of its own.
    """
    height, width = picture.shape[:2]
    plate = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(plate, np.rint(corners_px).astype(np.int32), 255, cv2.LINE_AA)
    dark = rng.uniform(0.04, 0.4)
    bright = rng.uniform(0.5, 1.3)
    gain = (dark + (bright - dark) / 255.0 * plate).astype(np.float32)
    tint = np.asarray(rng.uniform(0.8, 1.2, 3), np.float32)
    lit = picture * gain[:, :, None] * tint
    if happens(0.6, rng):
        spot = _spot((height, width), rng, size=rng.uniform(0.2, 0.7)) * rng.uniform(20, 170)
        # The sheet throws back more than the ink does.
        lit += (spot * (plate / np.float32(255)))[:, :, None] * (0.35 + picture / np.float32(400))
    if happens(0.4, rng):  # light spreads in lens and sensor
        lit += rng.uniform(0.1, 0.5) * cv2.GaussianBlur(
            lit, (0, 0), height * rng.uniform(0.02, 0.1)
        )
    seen: BgrImage = np.clip(lit, 0, 255).astype(np.uint8)
    return seen


def as_infrared(picture: BgrImage, rng: np.random.Generator) -> GreyImage:
    """See a plate as a sensor with other colours than an eye's: infra-red, or a stuck filter.

    Coloured inks turn pale, a red plate with white letters nearly vanishes.

    Args:
        picture: Shape (H, W, 3), uint8. Not modified.
        rng: Where the randomness comes from.

    Returns:
        One channel, shape (H, W), uint8, in memory of its own.
    """
    weights = rng.dirichlet((0.6, 0.9, 1.5)).astype(np.float32)
    return cv2.transform(picture, weights[None, :]).astype(np.uint8, copy=False)


def cast_shadow(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Darken one side of a straight edge, hard or soft.

    Args:
        picture: Shape (H, W), float32. Not modified.
        rng: Where the randomness comes from.

    Returns:
        The picture with a shadow, in memory of its own.
    """
    height, width = picture.shape
    y, x = np.ogrid[0:height, 0:width]
    slope = rng.normal(0, 1.0)
    edge = y - height * rng.random() - slope * (x - width * rng.random()) * height / width
    softness = 1.0 if happens(0.6, rng) else rng.uniform(2, 0.4 * height)
    shade = np.float32(rng.uniform(0.3, 0.8))
    share = np.clip(edge / softness + 0.5, 0, 1).astype(np.float32)
    shadowed: NDArray[np.float32] = picture * (1 - share * (1 - shade))
    return shadowed


def add_glare(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Wash out a round or streaky patch, as the sun or a lamp does.

    Args:
        picture: Shape (H, W), float32. Not modified.
        rng: Where the randomness comes from.

    Returns:
        The picture with glare, in memory of its own.
    """
    height, width = picture.shape
    spot = _spot((height, width), rng, size=rng.uniform(0.08, 0.5))
    washed: NDArray[np.float32] = picture + spot * np.float32(rng.uniform(40, 200))
    return washed


def _spot(shape: tuple[int, int], rng: np.random.Generator, *, size: float) -> NDArray[np.float32]:
    """Draw a soft spot somewhere, 0 to 1; ``size`` is its radius as a share of the width."""
    height, width = shape
    across, down = size * width, size * width * rng.uniform(0.3, 1.2)
    x = (np.arange(width) - width * rng.uniform(0.05, 0.95)) / across
    y = (np.arange(height) - height * rng.uniform(0.05, 0.95)) / down
    spot: NDArray[np.float32] = np.outer(np.exp(-(y**2)), np.exp(-(x**2))).astype(np.float32)
    return spot
