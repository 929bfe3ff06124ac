"""Makes the pictures a detector learns from: windows of photographs, some with pasted plates.

A photograph gives a box only; a pasted plate gives four exact corners. Coordinates here are
continuous: the first pixel reaches from 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.synthesis.scenes import paint_out, paste_plate, random_quad, write_word
from edge_lpr.training.dataset import SceneRow

WORKING_LONG_SIDE_PX: Final = 640
"""Long side at which the detector is used; windows are cut at about this scale."""

MIN_PLATE_WIDTH_PX: Final = 10.0
"""Narrower plates are painted out: the labels miss too many of them to call the rest background."""

MIN_VISIBLE_SHARE: Final = 0.6
"""Plates that a window cuts deeper than this are painted out."""

PADDING_GREY: Final = 114
"""Grey outside a photograph: the value ultralytics pads with, so that both engines agree."""

PASTE_SHARE: Final = 0.6
"""Share of photographs that get pasted plates."""

WORD_SHARE: Final = 0.4
"""Share of photographs without a plate that get a word; on others it might cover a plate."""

CORNERS_KNOWN: Final = 2
"""Four exact corners."""

BOX_KNOWN: Final = 1
"""Only the box that the corners must fill."""

NOTHING_KNOWN: Final = 0
"""The window cuts the box, so it says nothing about the corners."""


@dataclass(frozen=True, slots=True)
class PlateTruth:
    """One plate in a picture."""

    box_xyxy: NDArray[np.float32]
    """Shape (4,), continuous pixels."""
    quad: Quad
    """Corners in continuous pixels; meaningless unless ``knowledge`` is ``CORNERS_KNOWN``."""
    knowledge: int
    """``CORNERS_KNOWN``, ``BOX_KNOWN`` or ``NOTHING_KNOWN``."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture and the plates in it."""

    image_bgr: BgrImage
    """Shape (H, W, 3), uint8."""
    truths: tuple[PlateTruth, ...]
    """Every plate that should be found."""


def sample_from(row: SceneRow, picture_bgr: BgrImage) -> Sample:
    """Pair a photograph with its labels.

    Args:
        row: Its label row.
        picture_bgr: The photograph. Not copied.

    Returns:
        The sample; corners are unknown.
    """
    truths = []
    for plate in row.plates:
        left, top, width, height = plate.box_xywh
        box = np.array([left, top, left + width, top + height], dtype=np.float32)
        truths.append(PlateTruth(box, quad_of_box(box), BOX_KNOWN))
    return Sample(picture_bgr, tuple(truths))


def quad_of_box(box_xyxy: NDArray[np.float32]) -> Quad:
    """Name the corners of an upright box: top-left, top-right, bottom-right, bottom-left."""
    left, top, right, bottom = box_xyxy
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float32)


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
    if happens(WORD_SHARE, rng) and not sample.truths:
        write_word(picture, rng)
    truths: list[PlateTruth] = []
    for truth in sample.truths:
        width_px = float(truth.box_xyxy[2] - truth.box_xyxy[0])
        if width_px < MIN_PLATE_WIDTH_PX or happens(0.3, rng):
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


def cut_window(sample: Sample, width_px: int, height_px: int, rng: np.random.Generator) -> Sample:
    """Cut a window out of a photograph at about the scale of use.

    Args:
        sample: Photograph with labels. Not modified.
        width_px: Width of the window.
        height_px: Height of the window.
        rng: Source of chance.

    Returns:
        The window, grey where it reaches beyond the photograph; plates that are too small or
        cut too deep are painted out and have no label.
    """
    target = sample.truths[rng.integers(len(sample.truths))] if sample.truths else None
    scale_xy = _random_scale(sample, target, (width_px, height_px), rng)
    resized = _resize(sample.image_bgr, scale_xy)
    scale_xy = np.array(resized.shape[1::-1]) / np.array(sample.image_bgr.shape[1::-1])
    anchor = None if target is None else target.box_xyxy.reshape(2, 2).mean(axis=0) * scale_xy
    shift_xy = _random_shift(resized.shape[1::-1], anchor, (width_px, height_px), rng)
    window = np.full((height_px, width_px, 3), PADDING_GREY, np.uint8)
    _copy_shifted(resized, window, shift_xy)
    moved = [_moved(truth, scale_xy, shift_xy) for truth in sample.truths]
    return Sample(window, tuple(_kept_truths(window, moved)))


def mirrored(sample: Sample) -> Sample:
    """Flip a sample left to right; corners keep their names by where they are.

    Args:
        sample: Any sample. Not modified.

    Returns:
        The mirrored sample in memory of its own.
    """
    width = sample.image_bgr.shape[1]
    image = np.ascontiguousarray(sample.image_bgr[:, ::-1])
    truths = []
    for truth in sample.truths:
        left, top, right, bottom = truth.box_xyxy
        box = np.array([width - right, top, width - left, bottom], dtype=np.float32)
        quad = truth.quad[[1, 0, 3, 2]].copy()
        quad[:, 0] = width - quad[:, 0]
        truths.append(replace(truth, box_xyxy=box, quad=quad))
    return Sample(image, tuple(truths))


