"""Renders one licence plate, flat and seen from the front, with known text and corners.

    from edge_lpr.synthesis.formats import FORMATS, draw_printed_text
    from edge_lpr.synthesis.glyphs import HersheyTypeface
    from edge_lpr.synthesis.plates import render_plate

    rng = np.random.default_rng(7)
    plate_format = FORMATS["eu"][0]
    plate = render_plate(
        draw_printed_text(plate_format, rng), plate_format.styles[0], HersheyTypeface(), rng
    )
    plate.picture_bgr, plate.corners_px, plate.text

The same arguments and the same seed give the same picture. Perspective, light and the camera's
faults are not here: a scene adds them, through the corners.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.ground import draw_ground
from edge_lpr.synthesis.lettering import Letters, draw_setting, set_plate
from edge_lpr.synthesis.marks import checked_lines, plate_text
from edge_lpr.synthesis.ornaments import draw_seal
from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.synthesis.styles import PlateStyle
from edge_lpr.synthesis.surroundings import surround
from edge_lpr.synthesis.wear import add_bolts, add_dirt, add_frame, add_sticker, print_ink

_TWO_LINE_ASPECTS: Final = (1.25, 1.85)
"""Width over height of a two-line plate: from motorcycles to 340 x 200 mm."""


@dataclass(frozen=True, slots=True, repr=False)
class RenderedPlate:
    """A drawn plate and the truth about it. No ``repr``, as for every picture and text here."""

    picture_bgr: BgrImage
    """The plate on a piece of car, owned by this object."""
    corners_px: Quad
    """The plate's own corners in ``picture_bgr``, clockwise from its top-left."""
    text: str
    """Characters A-Z and 0-9 only, the upper line's first."""


def render_plate(
    printed: str,
    style: PlateStyle,
    typeface: Typeface,
    rng: np.random.Generator,
    *,
    height_px: int = 96,
    wear: float = 1.0,
) -> RenderedPlate:
    """Render a plate.

    Args:
        printed: What is printed: A-Z, 0-9 and the separators, seals and stacks of ``marks``, with
            at most one newline, which makes a two-line plate.
        style: What it looks like.
        typeface: What its letters look like.
        rng: Where every random choice comes from: colours of the style, spacing, wear.
        height_px: Height of the plate itself in pixels, 24 to 400.
        wear: Relief, uneven strokes, bolts, dirt, stickers and frames: 0 for a clean new plate, 1
            for used ones.

    Returns:
        The plate; its picture is about a third larger than the plate itself.

    Raises:
        ValueError: It has other characters, or no characters, or more than two lines.
    """
    lines = checked_lines(printed)
    style, aspect = _decided(style, len(lines), rng)
    width_px = round(height_px * aspect * rng.uniform(0.94, 1.06))
    size_px = (width_px, height_px)
    picture, ink_bgr = draw_ground(style, size_px, typeface, rng)
    letters = Letters(typeface, draw_setting(rng, wear=wear))
    lettering = set_plate(lines, style, letters, rng, size_px)
    for box in lettering.seals:
        draw_seal(picture, box, rng)
    relief = float(rng.uniform(0, 60)) * wear * float(happens(0.6, rng))
    print_ink(picture, lettering.ink, ink_bgr, relief=relief)
    _wear_down(picture, style, rng, wear)
    holder = happens(style.dealer_plate * wear, rng)
    placed, (x, y) = surround(picture, rng, holder=holder)
    right, bottom = x + width_px - 1, y + height_px - 1
    corners = np.array([[x, y], [right, y], [right, bottom], [x, bottom]], np.float32)
    return RenderedPlate(placed, corners, plate_text(printed))


def _decided(style: PlateStyle, lines: int, rng: np.random.Generator) -> tuple[PlateStyle, float]:
    """Decide what a style leaves to chance, leave out what has no room; also draw the aspect."""
    if style.blanks:
        style = replace(style, blanks=(style.blanks[rng.integers(len(style.blanks))],))
    if lines == 1:
        strip = 1.0 if happens(style.date_strip, rng) else 0.0
        return replace(style, date_strip=strip), style.aspect
    reach = float(rng.choice([0.5, 1.0]))
    style = replace(
        style,
        captions=(),
        band=style.band if style.band == "left" else "none",
        band_width=0.2,
        band_reach=reach,
        date_strip=0.0,
    )
    return style, float(rng.uniform(*_TWO_LINE_ASPECTS))


def _wear_down(picture: BgrImage, style: PlateStyle, rng: np.random.Generator, wear: float) -> None:
    """Add what years on the road add, in place."""
    if happens(0.5 * wear, rng):
        add_bolts(picture, rng)
    if happens(0.3 * wear, rng):
        add_sticker(picture, rng)
    if happens(style.frame * wear, rng):
        add_frame(picture, rng)
    if happens(0.4 * wear, rng):
        add_dirt(picture, rng, strength=float(rng.uniform(0.1, 0.6)))
