"""Cloudy noise, of which asphalt, mud and clouds are made."""

import cv2
import numpy as np
from numpy.typing import NDArray


def cloud_noise(
    shape: tuple[int, int], rng: np.random.Generator, *, coarsest_px: float, octaves: int = 4
) -> NDArray[np.float32]:
    """Add up noise of several sizes, each half as large and half as strong as the one before.

    Args:
        shape: Height and width.
        rng: Where the randomness comes from.
        coarsest_px: Size of the largest clouds.
        octaves: How many sizes.

    Returns:
        Noise in [0, 1], shape (H, W), float32, in memory of its own.
    """
    height, width = shape
    total, weight = np.zeros(shape, np.float32), 0.0
    for octave in range(octaves):
        cell = max(1.0, coarsest_px / 2**octave)
        grid = (max(2, round(height / cell) + 1), max(2, round(width / cell) + 1))
        layer = cv2.resize(
            rng.random(grid, np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        total += layer.astype(np.float32) * np.float32(0.5**octave)
        weight += 0.5**octave
    noise: NDArray[np.float32] = np.clip(total / np.float32(weight), 0, 1)
    return noise
