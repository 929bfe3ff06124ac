"""Photographs many plates again at once, on whichever device they are.

What ``reader_augment.photograph`` does to one plate on a processor; the shares and strengths are
the same, except that corners err more now and then and that plates get dirty here. Pixels that a
plate had on its sensor fill the left upper part of the reader's picture until the end, so that
plates of all sizes go through lens, sensor and codec together.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch.nn import functional

from edge_lpr.training.batch_chance import BatchChance
from edge_lpr.training.batch_light import add_rain, relight, soil
from edge_lpr.training.batch_optics import (
    add_noise,
    compress_jpeg,
    compress_video,
    defocus,
    smear,
    soften,
)
from edge_lpr.training.flat_plates import PLATE_PX, SHEET_PX, FlatPlates
from edge_lpr.training.reader_augment import READER_SIZE_PX, RENDERED, Roughness

_WILD_SHARE: Final = 0.15
_WILD: Final = 2.0
"""Share of plates whose corners err so many times as much: nine in ten of the corner network's are
within 16 % of the plate's height, but half of them within 5 %."""

_SOILED_SHARE: Final = 0.1
_BLACK_SHARE: Final = 0.1
"""Share of plates beyond whose picture there is nothing: the device's frame ends there."""

_LEAST_WIDTH_PX: Final = 30.0
_MOST_HEIGHT_PX: Final = 48.0


@dataclass(frozen=True, slots=True)
class _Sensor:
    """Pixels that each plate had on its sensor."""

    width: torch.Tensor
    """Shape (N,), whole numbers."""
    height: torch.Tensor
    """Shape (N,), whole numbers."""


def photograph_many(plates: FlatPlates, roughness: Roughness, chance: BatchChance) -> torch.Tensor:
    """Flatten plates with the errors a detector makes, and spoil them as a camera does.

    Args:
        plates: Plates on their sheets, on the device of ``chance``. Not modified.
        roughness: How strongly.
        chance: Where the randomness comes from.

    Returns:
        Reader input, shape (N, 1, 64, 192), float32 in [-1, 1].
    """
    count = len(plates)
    sensor = _sensor(plates.aspects, roughness, chance)
    seen = _flatten(plates, sensor, roughness, chance)
    dirty = chance.some(_SOILED_SHARE, count)
    if len(dirty):
        seen[dirty] = soil(seen[dirty], chance)
    seen = relight(seen, chance)
    _blur(seen, sensor, roughness, chance)
    rainy = chance.some(0.06 * roughness.optics, count)
    if len(rainy):
        seen[rainy] = add_rain(seen[rainy], chance)
    noisy = chance.some(roughness.optics, count)
    seen[noisy] = add_noise(seen[noisy], chance.uniform(1, 14, len(noisy)), chance)
    _compress(seen, roughness, chance)
    grown = _grow(seen.clamp(0, 255).round(), sensor, chance)
    return (grown.clamp(0, 255).round() * (2 / 255) - 1)[:, None]


def _sensor(aspects: torch.Tensor, roughness: Roughness, chance: BatchChance) -> _Sensor:
    """Choose how many pixels each plate had on the sensor."""
    count = len(aspects)
    least = torch.where(aspects > 2.6, 12.0, torch.where(aspects > 1.7, 16.0, 22.0))  # noqa: PLR2004
    height = least + (_MOST_HEIGHT_PX - least) * chance.uniform(0, 1, count)
    width = (height * aspects).clamp(_LEAST_WIDTH_PX, READER_SIZE_PX[0])
    is_small = chance.happens(roughness.low_resolution, count)
    return _Sensor(
        torch.where(is_small, width.round(), float(READER_SIZE_PX[0])),
        torch.where(is_small, height.round(), float(READER_SIZE_PX[1])),
    )


