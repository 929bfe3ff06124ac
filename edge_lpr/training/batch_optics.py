"""Lens, sensor and codec for many small grey pictures at once, on whichever device they are.

What ``synthesis/camera.py`` does to one picture on a processor is done here to a batch on a GPU,
which would otherwise wait for sixteen cores. Pictures are float32, shape (N, H, W), 0 to 255 and
a little beyond; every number may differ from plate to plate.
"""

import math
from typing import Final

import torch
from torch.nn import functional

from edge_lpr.training.batch_chance import BatchChance

REACH_PX: Final = 6
"""Blur kernels reach this far: the longest smear of a plate 64 px high is nine pixels."""

_SPREAD_REACH_PX: Final = 12
_BLOCK_PX: Final = 8
_DEAD_ZONE: Final = 1 / 3
"""As in ``synthesis/camera.py``."""

_JPEG_LUMINANCE: Final = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""Quantiser of ITU-T T.81, table K.1."""


def soften(pictures: torch.Tensor, sigma_px: torch.Tensor) -> torch.Tensor:
    """Blur by a Gaussian.

    Args:
        pictures: Shape (N, H, W). Not modified.
        sigma_px: Standard deviation of each, shape (N,), 0.1 to 3 px.

    Returns:
        Blurred pictures.
    """
    x, y = _grid(pictures.device)
    inverse = -0.5 / sigma_px.clamp(min=0.1)[:, None, None] ** 2
    return _filtered(pictures, torch.exp((x**2 + y**2) * inverse))


def defocus(pictures: torch.Tensor, radius_px: torch.Tensor) -> torch.Tensor:
    """Blur as a lens out of focus does: every point becomes a disk.

    Args:
        pictures: Shape (N, H, W). Not modified.
        radius_px: Radius of each disk, shape (N,), 0.3 to 5 px.

    Returns:
        Blurred pictures.
    """
    x, y = _grid(pictures.device)
    return _filtered(pictures, (radius_px[:, None, None] + 0.5 - torch.hypot(x, y)).clamp(0, 1))


def smear(pictures: torch.Tensor, length_px: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    """Blur as motion during the exposure does.

    Args:
        pictures: Shape (N, H, W). Not modified.
        length_px: How far each moved, shape (N,), at most 10 px.
        angle: Direction in radians, shape (N,), 0 along the rows.

    Returns:
        Blurred pictures.
    """
    x, y = _grid(pictures.device)
    dx, dy = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    half = length_px[:, None, None] / 2
    along = (x * dx + y * dy).clamp(-half, half)
    distance = torch.hypot(x - along * dx, y - along * dy)
    return _filtered(pictures, (1 - distance).clamp(min=0))


def add_noise(pictures: torch.Tensor, level: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Add a sensor's noise: a constant part and one that grows with the light.

    Args:
        pictures: Shape (N, H, W). Not modified.
        level: Standard deviation at middle grey, in grey levels, shape (N,).
        chance: Where the randomness comes from.

    Returns:
        Noisy pictures.
    """
    share = chance.uniform(0, 1, len(pictures))[:, None, None]
    spread = (1 - share) + share * (pictures.clamp(0, 255) / 128).sqrt()
    return pictures + level[:, None, None] * spread * chance.normal(1, *pictures.shape)


