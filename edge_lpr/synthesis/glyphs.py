"""Typefaces as glyph masks, and lines of text set in them.

A renderer needs only the ink of each character at one height; where a typeface gets it from is
its own affair. OpenCV's built-in Hershey faces are here because they need no font file; faces
from font files are in ``training/typefaces.py``, which needs Pillow.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.marks import SEAL, SEPARATORS, split_marks

GlyphMask: TypeAlias = NDArray[np.uint8]
"""Ink of one character or line, shape (H, W), uint8, 0 = none to 255 = full."""

GLYPH_HEIGHT_PX: Final = 96
"""Height at which typefaces give their capitals; plates are rarely larger in a lane camera."""

_SEAL_ADVANCE: Final = 0.42
"""Room for a seal in letter heights."""

_EDGE_STEEPNESS: Final = 4.0
"""How much steeper than the blur the edge of stamped ink is."""

_STAMP_MARGIN_PX: Final = 12
"""Room around a line for its ink to be blurred into."""

_HERSHEY_FACES: Final = {
    "simplex": cv2.FONT_HERSHEY_SIMPLEX,
    "duplex": cv2.FONT_HERSHEY_DUPLEX,
    "complex": cv2.FONT_HERSHEY_COMPLEX,
    "triplex": cv2.FONT_HERSHEY_TRIPLEX,
}
_HERSHEY_CAPITAL_PX: Final = 21
"""Height of a Hershey capital at scale 1, in pixels (A. V. Hershey's grid)."""


class Typeface(Protocol):
    """A source of glyphs."""

    def glyph(self, character: str) -> GlyphMask:
        """Give the ink of one character.

        Args:
            character: One of A-Z and 0-9.

        Returns:
            Mask, shape (``GLYPH_HEIGHT_PX``, W), cropped to the ink on both sides. Shared and
            not to be written to.
        """
        ...


@dataclass(frozen=True, slots=True)
class HersheyTypeface:
    """One of OpenCV's built-in stroke faces."""

    face: str = "simplex"
    """``simplex``, ``duplex``, ``complex`` or ``triplex``."""
    stroke: float = 0.14
    """Thickness of a stroke as a share of the letter height, 0.04 to 0.22."""

    def glyph(self, character: str) -> GlyphMask:
        """Give the ink of one character; see ``Typeface.glyph``."""
        return _hershey_glyph(self.face, self.stroke, character)


@lru_cache(maxsize=8192)
def _hershey_glyph(face: str, stroke: float, character: str) -> GlyphMask:
    """Draw one character so that ink, strokes' thickness included, fills the height."""
    thickness_px = max(1, round(stroke * GLYPH_HEIGHT_PX))
    scale = (GLYPH_HEIGHT_PX - thickness_px) / _HERSHEY_CAPITAL_PX
    canvas = np.zeros((3 * GLYPH_HEIGHT_PX, 3 * GLYPH_HEIGHT_PX), np.uint8)
    origin = (GLYPH_HEIGHT_PX // 2, 2 * GLYPH_HEIGHT_PX)
    cv2.putText(
        canvas, character, origin, _HERSHEY_FACES[face], scale, 255, thickness_px, cv2.LINE_AA
    )
    return fit_glyph(canvas)


def fit_glyph(canvas: GlyphMask) -> GlyphMask:
    """Crop a drawn character to its ink and bring it to the standard height.

    Args:
        canvas: Character anywhere on an empty canvas, shape (H, W), uint8. Not modified.

    Returns:
        Mask, shape (``GLYPH_HEIGHT_PX``, W), in memory of its own.
    """
    left, top, width, height = cv2.boundingRect(canvas)
    ink = canvas[top : top + height, left : left + width]
    width_px = max(2, round(width * GLYPH_HEIGHT_PX / max(1, height)))
    return cv2.resize(ink, (width_px, GLYPH_HEIGHT_PX), interpolation=cv2.INTER_AREA).astype(
        np.uint8, copy=False
    )


@dataclass(frozen=True, slots=True)
class LineSetting:
    """How the characters of a line are set."""

    condense: float = 1.0
    """Factor on the glyphs' widths, 0.4 to 1.6."""
    spacing: float = 0.16
    """Gap between neighbours as a share of the letter height."""
    weight: float = 0.0
    """Thickening of strokes as a share of the letter height, -0.03 to 0.03."""
    roundness: float = 0.0
    """How far stamping rounds the strokes' ends and corners, as a share of the letter height."""


PLAIN_SETTING: Final = LineSetting()
"""Glyphs as the typeface has them."""


@dataclass(frozen=True, slots=True, repr=False)
class SetLine:
    """A line of text, set."""

    ink: GlyphMask
    """Shape (``GLYPH_HEIGHT_PX``, W)."""
    seals: tuple[tuple[int, int], ...]
    """Where seals belong: first column and the one after the last, for each."""


def set_line(printed: str, typeface: Typeface, setting: LineSetting = PLAIN_SETTING) -> SetLine:
    """Set one line of text at the standard height.

    Args:
        printed: Characters A-Z and 0-9, separators, seals and stacks, as ``marks`` describes.
        typeface: Where the glyphs come from.
        setting: How they are set.

    Returns:
        The line, in memory of its own.
    """
    gap_px = max(1, round(setting.spacing * GLYPH_HEIGHT_PX))
    gap = np.zeros((GLYPH_HEIGHT_PX, gap_px), np.uint8)
    parts: list[GlyphMask] = []
    seals: list[tuple[int, int]] = []
    x = 0
    for mark in split_marks(printed):
        part = _set_mark(mark, typeface, setting.condense)
        if mark == SEAL:
            seals.append((x, x + part.shape[1]))
        parts += [part, gap]
        x += part.shape[1] + gap_px
    ink = np.hstack(parts[:-1]) if parts else gap
    return SetLine(_stamped(ink, setting), tuple(seals))


def _set_mark(mark: str, typeface: Typeface, condense: float) -> GlyphMask:
    """Draw one mark of a line."""
    if mark == SEAL:
        return np.zeros((GLYPH_HEIGHT_PX, round(_SEAL_ADVANCE * GLYPH_HEIGHT_PX)), np.uint8)
    if mark in SEPARATORS:
        return _separator(mark)
    if mark.startswith("["):
        return _stack(mark[1:-1], typeface)
    return _condensed(typeface.glyph(mark), condense)


def _stack(characters: str, typeface: Typeface) -> GlyphMask:
    """Draw small characters one above the other."""
    rows = max(2, len(characters))
    pitch_px = GLYPH_HEIGHT_PX // rows
    height_px = round(0.86 * pitch_px)
    glyphs = [typeface.glyph(character) for character in characters]
    widths = [max(2, round(g.shape[1] * height_px / GLYPH_HEIGHT_PX)) for g in glyphs]
    mask = np.zeros((GLYPH_HEIGHT_PX, max(widths)), np.uint8)
    for row, (glyph, width_px) in enumerate(zip(glyphs, widths, strict=True)):
        left, top = (mask.shape[1] - width_px) // 2, row * pitch_px
        small = cv2.resize(glyph, (width_px, height_px), interpolation=cv2.INTER_AREA)
        mask[top : top + height_px, left : left + width_px] = small
    return mask


def _stamped(ink: GlyphMask, setting: LineSetting) -> GlyphMask:
    """Change the strokes' weight and round their corners: blur, then find the edge again."""
    if setting.roundness < 0.005 and abs(setting.weight) < 0.001:  # noqa: PLR2004 - not to be seen
        return ink
    # What is blurred by a third of its width is gone; thin strokes stay thin.
    stroke_px = _stroke_px(ink)
    shift_px = max(setting.weight * GLYPH_HEIGHT_PX, -0.1 * stroke_px)
    sigma = min(setting.roundness * GLYPH_HEIGHT_PX, 0.25 * stroke_px)
    # An edge cannot be moved further than it was blurred.
    sigma = max(sigma, 1.3 * abs(shift_px), 1.0)
    margin = _STAMP_MARGIN_PX
    padded = cv2.copyMakeBorder(ink, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    soft = cv2.GaussianBlur(padded, (0, 0), sigma)
    # Where a straight edge was, the blurred ink is at one half, and falls 0.4 in one sigma.
    threshold = 127.5 - 102.0 * shift_px / sigma
    table = np.clip((np.arange(256) - threshold) * _EDGE_STEEPNESS + 127.5, 0, 255)
    steep = cv2.LUT(soft, table.astype(np.uint8))
    return steep[margin:-margin, margin:-margin].astype(np.uint8, copy=False)


def _stroke_px(ink: GlyphMask) -> float:
    """Estimate how thick strokes are: the mean length of runs of ink, in the shorter direction."""
    is_ink = ink > 127  # noqa: PLR2004 - half
    area = 2.0 * np.count_nonzero(is_ink)
    across = int(np.count_nonzero(is_ink[:, 1:] != is_ink[:, :-1]))
    down = int(np.count_nonzero(is_ink[1:] != is_ink[:-1]))
    return float(area / max(across, down, 1))


def _condensed(glyph: GlyphMask, factor: float) -> GlyphMask:
    """Change a glyph's width only."""
    width_px = max(3, round(glyph.shape[1] * factor))
    resized = cv2.resize(glyph, (width_px, GLYPH_HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    return resized.astype(np.uint8, copy=False)


def _separator(character: str) -> GlyphMask:
    """Draw a separator: a gap, a dash at half height or a dot at the foot or at half height."""
    width_px = round(SEPARATORS[character] * GLYPH_HEIGHT_PX)
    mask = np.zeros((GLYPH_HEIGHT_PX, width_px), np.uint8)
    if character == "-":
        mask[44:56, width_px // 8 : -width_px // 8] = 255
    elif character in ".~":
        middle = (width_px // 2, 48 if character == "~" else GLYPH_HEIGHT_PX - 8)
        cv2.circle(mask, middle, 8, 255, -1, cv2.LINE_AA)
    return mask
