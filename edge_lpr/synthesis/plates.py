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

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import SEPARATORS, GlyphMask, Typeface, set_line
from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.synthesis.styles import PlateStyle
from edge_lpr.synthesis.wear import add_bolts, add_dirt, add_sticker, print_ink, surround

_TWO_LINE_ASPECT = 1.45
"""Width over height of a two-line plate; between 280 x 200 mm and 340 x 200 mm."""
_MOST_LINES = 2
_BAND_SHARE = 0.09
"""Width of the blue band over the width of a one-line plate: 40 to 50 of 520 mm."""


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
        printed: What is printed: A-Z, 0-9, the separators space, hyphen and dot, and at most one
            newline, which makes a two-line plate.
        style: What it looks like.
        typeface: What its letters look like.
        rng: Where every random choice comes from: colours of the style, spacing, wear.
        height_px: Height of the plate itself in pixels, 24 to 400.
        wear: Relief, bolts, dirt, stickers and holders: 0 for a clean new plate, 1 for used ones.

    Returns:
        The plate; its picture is about a third larger than the plate itself.

    Raises:
        ValueError: The text has other characters, or no characters, or more than two lines.
    """
    lines = _checked_lines(printed)
    aspect = style.aspect if len(lines) == 1 else _TWO_LINE_ASPECT
    width_px = round(height_px * aspect * rng.uniform(0.94, 1.06))
    if len(lines) > 1:  # nothing but the text fits on these
        style = replace(style, captions=(), band="left" if style.band == "left" else "none")
    picture, ink_bgr = _draw_empty_plate(style, (width_px, height_px), rng)
    ink_mask = _draw_lines(lines, style, typeface, rng, (width_px, height_px))
    relief = float(rng.uniform(0, 60)) * wear * float(happens(0.6, rng))
    print_ink(picture, ink_mask, ink_bgr, relief=relief)
    if happens(0.5 * wear, rng):
        add_bolts(picture, rng)
    if happens(0.3 * wear, rng):
        add_sticker(picture, rng)
    if happens(0.4 * wear, rng):
        add_dirt(picture, rng, strength=float(rng.uniform(0.1, 0.6)))
    holder = happens(style.dealer_plate * wear, rng)
    placed, (x, y) = surround(picture, rng, holder=holder)
    right, bottom = x + width_px - 1, y + height_px - 1
    corners = np.array([[x, y], [right, y], [right, bottom], [x, bottom]], np.float32)
    return RenderedPlate(placed, corners, "".join(filter(str.isalnum, printed)))


def _checked_lines(printed: str) -> list[str]:
    """Split what is printed into lines, refusing what no plate can show."""
    lines = printed.split("\n")
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") | set(SEPARATORS)
    if len(lines) > _MOST_LINES or not all(
        set(line) <= allowed and line.strip(" -.") for line in lines
    ):
        raise ValueError("A plate is one or two lines of A-Z, 0-9, space, hyphen and dot.")
    return lines


def _draw_empty_plate(
    style: PlateStyle, size_px: tuple[int, int], rng: np.random.Generator
) -> tuple[BgrImage, tuple[int, int, int]]:
    """Draw everything but the text; also choose the ink."""
    width, height = size_px
    background, ink = style.colours[rng.integers(len(style.colours))]
    if style.blanks:
        blank = style.blanks[rng.integers(len(style.blanks))]
        picture: BgrImage = cv2.resize(blank, size_px, interpolation=cv2.INTER_AREA).astype(
            np.uint8
        )
        return picture, _ink_against(picture, rng)
    shade = rng.uniform(0.85, 1.05)
    colour = np.clip(np.asarray(background) * shade + rng.integers(-10, 11, 3), 0, 255)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = colour.astype(np.uint8)
    _draw_band(picture, style, rng)
    _draw_caption(picture, style, ink, rng)
    if style.bordered and happens(0.8, rng):
        inset = max(1, round(height * rng.uniform(0.0, 0.04)))
        thickness = max(1, round(height * 0.025))
        cv2.rectangle(
            picture, (inset, inset), (width - 1 - inset, height - 1 - inset), ink, thickness
        )
    return picture, ink


def _ink_against(picture: BgrImage, rng: np.random.Generator) -> tuple[int, int, int]:
    """Choose an ink that stands out from the middle of a blank plate."""
    height, width = picture.shape[:2]
    middle = picture[height // 3 : 2 * height // 3, width // 6 : -width // 6]
    dark = float(middle.mean()) > 105  # noqa: PLR2004 - light letters only on clearly dark plates
    inks = (
        [(25, 20, 20), (110, 40, 15), (30, 60, 15), (35, 25, 140)]
        if dark
        else [(235, 240, 240), (40, 200, 240), (200, 210, 210)]
    )
    return inks[rng.integers(len(inks))]


def _draw_band(picture: BgrImage, style: PlateStyle, rng: np.random.Generator) -> None:
    """Draw the blue band with something star-like and a country letter on it."""
    height, width = picture.shape[:2]
    band_bgr = (int(rng.integers(110, 190)), int(rng.integers(40, 80)), int(rng.integers(0, 40)))
    if style.band == "top":
        cv2.rectangle(picture, (0, 0), (width, round(0.22 * height)), band_bgr, -1)
        cv2.putText(
            picture,
            "BRASIL",
            (round(width * 0.38), round(0.17 * height)),
            cv2.FONT_HERSHEY_SIMPLEX,
            height / 180,
            (240, 240, 240),
            1,
            cv2.LINE_AA,
        )
        return
    if style.band == "none" or happens(0.25, rng):
        return
    share = _BAND_SHARE * 4.72 * height / width
    for left in (0.0, 1.0 - share) if style.band == "both" else (0.0,):
        x0, x1 = round(left * width), round((left + share) * width)
        cv2.rectangle(picture, (x0, 0), (x1, height), band_bgr, -1)
        cv2.circle(
            picture, ((x0 + x1) // 2, height // 3), height // 9, (0, 210, 240), 1, cv2.LINE_AA
        )
        country = "DFIEPLBNCHRO"[rng.integers(12)]
        cv2.putText(
            picture,
            country,
            (x0 + (x1 - x0) // 4, round(0.85 * height)),
            cv2.FONT_HERSHEY_SIMPLEX,
            height / 130,
            (240, 240, 240),
            1,
            cv2.LINE_AA,
        )


def _draw_caption(
    picture: BgrImage, style: PlateStyle, ink: tuple[int, int, int], rng: np.random.Generator
) -> None:
    """Draw a small text above the letters, below them, or both."""
    if not style.captions:
        return
    height, width = picture.shape[:2]
    for y_share in (0.17, 0.95):
        if happens(0.6, rng):
            words = style.captions[rng.integers(len(style.captions))]
            scale = height * rng.uniform(0.10, 0.15) / 21
            (text_width, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
            x = max(0, (width - text_width) // 2)
            cv2.putText(
                picture,
                words,
                (x, round(y_share * height)),
                cv2.FONT_HERSHEY_SIMPLEX,
                scale,
                ink,
                1,
                cv2.LINE_AA,
            )


def _draw_lines(
    lines: list[str],
    style: PlateStyle,
    typeface: Typeface,
    rng: np.random.Generator,
    size_px: tuple[int, int],
) -> GlyphMask:
    """Draw the text's ink where the plate has room for it."""
    width, height = size_px
    mask = np.zeros((height, width), np.uint8)
    left = 0.05 * width
    if style.band in {"left", "both"}:
        left = max(left, (_BAND_SHARE * 4.72 * height) * 1.05)
    right = width - (left if style.band == "both" else 0.04 * width)
    two = len(lines) > 1
    letter_px = height * (0.38 if two else style.letter_height) * rng.uniform(0.9, 1.08)
    centres = (0.28, 0.74) if two else (0.56 if style.band != "top" else 0.61,)
    condense, spacing = float(rng.uniform(0.75, 1.15)), float(rng.uniform(0.08, 0.24))
    for line, centre in zip(lines, centres, strict=True):
        ink = set_line(line, typeface, condense=condense, spacing=spacing)
        _place(mask, ink, (left, right), (height * centre, letter_px), rng)
    return mask


def _place(
    mask: GlyphMask,
    ink: GlyphMask,
    span_px: tuple[float, float],
    row_px: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Scale a line of ink into its row, squeezing it where it would be too wide."""
    left, right = span_px
    centre, letter_px = row_px
    height_px = max(6, round(letter_px))
    room_px = max(8.0, (right - left) * rng.uniform(0.9, 1.0))
    width_px = max(4, round(min(room_px, ink.shape[1] * height_px / ink.shape[0])))
    scaled = cv2.resize(ink, (width_px, height_px), interpolation=cv2.INTER_AREA)
    x = round(left + (right - left - width_px) * rng.uniform(0.35, 0.65))
    y = round(min(max(1.0, centre - height_px / 2), mask.shape[0] - height_px - 1))
    mask[y : y + height_px, x : x + width_px] = scaled
