"""Photographs a plate again: position, light, lens, sensor and compression, at random.

Every step works on the small grey picture that the reader sees, so that a batch costs less to
prepare than to learn from.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.camera import (
    GreyFloat,
    add_noise,
    add_rain,
    compress_blocks,
    compress_jpeg,
    defocus,
    smear,
)
from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.light import add_glare, cast_shadow
from edge_lpr.synthesis.pictures import BgrImage, GreyImage, Quad
from edge_lpr.vision.rectify import RECTIFIED_MARGIN, rectify_plate

READER_SIZE_PX = (192, 64)
"""Width and height of the reader's input."""

_SOFT_SHARE: Final = 0.5
_DEFOCUSED_SHARE: Final = 0.15
"""Shares of the kinds of blur; the rest is motion."""


@dataclass(frozen=True, slots=True)
class Roughness:
    """How strongly pictures of a source are changed."""

    margin: tuple[float, float]
    """Smallest and largest margin around the plate, as shares of its width and height."""
    corner_error: float
    """Standard deviation of a corner's error as a share of the plate's height."""
    low_resolution: float
    """Share of plates that are made small first."""
    optics: float
    """Share of plates that get blur, noise and compression, each."""


RENDERED = Roughness(margin=(-0.01, 0.09), corner_error=0.055, low_resolution=0.6, optics=0.6)
PHOTOGRAPHED = Roughness(margin=(-0.03, 0.10), corner_error=0.05, low_resolution=0.3, optics=0.25)


def photograph(
    picture: GreyImage, corners_px: Quad, roughness: Roughness, rng: np.random.Generator
) -> GreyImage:
    """Flatten a plate with the errors a detector makes, and spoil it as a camera does.

    Args:
        picture: Plate with something around it, shape (H, W), uint8. Not modified.
        corners_px: The plate's corners in ``picture``, clockwise from its top-left.
        roughness: How strongly.
        rng: Where the randomness comes from.

    Returns:
        Reader input, shape (64, 192), uint8, in memory of its own.
    """
    edges = corners_px[[1, 2]] - corners_px[[0, 1]]
    plate_w, plate_h = (float(length) for length in np.hypot(edges[:, 0], edges[:, 1]))
    size_px = _sensor_size((plate_w, plate_h), roughness, rng)
    flat = _flatten(picture, corners_px, size_px, roughness, rng)
    lit = _relight(flat.astype(np.float32), rng)
    blurred = _blur(lit, roughness, rng) if happens(roughness.optics, rng) else lit
    if happens(0.06 * roughness.optics, rng):
        blurred = add_rain(blurred, rng)
    if happens(roughness.optics, rng):
        blurred = add_noise(blurred, rng, level=float(rng.uniform(1, 14)))
    seen = _compress(blurred, roughness, rng)
    if size_px != READER_SIZE_PX:
        method = cv2.INTER_LINEAR if happens(0.7, rng) else cv2.INTER_CUBIC
        seen = cv2.resize(seen, READER_SIZE_PX, interpolation=method).astype(np.uint8, copy=False)
    return seen


def flatten_exactly(
    picture_bgr: BgrImage, corners_px: Quad, margin: float = RECTIFIED_MARGIN
) -> GreyImage:
    """Flatten a plate without any error, as a perfect detector would have it.

    Args:
        picture_bgr: Plate with something around it, shape (H, W, 3), uint8. Not modified.
        corners_px: The plate's corners in it, clockwise from its top-left.
        margin: What to keep around the plate, as a share of its width and height.

    Returns:
        Reader input, shape (64, 192), uint8, in memory of its own.
    """
    return cv2.cvtColor(
        rectify_plate(picture_bgr, corners_px, margin=margin), cv2.COLOR_BGR2GRAY
    ).astype(np.uint8, copy=False)


def _sensor_size(
    plate_px: tuple[float, float], roughness: Roughness, rng: np.random.Generator
) -> tuple[int, int]:
    """Choose how many pixels the plate had on the sensor."""
    if not happens(roughness.low_resolution, rng):
        return READER_SIZE_PX
    aspect = plate_px[0] / plate_px[1]
    smallest = 12 if aspect > 2.6 else 17 if aspect > 1.7 else 24  # noqa: PLR2004 - less is illegible
    height = float(rng.uniform(smallest, 48))
    width = min(192.0, max(36.0, height * aspect))
    return round(width), round(height)


