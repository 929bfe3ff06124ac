"""Pastes plates with known corners into photographs, whose own plates have boxes only."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.overlays import draw_overlay
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.scenes import paint_out, paste_plate, random_quad, write_word
from edge_lpr.training.detector_samples import CORNERS_KNOWN, PlateTruth, Sample

MIN_REPLACED_WIDTH_PX: Final = 10.0
"""Narrower plates stay: a pasted one of that size has no corners to see."""

PASTE_SHARE: Final = 0.6
"""Share of photographs that get pasted plates."""

THING_SHARE: Final = 0.35
"""Share of photographs that get things which are no plates."""

MOST_THINGS: Final = 3
"""Most such things in one photograph."""

OVERLAY_SHARE: Final = 0.3
"""Share of those without a plate that get a recorder's overlay; on others it might cover one."""

MIN_WORD_PICTURE_PX: Final = 160
"""A narrower photograph has no room for a word."""

WORD_SHARE: Final = 0.4
"""Share of photographs without a plate that get a word; on others it might cover a plate."""


def with_pasted_plates(
    sample: Sample, textures: Sequence[BgrImage], rng: np.random.Generator
) -> Sample:
    """Replace some plates of a photograph by others in perspective, or add one.

    Args:
        sample: Photograph with labels. Not modified.
        textures: Flat plates, cut exactly at their edges. At least one.
        rng: Source of chance.

    Returns:
        A sample in memory of its own.
    """
    picture = sample.image_bgr.copy()
    if picture.shape[1] >= MIN_WORD_PICTURE_PX and happens(WORD_SHARE, rng) and not sample.truths:
        write_word(picture, rng)
    truths: list[PlateTruth] = []
    for truth in sample.truths:
        width_px = float(truth.box_xyxy[2] - truth.box_xyxy[0])
        if width_px < MIN_REPLACED_WIDTH_PX or happens(0.3, rng):
            truths.append(truth)
            continue
        mean_bgr = _mean_inside(picture, truth.box_xyxy)
        paint_out(picture, _grown(truth.box_xyxy, 0.08))
        texture = textures[int(rng.integers(len(textures)))]
        truths.append(_paste_over(picture, truth, texture, rng, mean_bgr))
    if happens(0.15 if sample.truths else 0.4, rng):
        texture = textures[int(rng.integers(len(textures)))]
        added = _paste_anywhere(picture, truths, texture, rng)
        truths.extend([] if added is None else [added])
    return Sample(picture, tuple(truths))


def with_pasted_things(
    sample: Sample, things: Sequence[BgrImage], rng: np.random.Generator
) -> tuple[Sample, list[NDArray[np.float32]]]:
    """Add signs, stickers and the like, which have no label and cover no plate.

    Args:
        sample: Photograph with labels. Not modified.
        things: Flat pictures of what is no plate. At least one.
        rng: Source of chance.

    Returns:
        A sample in memory of its own, and the boxes of what was added.
    """
    picture = sample.image_bgr.copy()
    if happens(OVERLAY_SHARE, rng) and not sample.truths:
        draw_overlay(picture, rng)
    boxes = []
    for _ in range(int(rng.integers(1, MOST_THINGS + 1))):
        thing = things[int(rng.integers(len(things)))]
        pasted = _paste_anywhere(picture, sample.truths, thing, rng)
        boxes.extend([] if pasted is None else [pasted.box_xyxy])
    return Sample(picture, sample.truths), boxes


def _paste_over(
    picture_bgr: BgrImage,
    truth: PlateTruth,
    texture: BgrImage,
    rng: np.random.Generator,
    mean_bgr: NDArray[np.float32],
) -> PlateTruth:
    """Paste a plate where another was, of about the same area."""
    size = truth.box_xyxy[2:] - truth.box_xyxy[:2]
    aspect = texture.shape[1] / texture.shape[0]
    width_px = float(np.sqrt(size[0] * size[1] * aspect) * rng.uniform(0.85, 1.35))
    # A wider plate than the one it replaces must still fit into close-up photographs.
    width_px = min(width_px, 0.9 * picture_bgr.shape[1])
    middle = truth.box_xyxy.reshape(2, 2).mean(axis=0) + rng.normal(0, 0.08, 2) * size
    return _paste(
        picture_bgr, texture, (float(middle[0]), float(middle[1])), width_px, rng, mean_bgr
    )


