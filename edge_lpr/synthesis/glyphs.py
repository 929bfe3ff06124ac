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

GlyphMask: TypeAlias = NDArray[np.uint8]
"""Ink of one character or line, shape (H, W), uint8, 0 = none to 255 = full."""

GLYPH_HEIGHT_PX: Final = 96
"""Height at which typefaces give their capitals; plates are rarely larger in a lane camera."""

SEPARATORS: Final = {" ": 0.45, "-": 0.50, ".": 0.35}
"""Printed separators and their advance, in letter heights; they are no part of the plate's text."""

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


def set_line(
    printed: str, typeface: Typeface, *, condense: float = 1.0, spacing: float = 0.16
) -> GlyphMask:
    """Set one line of text at the standard height.

    Args:
        printed: Characters A-Z and 0-9 and separators (space, hyphen, dot).
        typeface: Where the glyphs come from.
        condense: Factor on the glyphs' widths, 0.4 to 1.6.
        spacing: Gap between neighbours as a share of the letter height.

    Returns:
        Mask, shape (``GLYPH_HEIGHT_PX``, W), in memory of its own.
    """
    parts: list[GlyphMask] = []
    gap = np.zeros((GLYPH_HEIGHT_PX, max(1, round(spacing * GLYPH_HEIGHT_PX))), np.uint8)
    for character in printed:
        parts += [
            _separator(character)
            if character in SEPARATORS
            else _condensed(typeface.glyph(character), condense),
            gap,
        ]
    return np.hstack(parts[:-1]) if parts else gap


def _condensed(glyph: GlyphMask, factor: float) -> GlyphMask:
    """Change a glyph's width only."""
    width_px = max(3, round(glyph.shape[1] * factor))
    resized = cv2.resize(glyph, (width_px, GLYPH_HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    return resized.astype(np.uint8, copy=False)


def _separator(character: str) -> GlyphMask:
    """Draw a separator: a gap, a dash at half height or a dot at the foot."""
    width_px = round(SEPARATORS[character] * GLYPH_HEIGHT_PX)
    mask = np.zeros((GLYPH_HEIGHT_PX, width_px), np.uint8)
    if character == "-":
        mask[44:56, width_px // 8 : -width_px // 8] = 255
    elif character == ".":
        mask[-14:, width_px // 2 - 7 : width_px // 2 + 7] = 255
    return mask
