"""Draws batches for detector training: which photographs, in which light, as which tensors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.training.dataset import SceneRow, row_weight
from edge_lpr.training.detector_pasting import PASTE_SHARE, with_pasted_plates
from edge_lpr.training.detector_samples import Sample, sample_from
from edge_lpr.training.detector_windows import cut_window, mirrored, tiled
from edge_lpr.training.pictures import read_picture

WINDOW_SIZES_PX: Final = (384, 448, 544)
"""Sides of the square training windows; multiples of the detector's stride of 32."""

WINDOW_SHARES: Final = (0.45, 0.4, 0.15)
"""How often each size is drawn."""

MOSAIC_SHARE: Final = 0.3
"""Share of samples joined from four windows (measured earlier to help from scratch)."""


class BatchSource:
    """Draws random training batches from labelled photographs."""

    def __init__(
        self,
        rows: Sequence[SceneRow],
        pictures: Path,
        textures: Sequence[BgrImage],
        rng: np.random.Generator,
    ) -> None:
        """Prepare the draw.

        Args:
            rows: Photographs to learn from, films already capped.
            pictures: Folder that the rows' paths are relative to.
            textures: Flat plates to paste.
            rng: Source of chance.
        """
        self._rows = rows
        self._pictures = pictures
        weights = np.array([row_weight(row) for row in rows])
        self._shares = weights / weights.sum()
        self._rng = rng
        self._textures = textures

    def draw(self, count: int, *, with_mosaic: bool) -> dict[str, torch.Tensor]:
        """Draw one batch.

        Args:
            count: Number of pictures.
            with_mosaic: Join some from four windows.

        Returns:
            What the network and its loss need: ``img`` (count, 3, S, S) float32 RGB in [0, 1],
            ``batch_idx`` (n,), ``cls`` (n, 1), ``bboxes`` (n, 4) centre and size in shares of S,
            ``keypoints`` (n, 4, 3) in shares of S with what is known of the corners.

        Raises:
            DataSetError: A photograph cannot be read.
        """
        size = int(self._rng.choice(WINDOW_SIZES_PX, p=WINDOW_SHARES))
        samples = [self._sample(size, with_mosaic=with_mosaic) for _ in range(count)]
        return batch_from(samples)

    def _sample(self, size: int, *, with_mosaic: bool) -> Sample:
        """Make one training picture."""
        rng = self._rng
        if with_mosaic and happens(MOSAIC_SHARE, rng):
            x, y = (int(value) for value in rng.integers(size // 3, 2 * size // 3, 2))
            sizes = [(x, y), (size - x, y), (x, size - y), (size - x, size - y)]
            sample = tiled([self._window(w, h) for w, h in sizes], (x, y), size)
        else:
            sample = self._window(size, size)
        if happens(0.4, rng):
            sample = mirrored(sample)
        return Sample(with_random_light(sample.image_bgr, rng), sample.truths)

    def _window(self, width_px: int, height_px: int) -> Sample:
        """Cut one window of a random photograph."""
        row = self._rows[int(self._rng.choice(len(self._rows), p=self._shares))]
        sample = sample_from(row, read_picture(self._pictures / row.image))
        if happens(PASTE_SHARE, self._rng):
            sample = with_pasted_plates(sample, self._textures, self._rng)
        return cut_window(sample, width_px, height_px, self._rng)


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


def batch_from(samples: Sequence[Sample]) -> dict[str, torch.Tensor]:
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
        "img": images.contiguous(memory_format=torch.channels_last).float() / 255,
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