def _paste_anywhere(
    picture_bgr: BgrImage,
    truths: Sequence[PlateTruth],
    texture: BgrImage,
    rng: np.random.Generator,
) -> PlateTruth | None:
    """Paste a plate at a random place, unless it would cover another."""
    height, width = picture_bgr.shape[:2]
    width_px = float(np.exp(rng.uniform(np.log(16), np.log(0.4 * width))))
    middle = (float(rng.uniform(0.1, 0.9) * width), float(rng.uniform(0.15, 0.95) * height))
    reach = 0.75 * width_px
    own = np.array([middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach])
    for truth in truths:
        overlap = np.minimum(own[2:], truth.box_xyxy[2:]) - np.maximum(own[:2], truth.box_xyxy[:2])
        if (overlap > 0).all():
            return None
    mean_bgr = _mean_inside(picture_bgr, own.astype(np.float32)) * np.float32(rng.uniform(0.8, 1.6))
    return _paste(picture_bgr, texture, middle, width_px, rng, mean_bgr)


def _paste(
    picture_bgr: BgrImage,
    texture: BgrImage,
    centre_px: tuple[float, float],
    width_px: float,
    rng: np.random.Generator,
    mean_bgr: NDArray[np.float32],
) -> PlateTruth:
    """Paste one plate in random perspective, with a holder around it at times."""
    aspect = texture.shape[1] / texture.shape[0] * float(rng.uniform(0.9, 1.1))
    strength = float(rng.choice([0.3, 1.0], p=[0.2, 0.8]))
    quad = random_quad(
        rng, centre_px=centre_px, width_px=width_px, aspect=aspect, strength=strength
    )
    blur_px = float(abs(rng.normal(0, 0.008)) * width_px)
    if happens(0.4, rng):
        middle = quad.mean(axis=0)
        holder = (middle + (quad - middle) * rng.uniform(1.02, 1.12, (1, 2))).astype(np.float32)
        colour = rng.uniform(0, 90, 3) if happens(0.7, rng) else rng.uniform(60, 255, 3)
        flat = np.full((8, 8, 3), colour, np.uint8)
        plain = np.array([[1, 1, 1], [0, 0, 0]], np.float32)
        paste_plate(picture_bgr, flat, holder, light=plain, blur_px=blur_px)
    light = _random_light(texture, mean_bgr, rng)
    paste_plate(picture_bgr, texture, quad, light=light, blur_px=blur_px)
    quad_continuous = quad + np.float32(0.5)
    box = np.concatenate([quad_continuous.min(axis=0), quad_continuous.max(axis=0)])
    height, width = picture_bgr.shape[:2]
    box = np.clip(box, 0, np.array([width, height, width, height], np.float32))
    return PlateTruth(box, quad_continuous, CORNERS_KNOWN)


def _random_light(
    texture: BgrImage, mean_bgr: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw gain and offset: half the time such that the plate's mean colour fits the place."""
    if happens(0.5, rng):
        gain = (mean_bgr + 5) / (texture.reshape(-1, 3).mean(axis=0) + 5)
        gain = np.clip(gain, 0.12, 1.7) * rng.uniform(0.9, 1.1)
    else:
        gain = rng.uniform(0.35, 1.2) * rng.uniform(0.92, 1.08, 3)
    return np.stack([gain, np.full(3, rng.uniform(-15, 25))]).astype(np.float32)


def _mean_inside(picture_bgr: BgrImage, box_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the colour inside a box."""
    height, width = picture_bgr.shape[:2]
    left, right = np.clip(box_xyxy[[0, 2]].astype(int), 0, [width - 1, width])
    top, bottom = np.clip(box_xyxy[[1, 3]].astype(int), 0, [height - 1, height])
    patch = picture_bgr[top : max(bottom, top + 1), left : max(right, left + 1)]
    mean_bgr: NDArray[np.float32] = patch.reshape(-1, 3).mean(axis=0, dtype=np.float32)
    return mean_bgr


def _grown(box_xyxy: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Grow a box by a share of its size on every side."""
    size = box_xyxy[2:] - box_xyxy[:2]
    return np.concatenate([box_xyxy[:2] - share * size, box_xyxy[2:] + share * size])