def tiled(windows: Sequence[Sample], split_px: tuple[int, int], size_px: int) -> Sample:
    """Join four windows into one square: top-left, top-right, bottom-left, bottom-right.

    Args:
        windows: Four samples whose sizes fit the split.
        split_px: Where the vertical and horizontal seams lie, (x, y).
        size_px: Side of the square.

    Returns:
        The joined sample.
    """
    image = np.empty((size_px, size_px, 3), np.uint8)
    truths: list[PlateTruth] = []
    origins = [(0, 0), (split_px[0], 0), (0, split_px[1]), split_px]
    for window, (left, top) in zip(windows, origins, strict=True):
        height, width = window.image_bgr.shape[:2]
        image[top : top + height, left : left + width] = window.image_bgr
        no_scale, shift = np.ones(2), np.array([left, top])
        truths.extend(_moved(truth, no_scale, shift) for truth in window.truths)
    return Sample(image, tuple(truths))


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


def _random_scale(
    sample: Sample,
    target: PlateTruth | None,
    size_px: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw the scale (x, y): around the scale of use, or the whole photograph."""
    height, width = sample.image_bgr.shape[:2]
    if happens(0.3, rng):
        scale = min(size_px[0] / width, size_px[1] / height) * rng.uniform(0.85, 1.15)
    else:
        scale = WORKING_LONG_SIDE_PX / max(height, width) * np.exp(rng.uniform(-0.55, 0.45))
    if target is not None:
        plate_size = target.box_xyxy[2:] - target.box_xyxy[:2]
        largest = float((np.array(size_px) / plate_size).min()) * 0.95
        scale = min(scale, largest)
    return float(scale) * np.exp(rng.normal(0, 0.06, 2))


def _resize(picture_bgr: BgrImage, scale_xy: NDArray[np.float64]) -> BgrImage:
    """Resize without aliasing."""
    width, height = np.maximum(np.rint(np.array(picture_bgr.shape[1::-1]) * scale_xy), 8)
    how = cv2.INTER_AREA if scale_xy.max() < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(picture_bgr, (int(width), int(height)), interpolation=how)
    return resized.astype(np.uint8, copy=False)


def _random_shift(
    resized_px: tuple[int, ...],
    anchor_px: NDArray[np.float64] | None,
    size_px: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw where the photograph's origin falls in the window, so that the target is inside."""
    shift = np.zeros(2, np.int64)
    for axis in range(2):
        room = size_px[axis] - resized_px[axis]
        low, high = min(0, room), max(0, room)
        if anchor_px is not None:
            reach = 0.4 * size_px[axis]
            middle = size_px[axis] / 2 - anchor_px[axis]
            low = int(max(low, middle - reach)) if room < 0 else low
            high = int(min(high, middle + reach)) if room < 0 else high
        shift[axis] = rng.integers(low, max(low, high) + 1)
    return shift


def _copy_shifted(picture_bgr: BgrImage, window: BgrImage, shift_xy: NDArray[np.int64]) -> None:
    """Copy the overlapping part of a picture into a window."""
    x, y = int(shift_xy[0]), int(shift_xy[1])
    height, width = picture_bgr.shape[:2]
    left, right = max(0, x), min(window.shape[1], x + width)
    top, bottom = max(0, y), min(window.shape[0], y + height)
    if right > left and bottom > top:
        window[top:bottom, left:right] = picture_bgr[top - y : bottom - y, left - x : right - x]


def _moved(
    truth: PlateTruth, scale_xy: NDArray[np.float64], shift_xy: NDArray[np.int64]
) -> PlateTruth:
    """Scale, then shift a plate."""
    box = truth.box_xyxy.reshape(2, 2) * scale_xy + shift_xy
    quad = truth.quad * scale_xy + shift_xy
    return replace(truth, box_xyxy=box.ravel().astype(np.float32), quad=quad.astype(np.float32))


def _kept_truths(window: BgrImage, truths: Sequence[PlateTruth]) -> list[PlateTruth]:
    """Clip plates to the window; paint out those that nothing can be learnt from."""
    height, width = window.shape[:2]
    limits = np.array([width, height, width, height], np.float32)
    kept, lost = [], []
    for truth in truths:
        box = np.clip(truth.box_xyxy, 0, limits)
        size, full = box[2:] - box[:2], truth.box_xyxy[2:] - truth.box_xyxy[:2]
        if size[0] < MIN_PLATE_WIDTH_PX or size.prod() < MIN_VISIBLE_SHARE * full.prod():
            lost.append(box)
            continue
        is_cut = bool(np.abs(box - truth.box_xyxy).max() > 1)
        knowledge = NOTHING_KNOWN if is_cut and truth.knowledge == BOX_KNOWN else truth.knowledge
        kept.append(replace(truth, box_xyxy=box, knowledge=knowledge))
    for box in lost:
        paint_out(window, box)
    return kept
