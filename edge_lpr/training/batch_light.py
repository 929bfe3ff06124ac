"""Light, dirt and weather on many small grey pictures at once, on whichever device they are.

The counterpart of ``synthesis/light.py`` and ``synthesis/wear.py`` for a GPU. Pictures are
float32, shape (N, H, W), 0 to 255 and a little beyond.
"""

import torch
from torch.nn import functional

from edge_lpr.training.batch_chance import BatchChance

_CLOUD_CELLS = ((3, 7), (6, 15), (12, 30))
"""Cells of the layers that clouds of dirt are made of, each half as strong as the one before."""


def relight(pictures: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Change contrast, brightness and gamma; now and then a gradient, a shadow or glare.

    Args:
        pictures: Shape (N, H, W). Not modified.
        chance: Where the randomness comes from.

    Returns:
        Pictures in another light.
    """
    count = len(pictures)
    lit = pictures.clone()
    for share, change in ((0.3, _bent), (0.2, _sloped), (0.2, _shadowed)):
        chosen = chance.some(share, count)
        lit[chosen] = change(lit[chosen], chance)
    low = torch.where(chance.happens(0.5, count), 0.2, 0.7)
    contrast = low + (1.2 - low) * chance.uniform(0, 1, count)
    middle = lit.mean(dim=(1, 2), keepdim=True)
    lit = (lit - middle) * contrast[:, None, None] + middle
    lit += chance.normal(25, count)[:, None, None]
    glaring = chance.some(0.05, count)
    lit[glaring] = _glaring(lit[glaring], chance)
    inverted = chance.some(0.03, count)
    lit[inverted] = 255 - lit[inverted]
    return lit


def soil(pictures: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Cover plates with a film, clouds and splashes of mud.

    Args:
        pictures: Shape (N, H, W). Not modified.
        chance: Where the randomness comes from.

    Returns:
        Dirty pictures.
    """
    count, height, width = pictures.shape
    cover = pictures.new_zeros((count, 1, height, width))
    for layer, cells in enumerate(_CLOUD_CELLS):
        coarse = chance.uniform(0, 1, count, 1, *cells)
        cover += functional.interpolate(coarse, (height, width), mode="bilinear") / 2**layer
    least = chance.uniform(0.7, 1.3, count)[:, None, None]
    clouds = ((cover[:, 0] - least) * 2).clamp(0, 1)
    drops = chance.uniform(0, 1, count, 1, height, width)
    often = chance.uniform(0, 0.02, count)[:, None, None, None]
    grown = functional.max_pool2d((drops < often).float(), 3, 1, 1)
    splashes = functional.avg_pool2d(grown, 3, 1, 1)[:, 0]
    strength = chance.uniform(0.2, 0.9, count)[:, None, None]
    film = chance.uniform(0, 0.5, count)[:, None, None]
    alpha = (strength * (film + 0.75 * torch.maximum(clouds, splashes))).clamp(max=0.93)
    mud = chance.uniform(40, 160, count)[:, None, None]
    return pictures + alpha * (mud - pictures)


def add_rain(pictures: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Draw falling drops as bright streaks.

    Args:
        pictures: Shape (N, H, W). Not modified.
        chance: Where the randomness comes from; drops lean alike in the whole batch.

    Returns:
        Rainy pictures.
    """
    count, height, width = pictures.shape
    often = chance.uniform(0.0003, 0.002, count)[:, None, None]
    drops = (chance.uniform(0, 1, count, height, width) < often).float()
    lean, streaks = chance.number(-2, 3), drops
    for step in range(1, chance.number(4, height // 3)):
        streaks = torch.maximum(streaks, drops.roll((step, lean * step // 8), (1, 2)))
    soft = functional.avg_pool2d(streaks[:, None], (1, 3), 1, (0, 1))[:, 0]
    return pictures + soft * chance.uniform(40, 160, count)[:, None, None]


def _bent(pictures: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Change gamma."""
    gamma = chance.normal(0.4, len(pictures)).exp()[:, None, None]
    return 255 * (pictures.clamp(0, 255) / 255) ** gamma


def _sloped(pictures: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Light one end more than the other."""
    ends = chance.uniform(0.5, 1.2, len(pictures), 2)
    across = torch.linspace(0, 1, pictures.shape[2], device=pictures.device)
    return pictures * torch.lerp(ends[:, :1], ends[:, 1:], across)[:, None, :]


def _shadowed(pictures: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Darken one side of a straight edge, hard or soft."""
    count, height = pictures.shape[:2]
    x, y = _places(pictures)
    slope = chance.normal(1, count)[:, None, None]
    from_x, from_y = chance.uniform(0, 1, 2, count)[:, :, None, None]
    edge = height * (y - from_y - slope * (x - from_x))
    soft = torch.where(chance.happens(0.6, count), 1.0, chance.uniform(2, 0.4 * height, count))
    shade = chance.uniform(0.3, 0.8, count)[:, None, None]
    share = (edge / soft[:, None, None] + 0.5).clamp(0, 1)
    kept: torch.Tensor = 1 - share * (1 - shade)
    return pictures * kept


def _glaring(pictures: torch.Tensor, chance: BatchChance) -> torch.Tensor:
    """Wash out a soft spot."""
    count, height, width = pictures.shape
    x, y = _places(pictures)
    at_x, at_y = chance.uniform(0.05, 0.95, 2, count)[:, :, None, None]
    across = chance.uniform(0.08, 0.5, count)[:, None, None]
    down = across * width / height * chance.uniform(0.3, 1.2, count)[:, None, None]
    spot = torch.exp(-(((x - at_x) / across) ** 2) - ((y - at_y) / down) ** 2)
    return pictures + spot * chance.uniform(40, 200, count)[:, None, None]


def _places(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how far right and how far down each pixel is, 0 to 1."""
    height, width = pictures.shape[1:]
    across = (torch.arange(width, device=pictures.device) + 0.5) / width
    down = (torch.arange(height, device=pictures.device) + 0.5) / height
    return across[None, None, :], down[None, :, None]
