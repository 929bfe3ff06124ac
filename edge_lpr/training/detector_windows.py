"""Cuts, mirrors and joins the windows of photographs that the detector learns from."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.scenes import paint_out
from edge_lpr.training.detector_samples import BOX_KNOWN, NOTHING_KNOWN, PlateTruth, Sample

WORKING_LONG_SIDE_PX: Final = 640
"""Long side at which the detector is used; windows are cut at about this scale."""

MIN_PLATE_WIDTH_PX: Final = 10.0
"""Narrower plates are painted out: the labels miss too many of them to call the rest background."""

CLOSE_UP_SHARE: Final = 0.2
"""Share of windows that a plate fills to a good part: photographs show few from so near."""

MIN_CLOSE_UP_PX: Final = 40
"""Width from which a plate bears a close-up; a narrower one has nothing more to show."""

FAR_SHARE: Final = 0.2
"""Share of the other windows in which the plate is made narrow."""

FAR_WIDTHS_PX: Final = (26.0, 64.0)
"""Widths of such plates: American ones have a median of 44 px where 1280 px become 640."""

MAX_ENLARGEMENT: Final = 4.0
"""Most that a photograph is enlarged for a close-up; more would be blur alone."""

MIN_VISIBLE_SHARE: Final = 0.6
"""Plates that a window cuts deeper than this are painted out."""

PADDING_GREY: Final = 114
"""Grey outside a photograph: the value ultralytics pads with, so that both engines agree."""


def cut_window(
    sample: Sample,
    width_px: int,
    height_px: int,
    rng: np.random.Generator,
    *,
    decoy_xyxy: NDArray[np.float32] | None = None,
) -> Sample:
    """Cut a window out of a photograph at about the scale of use.

    Args:
        sample: Photograph with labels. Not modified.
        width_px: Width of the window.
        height_px: Height of the window.
        rng: Source of chance.
        decoy_xyxy: Box of something that is no plate and is to be in the window; None cuts around
            a plate, or anywhere if there is none.

    Returns:
        The window, grey where it reaches beyond the photograph; plates that are too small or
        cut too deep are painted out and have no label.
    """
    target_xyxy = decoy_xyxy
    if target_xyxy is None and sample.truths:
        target_xyxy = sample.truths[rng.integers(len(sample.truths))].box_xyxy
    scale_xy = _random_scale(sample, target_xyxy, (width_px, height_px), rng)
    resized = _resize(sample.image_bgr, scale_xy)
    scale_xy = np.array(resized.shape[1::-1]) / np.array(sample.image_bgr.shape[1::-1])
    anchor = None if target_xyxy is None else target_xyxy.reshape(2, 2).mean(axis=0) * scale_xy
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


def _random_scale(
    sample: Sample,
    target_xyxy: NDArray[np.float32] | None,
    size_px: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw the scale (x, y): around the scale of use, or the whole photograph, or by the target."""
    height, width = sample.image_bgr.shape[:2]
    if happens(0.3, rng):
        scale = min(size_px[0] / width, size_px[1] / height) * rng.uniform(0.85, 1.15)
    else:
        scale = WORKING_LONG_SIDE_PX / max(height, width) * np.exp(rng.uniform(-0.55, 0.45))
    if target_xyxy is not None:
        plate_size = target_xyxy[2:] - target_xyxy[:2]
        largest = float((np.array(size_px) / plate_size).min()) * 0.95
        if plate_size[0] >= MIN_CLOSE_UP_PX and happens(CLOSE_UP_SHARE, rng):
            scale = min(largest * np.exp(rng.uniform(-1.2, 0.0)), MAX_ENLARGEMENT)
        elif happens(FAR_SHARE, rng):
            scale = min(scale, rng.uniform(*FAR_WIDTHS_PX) / plate_size[0])
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
