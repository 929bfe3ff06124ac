"""Draws plates of many countries, each with its series, its look and its lettering.

Reader and detector are trained on the same plates; what differs is which countries they need
most.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from edge_lpr.synthesis import styles
from edge_lpr.synthesis.blanks import blank_plate
from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.formats import (
    FORMATS,
    PlateFormat,
    draw_format,
    draw_printed_text,
    draw_vanity_text,
)
from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.plates import RenderedPlate, render_plate
from edge_lpr.training.pictures import read_picture
from edge_lpr.training.typefaces import LookAlikeTypeface, family_of, load_typefaces

FONT_FOLDERS: Final = ("fonts", "fonts_extra")
"""Folders of a data set in which font files are looked for."""

BLANKS_FOLDER: Final = "us-blank-plates"
"""Folder of a data set with pictures of empty United States plates."""

_LOOK_ALIKE_SHARES: Final = {"gb": 0.85, "us": 0.15, "br": 0.15, "world": 0.1}
"""Share of plates on which zero and O, one and I are one shape, and only the format tells."""

_WITHOUT_SERIFS: Final = ("hershey-simplex", "hershey-duplex")
_WITHOUT_SERIFS_SHARE: Final = 0.8
_OWN_FAMILY_SHARE: Final = 0.6
"""Share of plates lettered in their country's family, where there is a font of it."""

_VANITY_SHARE: Final = 0.6
"""Share of plates of the mixed American series whose text somebody chose."""

_BLANK_SHARE: Final = 0.75

RIVALS: Final = "0ODQ1I8B6GKXCJ"
"""Characters that are taken for one another most: seen on validation's failures, the first ones
in simulated lanes too."""

_TEXTS_TO_CHOOSE_FROM: Final = 3


@dataclass(frozen=True, slots=True)
class Press:
    """What decides which plates are drawn."""

    shares: Mapping[str, float]
    """Share of each group of formats; together 1."""
    hershey_share: float
    """Share of plates in OpenCV's faces, in which the demonstration's lane is lettered."""
    heights_px: tuple[int, int]
    """Least height of a plate, and one more than the most."""
    rivals_share: float = 0.0
    """Share of plates whose text is the best of three: the one with most characters of
    ``RIVALS``. The series' own rules hold for it too, so nothing impossible is taught."""


class PlatePress:
    """Draws one plate after another."""

    def __init__(
        self, typefaces: Mapping[str, Typeface], blanks: Sequence[BgrImage], press: Press
    ) -> None:
        """Take what plates are made of.

        Args:
            typefaces: Faces by name, as ``load_typefaces`` gives them.
            blanks: Empty United States plates; may be none.
            press: Which plates to draw.
        """
        hershey = {name: face for name, face in typefaces.items() if name.startswith("hershey-")}
        self._hershey = list(hershey.values())
        self._plain = [face for name, face in hershey.items() if name.startswith(_WITHOUT_SERIFS)]
        self._families: dict[str, list[Typeface]] = defaultdict(list)
        for name in sorted(typefaces.keys() - hershey.keys()):
            self._families[family_of(name) or "any"].append(typefaces[name])
        self._from_files = [face for faces in self._families.values() for face in faces]
        self._blank_style = replace(
            styles.UNITED_STATES, blanks=tuple(blank_plate(picture) for picture in blanks)
        )
        self._press = press
        self._groups, self._group_shares = list(press.shares), list(press.shares.values())

    def draw(self, rng: np.random.Generator) -> RenderedPlate:
        """Draw a plate of a random country.

        Args:
            rng: Where the randomness comes from.

        Returns:
            The plate.
        """
        group = str(rng.choice(self._groups, p=self._group_shares))
        return self.draw_one(group, draw_format(FORMATS[group], rng), rng)

    def draw_one(
        self, group: str, plate_format: PlateFormat, rng: np.random.Generator
    ) -> RenderedPlate:
        """Draw a plate of one series.

        Args:
            group: Group of ``FORMATS`` that the series is in.
            plate_format: The series.
            rng: Where the randomness comes from.

        Returns:
            The plate.
        """
        style = plate_format.styles[rng.integers(len(plate_format.styles))]
        if style is styles.UNITED_STATES and self._blank_style.blanks:
            style = self._blank_style if happens(_BLANK_SHARE, rng) else style
        vanity = plate_format.name == "us" and happens(_VANITY_SHARE, rng)

        def draw_text() -> str:
            return draw_vanity_text(rng) if vanity else draw_printed_text(plate_format, rng)

        printed = draw_text()
        if self._press.rivals_share and happens(self._press.rivals_share, rng):
            others = [draw_text() for _ in range(_TEXTS_TO_CHOOSE_FROM - 1)]
            printed = max(printed, *others, key=_count_rivals)
        look_alike_share = 0.0 if vanity else _LOOK_ALIKE_SHARES.get(group, 0.0)
        typeface = self._typeface(style.lettering, look_alike_share, rng)
        height_px = int(rng.integers(*self._press.heights_px))
        return render_plate(printed, style, typeface, rng, height_px=height_px)

    def _typeface(
        self, lettering: str, look_alike_share: float, rng: np.random.Generator
    ) -> Typeface:
        """Draw a typeface; OpenCV's tell zero from O by their widths, and keep doing so."""
        if not self._from_files or happens(self._press.hershey_share, rng):
            plain = self._plain and happens(_WITHOUT_SERIFS_SHARE, rng)
            faces = self._plain if plain else self._hershey
            return faces[rng.integers(len(faces))]
        own = self._families.get(lettering, self._from_files)
        faces = own if happens(_OWN_FAMILY_SHARE, rng) else self._from_files
        face = faces[rng.integers(len(faces))]
        return LookAlikeTypeface(face) if happens(look_alike_share, rng) else face


def _count_rivals(printed: str) -> int:
    """Count the characters that are easily taken for another."""
    return sum(printed.count(character) for character in RIVALS)


def load_materials(folder: Path) -> tuple[dict[str, Typeface], list[BgrImage]]:
    """Load the fonts and blank plates of a data set.

    Args:
        folder: Where ``FONT_FOLDERS`` and ``BLANKS_FOLDER`` are; any of them may be missing.

    Returns:
        Typefaces by name, and blank plates.

    Raises:
        DataSetError: A blank plate is no picture, or a font file no font.
    """
    typefaces = load_typefaces(*(folder / name for name in FONT_FOLDERS))
    blanks = sorted((folder / BLANKS_FOLDER).glob("*.jpg"))
    return typefaces, [read_picture(path) for path in blanks]