def compress_video(pictures: torch.Tensor, step: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Compress roughly as H.264 does; see ``synthesis.camera.compress_blocks``.

    Args:
        pictures: Shape (N, H, W). Not modified.
        step: Width of a quantiser step in grey levels, shape (N,).
        chance: Where the randomness comes from; the block grid lies alike for the whole batch.

    Returns:
        The pictures as a viewer sees them.
    """
    if not len(pictures):
        return pictures
    rows, columns = pictures.shape[1:]
    top, left = chance.number(0, _BLOCK_PX), chance.number(0, _BLOCK_PX)
    bottom, right = -(rows + top) % _BLOCK_PX, -(columns + left) % _BLOCK_PX
    whole = functional.pad(pictures[None], (left, right, top, bottom), mode="replicate")[0]
    predicted = _spread(whole, chance.uniform(1, 6, len(whole))).roll(chance.number(-2, 3), 2)
    steps = step[:, None, None, None, None]
    levels = _to_waves(whole - predicted) / steps
    kept = levels.sign() * (levels.abs() + _DEAD_ZONE).floor()
    seen = _deblocked(predicted + _from_waves(kept * steps), step[:, None, None])
    return seen[:, top : top + rows, left : left + columns]


def compress_jpeg(pictures: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """Store as JPEG and read back, all but the coding that loses nothing.

    Args:
        pictures: Shape (N, H, W); H and W are multiples of 8. Not modified.
        quality: 5 to 99 as libjpeg counts it, shape (N,).

    Returns:
        The pictures as a viewer sees them.
    """
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)  # noqa: PLR2004 - libjpeg's
    table = torch.tensor(_JPEG_LUMINANCE, dtype=torch.float32, device=pictures.device)
    steps = (table * scale[:, None, None]).clamp(min=1).round()[:, None, None]
    waves = (_to_waves(pictures.clamp(0, 255) - 128) / steps).round() * steps
    return _from_waves(waves) + 128


def _grid(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how far right and how far down each cell of a kernel is from its middle."""
    reach = torch.arange(-REACH_PX, REACH_PX + 1, dtype=torch.float32, device=device)
    return reach[None, None, :], reach[None, :, None]


def _filtered(pictures: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Filter each picture by its own kernel, scaled to keep the light."""
    if not len(pictures):
        return pictures
    scaled = kernels / kernels.sum(dim=(1, 2), keepdim=True)
    wide = functional.pad(pictures[None], (REACH_PX,) * 4, mode="replicate")
    return functional.conv2d(wide, scaled[:, None], groups=len(pictures))[0]


def _spread(pictures: torch.Tensor, sigma_px: torch.Tensor) -> torch.Tensor:
    """Blur by a wide Gaussian: along the rows, then along the columns."""
    if not len(pictures):
        return pictures
    reach = torch.arange(-_SPREAD_REACH_PX, _SPREAD_REACH_PX + 1.0, device=pictures.device)
    weights = torch.exp(-0.5 * (reach[None] / sigma_px[:, None]) ** 2)
    weights = (weights / weights.sum(1, keepdim=True))[:, None]
    wide = functional.pad(pictures[None], (_SPREAD_REACH_PX,) * 4, mode="replicate")
    along = functional.conv2d(wide, weights[:, :, None, :], groups=len(pictures))
    return functional.conv2d(along, weights[:, :, :, None], groups=len(pictures))[0]


def _waves(device: torch.device) -> torch.Tensor:
    """Build the orthonormal cosine transform of one block's side, shape (8, 8)."""
    place = torch.arange(_BLOCK_PX, dtype=torch.float32, device=device)
    matrix = torch.cos(math.pi / _BLOCK_PX * (place[None] + 0.5) * place[:, None])
    matrix *= math.sqrt(2 / _BLOCK_PX)
    matrix[0] /= math.sqrt(2)
    return matrix


def _to_waves(pictures: torch.Tensor) -> torch.Tensor:
    """Transform block by block: (N, H, W) to (N, H / 8, W / 8, 8, 8)."""
    count, rows, columns = pictures.shape
    blocks = pictures.reshape(
        count, rows // _BLOCK_PX, _BLOCK_PX, columns // _BLOCK_PX, _BLOCK_PX
    ).transpose(2, 3)
    matrix = _waves(pictures.device)
    return matrix @ blocks @ matrix.T


def _from_waves(waves: torch.Tensor) -> torch.Tensor:
    """Transform back."""
    matrix = _waves(waves.device)
    blocks = (matrix.T @ waves @ matrix).transpose(2, 3)
    count, rows, height, columns, width = blocks.shape
    return blocks.reshape(count, rows * height, columns * width)


def _deblocked(pictures: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """Smooth the seams between blocks where they are no real edges."""
    seen = pictures.clone()
    for turned in (seen, seen.transpose(1, 2)):
        before, after = (
            turned[..., _BLOCK_PX - 1 : -1 : _BLOCK_PX],
            turned[..., _BLOCK_PX::_BLOCK_PX],
        )
        jump = after - before
        moved = torch.where(jump.abs() < step, jump / 4, torch.zeros_like(jump))
        before += moved
        after -= moved
    return seen