def _flatten(
    picture: GreyImage,
    corners_px: Quad,
    size_px: tuple[int, int],
    roughness: Roughness,
    rng: np.random.Generator,
) -> GreyImage:
    """Warp once, from the original to the final size, with misplaced corners."""
    width, height = size_px
    low, high = roughness.margin
    left, right, top, bottom = rng.uniform(low, high, 4)
    plate_w, plate_h = (width - 1) / (1 + left + right), (height - 1) / (1 + top + bottom)
    x0, y0 = plate_w * left, plate_h * top
    target = np.array(
        [[x0, y0], [x0 + plate_w, y0], [x0 + plate_w, y0 + plate_h], [x0, y0 + plate_h]], np.float32
    )
    # The same error in pixels is a larger share of a plate's height than of its width.
    spread = np.array([0.45 * width / 3, height], np.float32) * roughness.corner_error
    target += (
        rng.standard_normal((4, 2)).astype(np.float32) * spread * np.float32(rng.random() ** 0.5)
    )
    if happens(0.4, rng):
        target += _shear(target, rng)
    shrink = np.hypot(*(corners_px[1] - corners_px[0])) / max(1.0, plate_w)
    if shrink > 2:  # noqa: PLR2004 - sampling every other pixel or fewer shows patterns that are not there
        picture = cv2.blur(picture, (int(shrink), int(shrink))).astype(np.uint8, copy=False)
    transform = cv2.getPerspectiveTransform(corners_px, target)
    # The device fills what lies outside its frame with black; elsewhere the surroundings go on.
    border = cv2.BORDER_CONSTANT if happens(0.1, rng) else cv2.BORDER_REPLICATE
    return cv2.warpPerspective(
        picture, transform, size_px, flags=cv2.INTER_LINEAR, borderMode=border
    ).astype(np.uint8, copy=False)


def _shear(target: Quad, rng: np.random.Generator) -> Quad:
    """Move whole edges: what is left of a rotation when only a box was known."""
    width, height = target[2] - target[0]
    slope, slant = rng.normal(0, 0.13) * height, rng.normal(0, 0.05) * width
    moves = [[slant, -slope], [slant, slope], [-slant, slope], [-slant, -slope]]
    moved: Quad = np.asarray(moves, np.float32) / np.float32(2)
    return moved


def _relight(picture: GreyFloat, rng: np.random.Generator) -> GreyFloat:
    """Change contrast, brightness and gamma; now and then a shadow, a gradient or glare."""
    if happens(0.3, rng):
        picture = 255.0 * (picture / 255.0) ** np.float32(np.exp(rng.normal(0, 0.4)))
    if happens(0.2, rng):
        ramp = np.linspace(rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2), picture.shape[1])
        picture = picture * ramp[None, :].astype(np.float32)
    elif happens(0.25, rng):
        picture = cast_shadow(picture, rng)
    contrast = np.float32(rng.uniform(0.2, 1.2) if happens(0.5, rng) else rng.uniform(0.7, 1.2))
    middle = np.float32(picture.mean())
    changed: GreyFloat = (picture - middle) * contrast + middle + np.float32(rng.normal(0, 25))
    if happens(0.05, rng):
        changed = add_glare(changed, rng)
    return 255.0 - changed if happens(0.03, rng) else changed


def _blur(picture: GreyFloat, roughness: Roughness, rng: np.random.Generator) -> GreyFloat:
    """Defocus, or motion along a random direction, in proportion to the picture."""
    height = picture.shape[0]
    kind = rng.random()
    if kind < _SOFT_SHARE:
        sigma = float(rng.uniform(0.2, 1.0)) * (
            0.15 + height / 64 * (1.2 if roughness is RENDERED else 0.7)
        )
        return cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.float32, copy=False)
    if kind < _SOFT_SHARE + _DEFOCUSED_SHARE:
        return defocus(picture, float(rng.uniform(0.4, 0.4 + 0.035 * height)))
    return smear(picture, float(height * rng.uniform(0.04, 0.14)), float(rng.uniform(0, np.pi)))


def _compress(picture: GreyFloat, roughness: Roughness, rng: np.random.Generator) -> GreyImage:
    """Compress as a video or a photograph, or not at all."""
    if happens(0.2 * roughness.optics, rng):
        picture = compress_blocks(picture, rng, step=float(np.exp(rng.uniform(1.6, 3.6))))
    seen: GreyImage = np.clip(picture, 0, 255).astype(np.uint8)
    if happens(0.25 * roughness.optics, rng):
        seen = compress_jpeg(seen, int(rng.integers(15, 70)))
    return seen