def _flatten(
    plates: FlatPlates, sensor: _Sensor, roughness: Roughness, chance: BatchChance
) -> torch.Tensor:
    """Warp once, from the sheet to the sensor's size, with misplaced corners."""
    target, plate_w = _misplaced_corners(sensor, roughness, chance)
    width, height = READER_SIZE_PX
    scale = torch.tensor(READER_SIZE_PX, dtype=torch.float32, device=target.device)
    left, top, right, bottom = PLATE_PX
    corners = target.new_tensor([[left, top], [right, top], [right, bottom], [left, bottom]])
    to_sheet = homographies(target / scale, corners.expand(len(target), 4, 2))
    # What lies beyond the sensor's edge repeats it, so that blur and codec find nothing there.
    x = (torch.arange(width, device=target.device) + 0.5).expand(height, width)
    y = (torch.arange(height, device=target.device) + 0.5)[:, None].expand(height, width)
    x = torch.minimum(x, sensor.width[:, None, None] - 0.5) / width
    y = torch.minimum(y, sensor.height[:, None, None] - 0.5) / height
    flat = torch.stack([x, y, torch.ones_like(x)], -1).flatten(1, 2)
    on_sheet = flat @ to_sheet.transpose(1, 2)
    places = on_sheet[..., :2] / on_sheet[..., 2:].clamp(min=1e-3)
    return _sampled(plates, places.reshape(-1, height, width, 2), plate_w, chance)


def _misplaced_corners(
    sensor: _Sensor, roughness: Roughness, chance: BatchChance
) -> tuple[torch.Tensor, torch.Tensor]:
    """Choose where the corners come to lie, shape (N, 4, 2), and how wide the plate becomes."""
    count = len(sensor.width)
    left, right, top, bottom = chance.uniform(*roughness.margin, 4, count)
    plate_w = sensor.width / (1 + left + right)
    plate_h = sensor.height / (1 + top + bottom)
    x0, y0 = plate_w * left, plate_h * top
    x1, y1 = x0 + plate_w, y0 + plate_h
    target = torch.stack([x0, y0, x1, y0, x1, y1, x0, y1], 1).reshape(count, 4, 2)
    # The same error in pixels is a larger share of a plate's height than of its width.
    spread = torch.stack([0.15 * sensor.width, sensor.height], 1) * roughness.corner_error
    strength = chance.uniform(0, 1, count).sqrt()
    strength = torch.where(chance.happens(_WILD_SHARE, count), _WILD * strength, strength)
    target = target + chance.normal(1, count, 4, 2) * (spread * strength[:, None])[:, None]
    leaning = chance.happens(0.4, count).float()
    slope = chance.normal(0.13 / 2, count) * plate_h * leaning
    slant = chance.normal(0.05 / 2, count) * plate_w * leaning
    moves = [slant, -slope, slant, slope, -slant, slope, -slant, -slope]
    return target + torch.stack(moves, 1).reshape(count, 4, 2), plate_w


