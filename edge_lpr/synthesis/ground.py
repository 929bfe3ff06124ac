"""Draws a plate before its letters: its sheet, its blue band, its small captions, its border."""

from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import HersheyTypeface, LineSetting, Typeface, set_line
from edge_lpr.synthesis.ornaments import draw_script
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.styles import Colour, PlateStyle

STRIP_OF_HEIGHT: Final = 0.36
"""Most width of a date strip over the plate's height."""

_BAND_COUNTRIES: Final = (
    "D", "F", "I", "E", "B", "H", "S", "P", "A",
    "PL", "NL", "CZ", "RO", "FIN", "GB", "SK", "LT", "LV", "EST", "IRL", "GR", "HR", "BG", "SLO"
)  # fmt: skip
_PAPER: Final = (240, 240, 240)
_CAPTION_SETTING: Final = LineSetting(condense=0.9, spacing=0.2)
_CAPTION_FACES: Final = (
    HersheyTypeface("duplex", 0.16),
    HersheyTypeface("triplex", 0.14),
    HersheyTypeface("complex", 0.12),
)


def draw_ground(
    style: PlateStyle, size_px: tuple[int, int], typeface: Typeface, rng: np.random.Generator
) -> tuple[BgrImage, Colour]:
    """Draw everything but the text; also choose the ink.

    Args:
        style: What the plate looks like, decided: at most one blank.
        size_px: Width and height.
        typeface: What captions may be lettered in.
        rng: Where the randomness comes from.

    Returns:
        The empty plate, shape (H, W, 3), in memory of its own, and the ink's colour.
    """
    if style.blanks:
        blank_bgr = style.blanks[0].picture_bgr
        resized = cv2.resize(blank_bgr, size_px, interpolation=cv2.INTER_AREA)
        picture: BgrImage = resized.astype(np.uint8)
        return picture, _ink_against(picture, rng)
    ground_bgr, ink_bgr = style.colours[rng.integers(len(style.colours))]
    picture = _sheet(ground_bgr, size_px, rng)
    if style.band == "top":
        _draw_top_band(picture, typeface, rng)
    elif style.band != "none" and happens(0.8, rng):
        _draw_side_bands(picture, style, rng)
    if style.date_strip > 0:
        _draw_date_strip(picture, typeface, rng)
    _draw_captions(picture, style, ink_bgr, typeface, rng)
    _draw_edge(picture, style, ink_bgr, rng)
    return picture, ink_bgr


def stamp_words(
    picture: BgrImage,
    words: str,
    typeface: Typeface,
    ink_bgr: Colour,
    box: tuple[int, int, int, int],
) -> None:
    """Print small words into a box, in place, as large as they fit.

    Args:
        picture: Picture, shape (H, W, 3), uint8.
        words: A-Z, 0-9 and separators.
        typeface: What they look like.
        ink_bgr: Colour.
        box: Left, top, right, bottom in pixels; nothing is drawn where it is too small.
    """
    left, top, right, bottom = box
    ink = set_line(words, typeface, _CAPTION_SETTING).ink
    height_px = min(bottom - top, round((right - left) * ink.shape[0] / ink.shape[1]))
    width_px = round(ink.shape[1] * height_px / ink.shape[0])
    if height_px < 2 or left < 0 or top < 0:  # noqa: PLR2004 - nothing to be seen
        return
    mask = cv2.resize(ink, (width_px, height_px), interpolation=cv2.INTER_AREA)
    x, y = (left + right - width_px) // 2, (top + bottom - height_px) // 2
    patch = picture[y : y + height_px, x : x + width_px]
    alpha = (mask[: patch.shape[0], : patch.shape[1], None] / np.float32(255)).astype(np.float32)
    patch[:] = (patch + alpha * (np.asarray(ink_bgr, np.float32) - patch)).astype(np.uint8)


