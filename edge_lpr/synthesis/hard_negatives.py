"""Draws what has been taken for a plate and is none: signs, stickers, numbers on vans, badges.

A detector that has only ever seen letters on plates takes all letters for one. Nothing here may
look like a plate either: no border around a single row of letters without sense. What recorders
write over a picture is in ``overlays``.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import HersheyTypeface, Typeface
from edge_lpr.synthesis.ground import stamp_words
from edge_lpr.synthesis.marks import CHARACTERS
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.styles import Colour
from edge_lpr.synthesis.surroundings import SLOGANS

_THING_HEIGHT_PX: Final = 96
"""Height at which things are drawn, as plates are; whoever pastes them scales them."""

_WORDS: Final = (
    *SLOGANS,
    "STOP", "EXIT", "TAXI", "POLICE", "SALE", "PARKING", "NO ENTRY", "SLOW", "BUS LANE", "SCHOOL",
    "AMBULANCE", "PIZZA", "PLUMBING", "EXPRESS", "LOGISTICS", "BABY ON BOARD", "I LOVE NY", "VOTE",
    "DIESEL", "TURBO", "QUATTRO", "HYBRID", "TDI", "GTI", "4X4", "V6", "COROLLA", "TRANSIT",
    "OPEN", "HOTEL", "BANK", "CAFE", "KEEP CLEAR", "LOADING ZONE", "ONE WAY", "TOLL", "FIRE",
)  # fmt: skip

_WHITE: Final = (240, 240, 240)
_BLACK: Final = (25, 25, 25)
_SIGN_COLOURS: Final[tuple[tuple[Colour, Colour], ...]] = (
    ((60, 110, 20), _WHITE),
    ((150, 70, 20), _WHITE),
    (_WHITE, _BLACK),
    ((35, 190, 245), _BLACK),
    ((40, 30, 190), _WHITE),
    ((20, 110, 235), _BLACK),
    (_BLACK, _WHITE),
)
"""Ground and ink of road signs, and of much else."""


def draw_thing(rng: np.random.Generator, typeface: Typeface | None = None) -> BgrImage:
    """Draw a flat thing with writing on it that is no plate, exactly to its edges.

    Args:
        rng: Where every random choice comes from.
        typeface: What it is lettered in; one of OpenCV's when there is none.

    Returns:
        Shape (H, W, 3), uint8, 96 px high or a little more, in memory of its own.
    """
    face = typeface or HersheyTypeface(
        ("simplex", "duplex", "complex", "triplex")[rng.integers(4)], float(rng.uniform(0.08, 0.2))
    )
    return _THINGS[rng.integers(len(_THINGS))](face, rng)


def _sign(face: Typeface, rng: np.random.Generator) -> BgrImage:
    """A road sign: coloured, bordered, with one or two rows of words."""
    ground, ink = _SIGN_COLOURS[rng.integers(len(_SIGN_COLOURS))]
    picture = _sheet(ground, rng.uniform(0.7, 4.0), rng)
    height, width = picture.shape[:2]
    inset = round(height * rng.uniform(0.02, 0.06))
    cv2.rectangle(picture, (inset, inset), (width - inset, height - inset), ink, max(1, inset // 2))
    rows = [_any_words(rng) for _ in range(rng.integers(1, 4))]
    _write_rows(picture, rows if len(rows) > 1 else [_WORDS[rng.integers(len(_WORDS))]], face, ink)
    return picture


def _round_sign(face: Typeface, rng: np.random.Generator) -> BgrImage:
    """A speed limit on whatever is behind it."""
    picture = _sheet(_any_colour(rng), 1.0, rng)
    middle, radius = (_THING_HEIGHT_PX // 2,) * 2, round(0.46 * _THING_HEIGHT_PX)
    cv2.circle(picture, middle, radius, _WHITE, -1, cv2.LINE_AA)
    cv2.circle(picture, middle, radius, (40, 30, 190), round(0.12 * radius) + 4, cv2.LINE_AA)
    words = str(10 * rng.integers(1, 14))
    stamp_words(picture, words, face, _BLACK, (22, 26, 74, 70))
    return picture


def _telephone(face: Typeface, rng: np.random.Generator) -> BgrImage:
    """A telephone number or a web address on the side of a van."""
    ground = _any_colour(rng)
    picture = _sheet(ground, rng.uniform(3.0, 8.0), rng)
    number = "".join(str(digit) for digit in rng.integers(10, size=10))
    written = (
        f"{number[:3]}-{number[3:6]}-{number[6:]}",
        f"{number[:5]} {number[5:]}",
        f"0{number[:3]} {number[3:]}",
        f"WWW.{_random_word(rng, 7)}.COM",
        number[:7],
    )[rng.integers(5)]
    _write_rows(picture, [written], face, _ink_for(ground, rng))
    return picture


def _bumper_sticker(face: Typeface, rng: np.random.Generator) -> BgrImage:
    """A sticker: words, often beside a picture, often round at its corners."""
    ground = _any_colour(rng)
    picture = _sheet(ground, rng.uniform(1.5, 4.5), rng)
    height, width = picture.shape[:2]
    ink = _ink_for(ground, rng)
    left = 0
    if happens(0.5, rng):
        left = round(0.8 * height)
        middle = (left // 2, height // 2)
        cv2.circle(picture, middle, round(0.35 * height), _any_colour(rng), -1, cv2.LINE_AA)
    _write_rows(picture[:, min(left, width // 2) :], [_any_words(rng)], face, ink)
    return picture


def _badge(face: Typeface, rng: np.random.Generator) -> BgrImage:
    """A maker's or model's name in chrome straight on the paint."""
    picture = _sheet(_any_colour(rng), rng.uniform(1.5, 5.0), rng)
    ink = (215, 215, 215) if happens(0.8, rng) else (60, 60, 60)
    words = _any_words(rng)
    height, width = picture.shape[:2]
    margin = round(0.2 * height)
    shadow = (margin + 1, margin + 2, width - margin + 1, height - margin + 2)
    stamp_words(picture, words, face, _BLACK, shadow)
    stamp_words(picture, words, face, ink, (margin, margin, width - margin, height - margin))
    return picture


def _grille(_: Typeface, rng: np.random.Generator) -> BgrImage:
    """Bars, slots or a bar code: strokes of even rhythm without any letter."""
    picture = _sheet(_any_colour(rng), rng.uniform(1.5, 5.0), rng)
    height, width = picture.shape[:2]
    pitch = height * rng.uniform(0.12, 0.4)
    ink = [int(value) for value in rng.integers(0, 256, 3)]
    thickness = max(1, round(pitch * rng.uniform(0.2, 0.7)))
    upright = happens(0.6, rng)
    for place in np.arange(pitch / 2, width if upright else height, pitch):
        at = round(place + rng.normal(0, 0.15) * pitch)
        first, last = ((at, 8), (at, height - 8)) if upright else ((8, at), (width - 8, at))
        cv2.line(picture, first, last, ink, thickness, cv2.LINE_AA)
    return picture


def _sheet(ground: Colour, aspect: float, rng: np.random.Generator) -> BgrImage:
    """Make a bare sheet, a little darker towards one side."""
    width = max(24, round(_THING_HEIGHT_PX * aspect))
    ramp = np.linspace(rng.uniform(0.7, 1.05), rng.uniform(0.7, 1.05), width)[None, :, None]
    row = np.clip(np.asarray(ground) * ramp, 0, 255).astype(np.uint8)
    return np.repeat(row, _THING_HEIGHT_PX, axis=0)


def _write_rows(picture: BgrImage, rows: list[str], face: Typeface, ink: Colour) -> None:
    """Write rows of words over the whole height."""
    height, width = picture.shape[:2]
    pitch, margin = height / len(rows), round(0.06 * width)
    for index, words in enumerate(rows):
        top, bottom = round((index + 0.16) * pitch), round((index + 0.84) * pitch)
        stamp_words(picture, words, face, ink, (margin, top, width - margin, bottom))


def _any_words(rng: np.random.Generator) -> str:
    """Draw words, now and then with a number."""
    words = _WORDS[rng.integers(len(_WORDS))]
    return f"{words} {rng.integers(1, 1000)}" if happens(0.2, rng) else words


def _random_word(rng: np.random.Generator, length: int) -> str:
    """Draw characters without sense."""
    return "".join(CHARACTERS[i] for i in rng.integers(len(CHARACTERS), size=length))


def _any_colour(rng: np.random.Generator) -> Colour:
    """Draw a colour, often white, grey or black as cars are."""
    if happens(0.6, rng):
        shade = int(rng.choice([20, 90, 160, 235]) + rng.integers(-20, 20))
        return shade, shade, shade
    blue, green, red = (int(value) for value in rng.integers(0, 256, 3))
    return blue, green, red


def _ink_for(ground: Colour, rng: np.random.Generator) -> Colour:
    """Draw an ink that stands out."""
    if happens(0.3, rng):
        return (200, 60, 10) if sum(ground) > 400 else (40, 210, 250)  # noqa: PLR2004
    return _BLACK if sum(ground) > 380 else _WHITE  # noqa: PLR2004 - half of all light


_THINGS: Final[tuple[Callable[[Typeface, np.random.Generator], BgrImage], ...]] = (
    _sign,
    _sign,
    _round_sign,
    _telephone,
    _telephone,
    _bumper_sticker,
    _badge,
    _grille,
)
