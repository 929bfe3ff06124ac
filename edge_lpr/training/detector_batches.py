"""Draws batches for detector training: which photographs, in which light, as which tensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.training.dataset import SceneRow, row_weight
from edge_lpr.training.detector_findings import Findings
from edge_lpr.training.detector_pasting import (
    PASTE_SHARE,
    THING_SHARE,
    with_pasted_plates,
    with_pasted_things,
)
from edge_lpr.training.detector_samples import Sample, sample_from
from edge_lpr.training.detector_windows import cut_window, mirrored, tiled
from edge_lpr.training.pictures import PictureStore

Batch: TypeAlias = dict[str, torch.Tensor]
"""As ``BatchSource.draw`` describes it."""

WINDOW_SIZES_PX: Final = (256, 320, 416)
"""Sides of the square training windows; multiples of the detector's stride of 32. Plates have the
size that they have in use; a window need not show the whole street around them."""

WINDOW_SHARES: Final = (0.4, 0.4, 0.2)
"""How often each size is drawn."""

MOSAIC_SHARE: Final = 0.3
"""Share of samples joined from four windows (measured earlier to help from scratch)."""


MOST_ALARMS_COUNTED: Final = 3
"""False alarms of one photograph beyond which it is not drawn still more often."""

DECOY_SHARE: Final = 0.7
"""Share of the windows of a photograph with false alarms that are cut around one."""


@dataclass(frozen=True, slots=True)
class Textures:
    """What is pasted into photographs, cut exactly at its edges."""

    plates: Sequence[BgrImage]
    """Flat plates; at least one."""
    things: Sequence[BgrImage]
    """Flat things that are no plates; at least one."""


class BatchSource:
    """Draws random training batches from labelled photographs."""

    def __init__(
        self,
        rows: Sequence[SceneRow],
        pictures: PictureStore,
        textures: Textures,
        findings: Findings,
    ) -> None:
        """Prepare the draw.

        Args:
            rows: Photographs to learn from, films already capped.
            pictures: Where the photographs are.
            textures: Flat plates, and things that are none, to paste.
            findings: What a detector found out about the photographs; may be nothing.
        """
        self._rows = rows
        self._pictures = pictures
        alarms = [len(findings.false_alarms.get(row.image, ())) for row in rows]
        weights = np.array([row_weight(row) for row in rows])
        weights *= 1 + np.minimum(alarms, MOST_ALARMS_COUNTED)
        self._shares = weights / weights.sum()
        self._textures = textures
        self._findings = findings

    def draw(self, count: int, rng: np.random.Generator, *, with_mosaic: bool) -> Batch:
        """Draw one batch.

        Args:
            count: Number of pictures.
            rng: Source of chance.
            with_mosaic: Join some from four windows.

        Returns:
            What the network and its loss need: ``img`` (count, 3, S, S) uint8 RGB,
            ``batch_idx`` (n,), ``cls`` (n, 1), ``bboxes`` (n, 4) centre and size in shares of S,
            ``keypoints`` (n, 4, 3) in shares of S with what is known of the corners.

        Raises:
            DataSetError: A photograph cannot be read.
        """
        size = int(rng.choice(WINDOW_SIZES_PX, p=WINDOW_SHARES))
        samples = [self._sample(size, rng, with_mosaic=with_mosaic) for _ in range(count)]
        return batch_from(samples)

    def _sample(self, size: int, rng: np.random.Generator, *, with_mosaic: bool) -> Sample:
        """Make one training picture."""
        if with_mosaic and happens(MOSAIC_SHARE, rng):
            x, y = (int(value) for value in rng.integers(size // 3, 2 * size // 3, 2))
            sizes = [(x, y), (size - x, y), (x, size - y), (size - x, size - y)]
            sample = tiled([self._window(w, h, rng) for w, h in sizes], (x, y), size)
        else:
            sample = self._window(size, size, rng)
        if happens(0.4, rng):
            sample = mirrored(sample)
        return Sample(with_random_light(sample.image_bgr, rng), sample.truths)

    def _window(self, width_px: int, height_px: int, rng: np.random.Generator) -> Sample:
        """Cut one window of a random photograph."""
        row = self._rows[int(rng.choice(len(self._rows), p=self._shares))]
        sample = sample_from(row, self._pictures.read(row.image))
        sample = self._findings.applied_to(sample, row.image)
        if happens(PASTE_SHARE, rng):
            sample = with_pasted_plates(sample, self._textures.plates, rng)
        if happens(THING_SHARE, rng):
            sample, _ = with_pasted_things(sample, self._textures.things, rng)
        return cut_window(sample, width_px, height_px, rng, decoy_xyxy=self._decoy(row, rng))

    def _decoy(self, row: SceneRow, rng: np.random.Generator) -> NDArray[np.float32] | None:
        """Choose a false alarm of the photograph to cut around, most of the time."""
        alarms = self._findings.false_alarms.get(row.image, ())
        if not alarms or not happens(DECOY_SHARE, rng):
            return None
        return np.array(alarms[int(rng.integers(len(alarms)))], np.float32)


def with_random_light(image_bgr: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Vary light, colour, focus and compression as cameras and hours do.

    Args:
        image_bgr: Picture, shape (H, W, 3), uint8. Not modified.
        rng: Source of chance.

    Returns:
        The picture in another light.
    """
    gain = np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.06, 3))
    levels = np.arange(256)[:, None] / 255.0
    curve = np.clip(levels ** np.exp(rng.normal(0, 0.25)) * gain + rng.normal(0, 0.03), 0, 1)
    table = np.rint(curve * 255).astype(np.uint8)
    result = cv2.LUT(image_bgr, np.ascontiguousarray(table[:, None, :]))
    if happens(0.12, rng):
        grey = cv2.cvtColor(result, cv2.COLOR_BGR2GRAY)
        result = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    if happens(0.1, rng):
        result = cv2.GaussianBlur(result, (0, 0), rng.uniform(0.4, 1.3))
    if happens(0.1, rng):
        noise = rng.standard_normal(result.shape, dtype=np.float32) * rng.uniform(3, 14)
        result = np.clip(result + noise, 0, 255).astype(np.uint8)
    if happens(0.1, rng):
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))]
        result = _decoded(cv2.imencode(".jpg", result, quality)[1])
    return result.astype(np.uint8, copy=False)


