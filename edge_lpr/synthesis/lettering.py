"""Sets a plate's text where the plate has room for it."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import GlyphMask, LineSetting, SetLine, Typeface, set_line
from edge_lpr.synthesis.ground import STRIP_OF_HEIGHT
from edge_lpr.synthesis.marks import halves
from edge_lpr.synthesis.ornaments import Box
from edge_lpr.synthesis.styles import PlateStyle

_OVER_EMBLEM_SHARE: Final = 0.2
"""Share of plates whose text runs over the emblem, as chosen texts do."""


@dataclass(frozen=True, slots=True, repr=False)
class Lettering:
    """The ink of a whole plate."""

    ink: GlyphMask
    """Shape (H, W) of the plate."""
    seals: tuple[Box, ...]
    """Where seals belong."""


@dataclass(frozen=True, slots=True)
class Letters:
    """What a plate's letters look like."""

    typeface: Typeface
    """Their shapes."""
    setting: LineSetting
    """How they are set."""


def set_plate(
    lines: list[str],
    style: PlateStyle,
    letters: Letters,
    rng: np.random.Generator,
    size_px: tuple[int, int],
) -> Lettering:
    """Set one or two lines of text on a plate.

    Args:
        lines: What is printed, as ``marks`` describes.
        style: Where bands and captions leave room, and how high letters are.
        letters: What the letters look like.
        rng: Where the randomness of placing comes from.
        size_px: Width and height of the plate.

    Returns:
        Ink and places of seals.
    """
    width, height = size_px
    mask = np.zeros((height, width), np.uint8)
    seals: list[Box] = []
    for line, (centre, share) in zip(lines, _rows(style, len(lines), rng), strict=True):
        row_px = (height * centre, min(height - 2.0, height * share))
        parts = _parts(line, style, _free_columns(style, size_px, centre), width)
        if len(parts) > 1 and happens(_OVER_EMBLEM_SHARE, rng):
            parts = [(line, (parts[0][1][0], parts[-1][1][1]))]
        # A stretch of nothing at the end of a line would move its letters out of the middle.
        set_parts = [
            (set_line(part.strip(" "), letters.typeface, letters.setting), columns)
            for part, columns in parts
        ]
        squeeze = min(_room(part, columns, row_px) for part, columns in set_parts)
        squeeze = min(1.0, squeeze * rng.uniform(0.9, 1.0))
        for part, columns in set_parts:
            seals += _place(mask, _scaled(part, row_px, squeeze), columns, row_px, rng)
    return Lettering(mask, tuple(seals))


def draw_setting(rng: np.random.Generator, *, wear: float) -> LineSetting:
    """Draw how a plate's characters are set.

    Args:
        rng: Where the randomness comes from.
        wear: 0 for strokes as the typeface has them, 1 for strokes as dies and years leave them.

    Returns:
        The setting.
    """
    stamped = happens(0.5 * wear, rng)
    return LineSetting(
        condense=float(rng.uniform(0.72, 1.15)),
        spacing=float(rng.uniform(0.06, 0.26)),
        weight=float(rng.uniform(-0.02, 0.025)) if stamped else 0.0,
        roundness=float(rng.uniform(0.0, 0.06)) if stamped else 0.0,
    )


def _free_columns(
    style: PlateStyle, size_px: tuple[int, int], centre: float
) -> tuple[float, float]:
    """Say between which columns letters may stand in the row around ``centre``."""
    width, height = size_px
    rim_px, band_px = style.rim * height, 1.05 * style.band_width * height
    left, right = max(0.04 * width, rim_px), width - max(0.035 * width, rim_px)
    if style.band in {"left", "both"} and centre < style.band_reach:
        left = max(left, band_px)
    if style.band == "both":
        right = width - band_px
    if style.date_strip > 0:
        right = min(right, width - STRIP_OF_HEIGHT * height)
    return left, right


def _rows(style: PlateStyle, lines: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Draw the rows' middles and letter heights, in shares of the plate's height."""
    if lines == 1:
        middle = 0.61 if style.band == "top" else 0.53 if style.captions else 0.5
        return [(middle + rng.uniform(-0.025, 0.04), style.letter_height * rng.uniform(0.88, 1.12))]
    height = rng.uniform(0.33, 0.42)
    upper = height * (rng.uniform(0.75, 1.0) if happens(0.3, rng) else 1.0)
    return [(rng.uniform(0.25, 0.29), upper), (rng.uniform(0.71, 0.75), height)]


def _parts(
    line: str, style: PlateStyle, columns_px: tuple[float, float], width: int
) -> list[tuple[str, tuple[float, float]]]:
    """Split a line where a blank plate's emblem stands; each part has columns of its own."""
    emblem = style.blanks[0].emblem if style.blanks else None
    sides = halves(line) if emblem is not None else None
    if emblem is None or sides is None:
        return [(line, columns_px)]
    left, right = columns_px
    return [(sides[0], (left, emblem[0] * width)), (sides[1], (emblem[1] * width, right))]


def _room(line: SetLine, columns_px: tuple[float, float], row_px: tuple[float, float]) -> float:
    """Say by which factor a line fits its columns."""
    height_px, width_px = line.ink.shape
    natural_px = row_px[1] * width_px / height_px
    return float(max(8.0, columns_px[1] - columns_px[0]) / natural_px)


def _scaled(line: SetLine, row_px: tuple[float, float], squeeze: float) -> SetLine:
    """Bring a line to its row's height, and squeeze it."""
    height_px = max(6, round(row_px[1]))
    width_px = max(4, int(line.ink.shape[1] * height_px / line.ink.shape[0] * squeeze))
    ink = cv2.resize(line.ink, (width_px, height_px), interpolation=cv2.INTER_AREA)
    scale = width_px / line.ink.shape[1]
    seals = tuple((round(first * scale), round(last * scale)) for first, last in line.seals)
    return SetLine(ink.astype(np.uint8, copy=False), seals)


def _place(
    mask: GlyphMask,
    line: SetLine,
    columns_px: tuple[float, float],
    row_px: tuple[float, float],
    rng: np.random.Generator,
) -> list[Box]:
    """Put a line somewhere about the middle of its columns."""
    left, right = columns_px
    height_px, width_px = line.ink.shape
    width_px = min(width_px, mask.shape[1])
    x = round(left + (right - left - width_px) * rng.uniform(0.35, 0.65))
    x = min(max(0, x), mask.shape[1] - width_px)
    y = round(min(max(1.0, row_px[0] - height_px / 2), mask.shape[0] - height_px - 1))
    mask[y : y + height_px, x : x + width_px] = line.ink[:, :width_px]
    return [(x + first, y, x + last, y + height_px) for first, last in line.seals]