def _sheet(ground_bgr: Colour, size_px: tuple[int, int], rng: np.random.Generator) -> BgrImage:
    """Make the bare sheet, now and then paler or darker towards one end."""
    width, height = size_px
    colour = np.asarray(ground_bgr) * rng.uniform(0.82, 1.05) + rng.integers(-12, 13, 3)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = np.clip(colour, 0, 255).astype(np.uint8)
    if happens(0.25, rng):
        other = np.clip(colour * rng.uniform(0.6, 1.3) + rng.integers(-40, 41, 3), 0, 255)
        ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None] ** 2
        column = colour + ramp * (other - colour)
        picture[:] = np.clip(column, 0, 255).astype(np.uint8)[:, None]
    return picture


def _ink_against(picture: BgrImage, rng: np.random.Generator) -> Colour:
    """Choose an ink that stands out from the middle of a blank plate."""
    height, width = picture.shape[:2]
    middle = picture[height // 3 : 2 * height // 3, width // 6 : -width // 6]
    is_pale = float(middle.mean()) > 105  # noqa: PLR2004 - light letters only on clearly dark plates
    inks = (
        [(25, 20, 20), (110, 40, 15), (30, 60, 15), (35, 25, 140), (90, 30, 30), (60, 50, 50)]
        if is_pale
        else [(235, 240, 240), (40, 200, 240), (200, 210, 210)]
    )
    return inks[rng.integers(len(inks))]


def _band_colour(rng: np.random.Generator) -> Colour:
    """Draw one of the blues that bands fade to."""
    return int(rng.integers(110, 215)), int(rng.integers(40, 110)), int(rng.integers(0, 60))


def _draw_top_band(picture: BgrImage, typeface: Typeface, rng: np.random.Generator) -> None:
    """Draw the band of Mercosur plates: emblem, country, flag."""
    height, width = picture.shape[:2]
    band_px = round(height * rng.uniform(0.19, 0.26))
    cv2.rectangle(picture, (0, 0), (width, band_px), _band_colour(rng), -1)
    words = ("BRASIL", "BRASIL", "REPUBLICA ARGENTINA", "URUGUAY", "PARAGUAY")[rng.integers(5)]
    box = (round(0.25 * width), round(0.15 * band_px), round(0.75 * width), round(0.85 * band_px))
    stamp_words(picture, words, typeface, _PAPER, box)
    left, right = round(0.87 * width), round(0.97 * width)
    flag_bgr = ((60, 150, 30), (225, 190, 120))[rng.integers(2)]
    cv2.rectangle(picture, (left, band_px // 5), (right, band_px - band_px // 5), flag_bgr, -1)
    cv2.circle(picture, (width // 16, band_px // 2), max(1, band_px // 4), _PAPER, 1, cv2.LINE_AA)
    if happens(0.5, rng):  # the small code and country letters in the lower left corner
        low = (round(0.02 * width), round(0.72 * height), round(0.1 * width), round(0.9 * height))
        stamp_words(picture, "BR", typeface, (30, 30, 30), low)


def _draw_side_bands(picture: BgrImage, style: PlateStyle, rng: np.random.Generator) -> None:
    """Draw the blue band at one end or at both: twelve stars and a country, or a region."""
    height, width = picture.shape[:2]
    band_px, band_h = round(style.band_width * height), round(style.band_reach * height)
    colour, face = _band_colour(rng), _CAPTION_FACES[0]
    country = _BAND_COUNTRIES[rng.integers(len(_BAND_COUNTRIES))]
    lefts = (0, width - band_px) if style.band == "both" else (0,)
    margin = round(0.14 * band_px)
    for index, left in enumerate(lefts):
        cv2.rectangle(picture, (left, 0), (left + band_px, band_h), colour, -1)
        words = country if index == 0 else str(rng.integers(10, 1000))
        box = (left + margin, round(0.62 * band_h), left + band_px - margin, round(0.92 * band_h))
        stamp_words(picture, words, face, _PAPER, box)
        _draw_stars(picture, (left + band_px / 2, 0.34 * band_h), 0.32 * band_px, rng)


def _draw_stars(
    picture: BgrImage, centre: tuple[float, float], radius: float, rng: np.random.Generator
) -> None:
    """Draw twelve yellow dots in a circle, or a flag's coloured patch instead."""
    if happens(0.15, rng):
        x, y = (round(value) for value in centre)
        half = max(1, round(0.8 * radius))
        colour = [int(value) for value in rng.integers(0, 256, 3)]
        cv2.rectangle(picture, (x - half, y - half), (x + half, y), colour, -1)
        cv2.rectangle(picture, (x - half, y), (x + half, y + half), colour[::-1], -1)
        return
    dot_px = max(1, round(0.14 * radius))
    for angle in np.arange(12) * (np.pi / 6):
        place = (
            round(centre[0] + radius * np.cos(angle)),
            round(centre[1] + radius * np.sin(angle)),
        )
        cv2.circle(picture, place, dot_px, (40, 200, 235), -1, cv2.LINE_AA)


def _draw_date_strip(picture: BgrImage, typeface: Typeface, rng: np.random.Generator) -> None:
    """Draw a strip of small figures at the right end: month over year, not part of the text."""
    height, width = picture.shape[:2]
    strip_px = round(height * rng.uniform(0.25, STRIP_OF_HEIGHT))
    strips: list[Colour] = [(45, 195, 245), (40, 30, 180), _PAPER, _PAPER]
    colour = strips[rng.integers(len(strips))]
    ink = (30, 30, 30) if sum(colour) > 400 else _PAPER  # noqa: PLR2004 - pale strips, dark ink
    cv2.rectangle(picture, (width - strip_px, 0), (width, height), colour, -1)
    rows = int(rng.integers(2, 4))
    for row in range(rows):
        top, bottom = ((row + share) * height / rows for share in (0.14, 0.86))
        margin = round(0.15 * strip_px)
        box = (width - strip_px + margin, round(top), width - margin, round(bottom))
        stamp_words(picture, f"{rng.integers(1, 32):02d}", typeface, ink, box)


def _draw_captions(
    picture: BgrImage,
    style: PlateStyle,
    ink_bgr: Colour,
    typeface: Typeface,
    rng: np.random.Generator,
) -> None:
    """Draw a small text above the letters, below them, or both."""
    if not style.captions:
        return
    height, width = picture.shape[:2]
    for centre in (0.12, 0.9):
        if happens(0.65, rng):
            words = style.captions[rng.integers(len(style.captions))]
            face = typeface if happens(0.5, rng) else _CAPTION_FACES[rng.integers(3)]
            half = height * rng.uniform(0.05, 0.085)
            top, bottom = round(centre * height - half), round(centre * height + half)
            left = round(rng.uniform(0.05, 0.3) * width)
            right = width - left
            colour = _caption_colour(ink_bgr, rng)
            if style.two_scripts:
                right = width // 2
                box = (round(0.55 * width), top, round(rng.uniform(0.68, 0.9) * width), bottom)
                draw_script(picture, box, colour, rng)
            stamp_words(picture, words, face, colour, (left, top, right, bottom))


def _caption_colour(ink_bgr: Colour, rng: np.random.Generator) -> Colour:
    """Draw a caption's colour: mostly the ink's."""
    if happens(0.75, rng):
        return ink_bgr
    blue, green, red = (int(value) for value in rng.integers(0, 200, 3))
    return blue, green, red


def _draw_edge(
    picture: BgrImage, style: PlateStyle, ink_bgr: Colour, rng: np.random.Generator
) -> None:
    """Draw the rim or the border line."""
    height, width = picture.shape[:2]
    if style.rim > 0:
        rim_px = max(2, round(height * style.rim * rng.uniform(0.7, 1.2)))
        inner = picture[rim_px:-rim_px, rim_px:-rim_px].copy()
        mask = np.any(picture != picture[height // 2, width // 2], axis=2)  # captions stay visible
        picture[:] = ink_bgr
        picture[rim_px:-rim_px, rim_px:-rim_px] = inner
        ground = [int(value) for value in inner[0, 0]]
        picture[mask] = ground
    elif style.bordered and happens(0.8, rng):
        inset = max(1, round(height * rng.uniform(0.0, 0.04)))
        corner = (width - 1 - inset, height - 1 - inset)
        cv2.rectangle(picture, (inset, inset), corner, ink_bgr, max(1, round(height * 0.025)))
