"""Typefaces from font files, for training; what renders on a device needs no font file."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.glyphs import (
    GLYPH_HEIGHT_PX,
    GlyphMask,
    HersheyTypeface,
    Typeface,
    fit_glyph,
)

_FAMILY_WORDS: Final = {
    "german": ("german", "nummernschild"),
    "din": ("din", "barlow"),
    "british": ("british",),
    "american": ("american",),
}
"""Words in a font file's name or folder that put it into a family of lettering."""


class FontFileTypeface:
    """A TrueType or OpenType face."""

    def __init__(self, path: Path) -> None:
        """Load the face.

        Args:
            path: Font file.

        Raises:
            DataSetError: The file is missing or is no font.
        """
        try:
            self._font = ImageFont.truetype(str(path), 2 * GLYPH_HEIGHT_PX)
        except OSError as error:
            raise DataSetError(f"{path} is no font ({error}); remove it.") from error
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


def load_typefaces(*folders: Path) -> dict[str, Typeface]:
    """Load every font file of some folders, and OpenCV's own faces in several weights.

    Args:
        folders: Where ``*.ttf`` and ``*.otf`` files lie, also in folders below; one that is
            missing has none.

    Returns:
        Typefaces by name, ``hershey-*`` for OpenCV's, and for a file its path below its folder.

    Raises:
        DataSetError: A file is no font.
    """
    faces: dict[str, Typeface] = {
        f"hershey-{face}-{stroke}": HersheyTypeface(face, stroke)
        for face in ("simplex", "duplex", "complex", "triplex")
        for stroke in (0.08, 0.10, 0.12, 0.14, 0.16, 0.18)
    }
    for folder in folders:
        for path in sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]):
            faces[path.relative_to(folder).with_suffix("").as_posix()] = FontFileTypeface(path)
    return faces


def family_of(name: str) -> str | None:
    """Name the family of lettering that a typeface belongs to.

    Args:
        name: Name of a face, as ``load_typefaces`` gives it.

    Returns:
        ``german``, ``din``, ``british`` or ``american``; ``None`` for one that suits any plate.
    """
    lower = name.lower()
    for family, words in _FAMILY_WORDS.items():
        if any(word in lower for word in words):
            return family
    return None
