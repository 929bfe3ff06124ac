"""Drawn plates to train the reader on, a few of them replaced before every batch."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.formats import (
    FORMATS,
    PlateFormat,
    draw_printed_text,
    draw_vanity_text,
)
from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.styles import UNITED_STATES, PlateStyle
from edge_lpr.training.pictures import read_picture
from edge_lpr.training.reader_augment import RENDERED
from edge_lpr.training.reader_labels import encode_text
from edge_lpr.training.reader_photographs import Sample
from edge_lpr.training.typefaces import LookAlikeTypeface, load_typefaces

_SHARES: Final = {
    "us": 0.36,
    "eu": 0.28,
    "gb": 0.07,
    "ro": 0.04,
    "br": 0.09,
    "ar": 0.05,
    "in": 0.05,
    "world": 0.06,
}
"""Share of each group of formats: the United States have the most looks and the fewest pictures."""

_HERSHEY_SHARE: Final = 0.35
"""Share of plates in OpenCV's faces, in which the demonstration's lane is lettered."""

_LOOK_ALIKE_SHARES: Final = {"gb": 0.6, "us": 0.15, "br": 0.15, "world": 0.1}
"""Share of plates on which zero and O, one and I are one shape, and only the format tells."""

_WITHOUT_SERIFS: Final = ("hershey-simplex", "hershey-duplex")
_WITHOUT_SERIFS_SHARE: Final = 0.7
_VANITY_SHARE: Final = 0.4
_BLANK_SHARE: Final = 0.75


class Renderings:
    """A pool of drawn plates."""

    def __init__(
        self,
        typefaces: dict[str, Typeface],
        blanks: Sequence[BgrImage],
        rng: np.random.Generator,
        size: int = 3000,
    ) -> None:
        """Take what plates are made of; the pool fills as it is used.

        Args:
            typefaces: Faces by name, as ``load_typefaces`` gives them.
            blanks: Empty United States plates; may be none.
            rng: Where the randomness comes from.
            size: Plates kept.
        """
        hershey = {n: t for n, t in typefaces.items() if n.startswith("hershey-")}
        self._plain = [t for n, t in hershey.items() if n.startswith(_WITHOUT_SERIFS)]
        self._hershey = list(hershey.values())
        self._from_files = [t for n, t in typefaces.items() if n not in hershey] or self._hershey
        self._blank_style = replace(UNITED_STATES, blanks=tuple(blanks))
        self._rng = rng
        self._size = size
        self._samples: list[Sample] = []

    def draw_many(self, count: int, fresh: int) -> list[Sample]:
        """Draw plates, after rendering some new ones.

        Args:
            count: Plates to draw.
            fresh: New ones to render; they are among those drawn.

        Returns:
            Plates, shared with the pool; all of them new while the pool is empty.
        """
        rng = self._rng
        new = [self._render() for _ in range(min(fresh, count) if self._samples else count)]
        old = [self._samples[rng.integers(len(self._samples))] for _ in range(count - len(new))]
        for sample in new:
            if len(self._samples) < self._size:
                self._samples.append(sample)
            else:
                self._samples[rng.integers(self._size)] = sample
        return new + old

    def _render(self) -> Sample:
        """Render one plate of a random format."""
        rng = self._rng
        group = rng.choice(list(_SHARES), p=list(_SHARES.values()))
        plate_format = FORMATS[group][rng.integers(len(FORMATS[group]))]
        style = self._style(plate_format)
        vanity = group == "us" and happens(_VANITY_SHARE, rng)
        printed = draw_vanity_text(rng) if vanity else draw_printed_text(plate_format, rng)
        typeface = self._typeface(0.0 if vanity else _LOOK_ALIKE_SHARES.get(group, 0.0))
        height_px = int(rng.integers(56, 112))
        plate = render_plate(printed, style, typeface, rng, height_px=height_px)
        classes = encode_text(plate.text)
        if classes is None:
            raise ValueError(f"format {plate_format.name} gives texts that are no plates")
        grey = cv2.cvtColor(plate.picture_bgr, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
        return Sample(grey, plate.corners_px, classes, RENDERED)

    def _style(self, plate_format: PlateFormat) -> PlateStyle:
        """Draw a style; most United States plates are printed on real blank ones."""
        style = plate_format.styles[self._rng.integers(len(plate_format.styles))]
        on_blank = style is UNITED_STATES and self._blank_style.blanks
        return self._blank_style if on_blank and happens(_BLANK_SHARE, self._rng) else style

    def _typeface(self, look_alike_share: float) -> Typeface:
        """Draw a typeface; OpenCV's tell zero from O by their widths, and keep doing so."""
        rng = self._rng
        if happens(_HERSHEY_SHARE, rng):
            faces = self._plain if happens(_WITHOUT_SERIFS_SHARE, rng) else self._hershey
            return faces[rng.integers(len(faces))]
        face = self._from_files[rng.integers(len(self._from_files))]
        return LookAlikeTypeface(face) if happens(look_alike_share, rng) else face


def load_renderings(materials: Path, rng: np.random.Generator) -> Renderings:
    """Load fonts and blank plates.

    Args:
        materials: Folder that may hold ``fonts`` and ``us-blank-plates``.
        rng: Where the renderings' randomness comes from.

    Returns:
        An empty pool.

    Raises:
        DataSetError: A blank plate is no picture.
    """
    fonts = materials / "fonts"
    blanks = sorted((materials / "us-blank-plates").glob("*.jpg"))
    typefaces = load_typefaces(fonts if fonts.is_dir() else None)
    return Renderings(typefaces, [read_picture(path) for path in blanks], rng)
