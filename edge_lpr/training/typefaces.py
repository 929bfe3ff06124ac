"""Typefaces from font files, for training; what renders on a device needs no font file."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from edge_lpr.synthesis.glyphs import (
    GLYPH_HEIGHT_PX,
    GlyphMask,
    HersheyTypeface,
    Typeface,
    fit_glyph,
)


class FontFileTypeface:
    """A TrueType or OpenType face."""

    def __init__(self, path: Path) -> None:
        """Load the face.

        Args:
            path: Font file.

        Raises:
            OSError: The file is missing or is no font.
        """
        self._font = ImageFont.truetype(str(path), 2 * GLYPH_HEIGHT_PX)
        self._glyph = lru_cache(maxsize=64)(self._draw)

    def glyph(self, character: str) -> GlyphMask:
        """Give the ink of one character; see ``Typeface.glyph``."""
        return self._glyph(character)

    def _draw(self, character: str) -> GlyphMask:
        """Draw one character with Pillow and crop it."""
        canvas = Image.new("L", (5 * GLYPH_HEIGHT_PX, 5 * GLYPH_HEIGHT_PX), 0)
        ImageDraw.Draw(canvas).text(
            (GLYPH_HEIGHT_PX, GLYPH_HEIGHT_PX), character, fill=255, font=self._font
        )
        return fit_glyph(np.asarray(canvas, np.uint8))


class LookAlikeTypeface:
    """A face whose zero is its O and whose one is its I, as on British and many other plates."""

    def __init__(self, face: Typeface) -> None:
        """Take the face that has the glyphs.

        Args:
            face: Any face.
        """
        self._face = face

    def glyph(self, character: str) -> GlyphMask:
        """Give the ink of one character; see ``Typeface.glyph``."""
        return self._face.glyph({"0": "O", "1": "I"}.get(character, character))


def load_typefaces(folder: Path | None) -> dict[str, Typeface]:
    """Load every font file of a folder, and OpenCV's own faces in several weights.

    Args:
        folder: Where ``*.ttf`` and ``*.otf`` files lie; ``None`` for OpenCV's faces only.

    Returns:
        Typefaces by name, ``hershey-*`` for OpenCV's.
    """
    faces: dict[str, Typeface] = {
        f"hershey-{face}-{stroke}": HersheyTypeface(face, stroke)
        for face in ("simplex", "duplex", "complex", "triplex")
        for stroke in (0.08, 0.10, 0.12, 0.14, 0.16, 0.18)
    }
    if folder is not None:
        for path in sorted([*folder.glob("*.ttf"), *folder.glob("*.otf")]):
            faces[path.stem] = FontFileTypeface(path)
    return faces
