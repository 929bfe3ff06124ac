"""Batches for the reader: half photographs, half drawn plates."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import GreyImage
from edge_lpr.training.reader_augment import photograph
from edge_lpr.training.reader_photographs import Photographs
from edge_lpr.training.reader_renderings import Renderings


@dataclass(frozen=True, slots=True)
class Batch:
    """What one training step learns from."""

    pictures: torch.Tensor
    """Shape (N, 1, 64, 192), float32, in [-1, 1]."""
    classes: torch.Tensor
    """CTC classes, int64: of all texts, one after the other, or of each in its row, shape (N, S),
    with anything behind it."""
    lengths: torch.Tensor
    """Shape (N,), int64, characters of each text; on the host."""


def make_batch(
    photographs: Photographs,
    renderings: Renderings,
    rng: np.random.Generator,
    *,
    size: int,
    fresh: int,
) -> Batch:
    """Prepare a batch, half photographs and half drawn plates.

    Args:
        photographs: Real plates; where there are none, all plates are drawn.
        renderings: Drawn plates.
        rng: Where the randomness comes from.
        size: Plates in the batch.
        fresh: Plates to draw anew for it.

    Returns:
        The batch.
    """
    real = size // 2 if len(photographs) else 0
    samples = [photographs.draw(rng) for _ in range(real)]
    samples += renderings.draw_many(size - real, fresh)
    seen = np.stack([photograph(s.picture, s.corners_px, s.roughness, rng) for s in samples])
    return Batch(
        pictures=torch.from_numpy(to_reader_input(seen)),
        classes=torch.from_numpy(np.concatenate([s.classes for s in samples]).astype(np.int64)),
        lengths=torch.tensor([s.classes.size for s in samples]),
    )


def to_reader_input(pictures: GreyImage) -> NDArray[np.float32]:
    """Scale grey plates to the network's input range, as the device does.

    Args:
        pictures: Shape (N, 64, 192), uint8.

    Returns:
        Shape (N, 1, 64, 192), float32, in [-1, 1], in memory of their own.
    """
    scaled: NDArray[np.float32] = pictures * np.float32(2 / 255) - np.float32(1)
    return scaled[:, None]