def homographies(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Compute the projective maps that take four points to four others.

    Args:
        source: Shape (N, 4, 2), no three of them on a line.
        target: Shape (N, 4, 2).

    Returns:
        Matrices for columns (x, y, 1), shape (N, 3, 3), the last entry 1.

    Source:
        Hartley and Zisserman, "Multiple View Geometry in Computer Vision", 2nd ed., section 4.1.
    """
    x, y = source[..., 0], source[..., 1]
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    rows = []
    for axis in (0, 1):
        to = target[..., axis]
        place = [x, y, one, zero, zero, zero] if axis == 0 else [zero, zero, zero, x, y, one]
        rows.append(torch.stack([*place, -x * to, -y * to], -1))
    equations = torch.cat(rows, 1)
    wanted = torch.cat([target[..., 0], target[..., 1]], 1)
    # The check for what cannot be solved would wait for the device.
    solved = torch.linalg.solve_ex(equations, wanted)[0]
    return torch.cat([solved, one[:, :1]], 1).reshape(-1, 3, 3)


def _sampled(
    plates: FlatPlates, places: torch.Tensor, plate_w: torch.Tensor, chance: BatchChance
) -> torch.Tensor:
    """Read sheets at places in sheet pixels, averaged down where the plate becomes small."""
    inside = plates.insides[:, None, None, :]
    kept = torch.minimum(torch.maximum(places, inside[..., :2] + 0.5), inside[..., 2:] - 0.5)
    size = torch.tensor(SHEET_PX, dtype=torch.float32, device=places.device)
    grid = kept * (2 / size) - 1
    shrink = ((PLATE_PX[2] - PLATE_PX[0]) / plate_w)[:, None, None]
    sheets = plates.sheets[:, None].float()
    seen = functional.grid_sample(sheets, grid, padding_mode="border", align_corners=False)[:, 0]
    for from_shrink in (1.7, 3.4):
        sheets = functional.avg_pool2d(sheets, 2)
        coarse = functional.grid_sample(sheets, grid, padding_mode="border", align_corners=False)
        seen = torch.where(shrink >= from_shrink, coarse[:, 0], seen)
    is_beyond = (places != kept).any(-1) & chance.happens(_BLACK_SHARE, len(seen))[:, None, None]
    return torch.where(is_beyond, torch.zeros_like(seen), seen)


def _blur(seen: torch.Tensor, sensor: _Sensor, roughness: Roughness, chance: BatchChance) -> None:
    """Defocus, or motion along a random direction, in proportion to the picture; in place."""
    order = chance.some(roughness.optics, len(seen))
    soft, focus = round(0.5 * len(order)), round(0.65 * len(order))
    softened, defocused, moved = order[:soft], order[soft:focus], order[focus:]
    strength = 1.2 if roughness is RENDERED else 0.7
    sigma = chance.uniform(0.2, 1, len(softened)) * (
        0.15 + sensor.height[softened] / READER_SIZE_PX[1] * strength
    )
    seen[softened] = soften(seen[softened], sigma)
    most = 0.035 * sensor.height[defocused]
    seen[defocused] = defocus(seen[defocused], 0.4 + most * chance.uniform(0, 1, len(defocused)))
    length = sensor.height[moved] * chance.uniform(0.04, 0.14, len(moved))
    seen[moved] = smear(seen[moved], length, chance.uniform(0, torch.pi, len(moved)))


def _compress(seen: torch.Tensor, roughness: Roughness, chance: BatchChance) -> None:
    """Compress as a video or a photograph, or not at all; in place."""
    filmed = chance.some(0.2 * roughness.optics, len(seen))
    steps = chance.uniform(1.6, 3.6, len(filmed)).exp()
    seen[filmed] = compress_video(seen[filmed], steps, chance)
    stored = chance.some(0.25 * roughness.optics, len(seen))
    seen[stored] = compress_jpeg(seen[stored], chance.uniform(15, 70, len(stored)))


def _grow(seen: torch.Tensor, sensor: _Sensor, chance: BatchChance) -> torch.Tensor:
    """Scale what the sensor saw to the reader's size, by one of two methods."""
    width, height = READER_SIZE_PX
    across = (torch.arange(width, device=seen.device) + 0.5) / width
    down = (torch.arange(height, device=seen.device) + 0.5) / height
    x = across[None] * (2 * sensor.width / width)[:, None] - 1
    y = down[None] * (2 * sensor.height / height)[:, None] - 1
    grid = torch.stack(
        [x[:, None, :].expand(-1, height, -1), y[:, :, None].expand(-1, -1, width)], -1
    )
    grown = functional.grid_sample(seen[:, None], grid, padding_mode="border", align_corners=False)[
        :, 0
    ]
    sharp = chance.some(0.3, len(seen))
    grown[sharp] = functional.grid_sample(
        seen[sharp][:, None], grid[sharp], mode="bicubic", padding_mode="border",
        align_corners=False,
    )[:, 0]  # fmt: skip
    return grown