def batch_from(samples: Sequence[Sample]) -> Batch:
    """Turn samples of one size into tensors.

    Args:
        samples: At least one; all pictures square and of one size.

    Returns:
        The batch as ``BatchSource.draw`` describes it.
    """
    size = samples[0].image_bgr.shape[0]
    stacked = np.stack([sample.image_bgr[..., ::-1] for sample in samples])
    images = torch.from_numpy(stacked).permute(0, 3, 1, 2)
    rows, boxes, corners = [], [], []
    for index, sample in enumerate(samples):
        for truth in sample.truths:
            rows.append(index)
            boxes.append(_centre_and_size(truth.box_xyxy) / size)
            known = np.full((4, 1), truth.knowledge, np.float32)
            corners.append(np.concatenate([truth.quad / size, known], axis=1))
    count = len(rows)
    return {
        "img": images.contiguous(memory_format=torch.channels_last),
        "batch_idx": torch.tensor(rows, dtype=torch.float32),
        "cls": torch.zeros(count, 1),
        "bboxes": torch.from_numpy(np.array(boxes, np.float32).reshape(count, 4)),
        "keypoints": torch.from_numpy(np.array(corners, np.float32).reshape(count, 4, 3)),
    }


def _decoded(encoded: NDArray[np.uint8]) -> BgrImage:
    """Decode a picture that was encoded here."""
    picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    if picture is None:
        raise RuntimeError("a picture that was just encoded cannot be decoded")
    return picture.astype(np.uint8, copy=False)


def _centre_and_size(box_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn corners into centre and size."""
    low, high = box_xyxy[:2], box_xyxy[2:]
    return np.concatenate([(low + high) / 2, high - low])
