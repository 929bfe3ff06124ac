"""Draws the plates of the simulated lane, true to size, by another generator than training's.

``synthesis/plates.py``, which training draws with, sets letters on its own sheets or on
photographed blanks. Here sheets, bands, landscapes and dirt are drawn anew, and the caller gives
typefaces that training has never seen (``training/held_out_typefaces.py``).
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.formats import FORMATS, PlateFormat, draw_printed_text
from edge_lpr.synthesis.glyphs import GLYPH_HEIGHT_PX, LineSetting, Typeface, set_line
from edge_lpr.synthesis.marks import plain, plate_text
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.simulator.landscape import draw_landscape
from edge_lpr.synthesis.simulator.texture import cloud_noise

Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red."""

_SUPERSAMPLED: Final = 2
"""Plates are drawn this much larger and averaged down."""

_WHITE: Final = (236, 238, 236)
_YELLOW: Final = (38, 190, 240)
_BLACK: Final = (28, 26, 24)
_BLUE: Final = (160, 70, 10)
_MINIMUM_CHARACTERS: Final = 5
"""Shorter texts exist, but a lane that has two of them tells little."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Plates of one size and look."""

    group: str
    """Group of ``FORMATS``."""
    series: str
    """Name of the series in it."""
    size_m: tuple[float, float]
    """Width and height."""
    letters_m: float
    """Height of the letters."""
    sheets: tuple[tuple[Colour, Colour], ...] = ((_WHITE, _BLACK),)
    """Pairs of sheet and ink."""
    band: str = ""
    """``left``, ``both`` or ``top``, or nothing."""
    words: tuple[str, ...] = ()
    """Country in the band, or captions of a plate with a landscape."""
    landscape: bool = False
    """Whether the sheet shows one."""


_LONG: Final = (0.52, 0.11)
_MERCOSUR: Final = (0.40, 0.13)
_US: Final = (0.305, 0.152)
_STATES: Final = ("ARIZONA", "MONTANA", "KANSAS", "VERMONT", "NEVADA", "UTAH", "IDAHO")

CAR_ISSUES: Final = (
    Issue("eu", "de", _LONG, 0.075, band="left", words=("D",)),
    Issue("eu", "fr", _LONG, 0.075, band="both", words=("F",)),
    Issue("gb", "gb", _LONG, 0.079, ((_WHITE, _BLACK), (_YELLOW, _BLACK))),
    Issue("ro", "ro", _LONG, 0.070, band="left", words=("RO",)),
    Issue("us", "us_passenger", _US, 0.066, words=_STATES, landscape=True),
    Issue("eu", "pl", _LONG, 0.080, band="left", words=("PL",)),
    Issue("br", "br_mercosur", _MERCOSUR, 0.065, band="top", words=("BRASIL",)),
    Issue("eu", "nl", _LONG, 0.077, ((_YELLOW, _BLACK),), band="left", words=("NL",)),
    Issue("eu", "it", _LONG, 0.074, band="both", words=("I",)),
    Issue("ar", "ar_mercosur", _MERCOSUR, 0.065, band="top", words=("REPUBLICA ARGENTINA",)),
    Issue("eu", "es", _LONG, 0.077, band="left", words=("E",)),
    Issue("in", "in", (0.50, 0.12), 0.065),
    Issue("eu", "at", _LONG, 0.067, band="left", words=("A",)),
    Issue("eu", "hu", _LONG, 0.076, band="left", words=("H",)),
    Issue("us", "us_passenger", _US, 0.066, words=_STATES, landscape=True),
    Issue("eu", "tr", _LONG, 0.075, band="left", words=("TR",)),
)
"""Plates of cars, vans and trucks, in the order in which vehicles take them."""

MOTORCYCLE_ISSUES: Final = (
    Issue("gb", "gb_two_line", (0.228, 0.178), 0.064, ((_YELLOW, _BLACK), (_WHITE, _BLACK))),
    Issue("br", "br_motorcycle", (0.20, 0.17), 0.056, band="top", words=("BRASIL",)),
    Issue("us", "us_motorcycle", (0.178, 0.128), 0.045, ((_WHITE, _BLUE), (_WHITE, _BLACK))),
    Issue("ar", "ar_motorcycle", (0.20, 0.17), 0.056, band="top", words=("ARGENTINA",)),
    Issue("in", "in_two_line", (0.20, 0.10), 0.036),
)
"""Plates of motorcycles: two lines."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LanePlate:
    """A plate of the simulated lane. No ``repr``: it would print the text."""

    picture_bgr: BgrImage
    """The plate to its edges, as by day, in memory of its own."""
    text: str
    """A-Z and 0-9, the upper line's first."""
    size_m: tuple[float, float]
    """Width and height."""
    letters_m: float
    """Height of the letters."""


def draw_plate(
    issue: Issue,
    typeface: Typeface,
    rng: np.random.Generator,
    *,
    pixels_a_metre: float,
    dirt: float,
) -> LanePlate:
    """Draw a plate.

    Args:
        issue: Which.
        typeface: What its letters look like.
        rng: Where the randomness comes from.
        pixels_a_metre: Scale of the picture.
        dirt: How much of the road lies on it, 0 to 1.

    Returns:
        The plate.
    """
    series = next(each for each in FORMATS[issue.group] if each.name == issue.series)
    printed = _draw_text(series, rng)
    scale = pixels_a_metre * _SUPERSAMPLED
    width, height = (round(side * scale) for side in issue.size_m)
    picture, ink_bgr = _draw_sheet(issue, (width, height), typeface, rng)
    lines = printed.split("\n")
    _set_lines(picture, lines, issue, (typeface, ink_bgr), scale)
    _screw_on(picture, rng)
    if dirt > 0:
        soil(picture, dirt, rng)
    size = (max(1, width // _SUPERSAMPLED), max(1, height // _SUPERSAMPLED))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    small_bgr = small.astype(np.uint8, copy=False)
    return LanePlate(small_bgr, plate_text(printed), issue.size_m, issue.letters_m)


def soil(picture: BgrImage, strength: float, rng: np.random.Generator) -> None:
    """Let mud dry on a plate: thickest below, in clouds and splashes; in place.

    Args:
        picture: Plate, shape (H, W, 3), uint8.
        strength: 0 for none, 1 for a plate that hardly anybody can read.
        rng: Where the randomness comes from.
    """
    height, width = picture.shape[:2]
    clouds = cloud_noise((height, width), rng, coarsest_px=height)
    below = np.linspace(-0.25, 0.25, height, dtype=np.float32)[:, None]
    cover = np.clip((clouds + below - 0.55) * 3, 0, 1)
    for _ in range(int(40 * strength)):
        x, y = (int(rng.integers(side)) for side in (width, height))
        cv2.circle(cover, (x, y), int(rng.integers(1, max(2, height // 22))), 0.9, -1, cv2.LINE_AA)
    film = np.float32(0.35 * strength)
    alpha = np.clip(film + cover * np.float32(0.75 * strength), 0, 0.93)[:, :, None]
    mud = np.array((78, 98, 112), np.float32) * np.float32(rng.uniform(0.6, 1.3))
    picture[:] = (picture + alpha * (mud - picture)).astype(np.uint8)


def _draw_text(series: PlateFormat, rng: np.random.Generator) -> str:
    """Draw what is printed, long enough to be told from others."""
    while True:
        printed = draw_printed_text(series, rng)
        lines = [plain(line) for line in printed.split("\n")]
        if len(plate_text(printed)) >= _MINIMUM_CHARACTERS and all(lines):
            return "\n".join(lines)


def _draw_sheet(
    issue: Issue, size_px: tuple[int, int], typeface: Typeface, rng: np.random.Generator
) -> tuple[BgrImage, Colour]:
    """Draw all but the text; also choose the ink."""
    width, height = size_px
    if issue.landscape:
        picture, ink_bgr = draw_landscape(size_px, rng)
        words = issue.words[rng.integers(len(issue.words))]
        _stamp(picture, words, (typeface, ink_bgr), (width / 2, 0.13 * height), 0.13 * height)
        return picture, ink_bgr
    sheet_bgr, ink_bgr = issue.sheets[rng.integers(len(issue.sheets))]
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = np.clip(np.array(sheet_bgr) * rng.uniform(0.88, 1.04), 0, 255).astype(np.uint8)
    line = max(1, round(0.02 * height))
    cv2.rectangle(picture, (line, line), (width - 1 - line, height - 1 - line), ink_bgr, line)
    if issue.band == "top":
        band = round(0.22 * height)
        picture[:band] = _BLUE
        _stamp(picture, issue.words[0], (typeface, _WHITE), (width / 2, band / 2), 0.55 * band)
    elif issue.band:
        band = round(0.38 * height)
        for left in (0, width - band) if issue.band == "both" else (0,):
            picture[:, left : left + band] = _BLUE
            _draw_ring(picture, (left + band / 2, 0.3 * height), 0.28 * band)
        _stamp(picture, issue.words[0], (typeface, _WHITE), (band / 2, 0.8 * height), 0.2 * height)
    return picture, ink_bgr


def _draw_ring(picture: BgrImage, centre: tuple[float, float], radius: float) -> None:
    """Draw the twelve stars."""
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        x, y = centre[0] + radius * np.sin(angle), centre[1] + radius * np.cos(angle)
        cv2.drawMarker(
            picture,
            (round(x), round(y)),
            (20, 210, 250),
            cv2.MARKER_STAR,
            max(2, round(radius / 3)),
        )


def _set_lines(
    picture: BgrImage,
    lines: list[str],
    issue: Issue,
    look: tuple[Typeface, Colour],
    scale: float,
) -> None:
    """Set the text where the sheet has room for it."""
    height, width = picture.shape[:2]
    band = 0.38 * height
    left = band if issue.band in {"left", "both"} else 0.0
    right = width - (band if issue.band == "both" else 0.0)
    top = 0.22 * height if issue.band == "top" else (0.2 * height if issue.landscape else 0.0)
    pitch = (height - top) / len(lines)
    letters = min(issue.letters_m * scale, (0.82 if len(lines) == 1 else 0.72) * pitch)
    for row, line in enumerate(lines):
        centre = ((left + right) / 2, top + pitch * (row + 0.5))
        _stamp(picture, line, look, centre, letters, most=0.92 * (right - left))


def _stamp(
    picture: BgrImage,
    words: str,
    look: tuple[Typeface, Colour],
    centre: tuple[float, float],
    letters_px: float,
    most: float = float("inf"),
) -> None:
    """Print words around a point, no wider than there is room."""
    typeface, ink_bgr = look
    ink = set_line(words, typeface, LineSetting(condense=0.8, spacing=0.14)).ink
    height = max(3, round(letters_px))
    width = max(3, round(min(ink.shape[1] * height / GLYPH_HEIGHT_PX, most, picture.shape[1] - 4)))
    mask = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    left, top = max(0, round(centre[0] - width / 2)), max(0, round(centre[1] - height / 2))
    patch = picture[top : top + height, left : left + width]
    alpha = (mask[: patch.shape[0], : patch.shape[1], None] / np.float32(255)).astype(np.float32)
    patch[:] = (patch + alpha * (np.asarray(ink_bgr, np.float32) - patch)).astype(np.uint8)


def _screw_on(picture: BgrImage, rng: np.random.Generator) -> None:
    """Put two screws through it, now and then."""
    height, width = picture.shape[:2]
    if happens(0.35, rng):
        x = round(width * rng.uniform(0.2, 0.3))
        for place in (x, width - x):
            cv2.circle(
                picture, (place, round(0.08 * height)), max(1, height // 24), (90, 90, 90), -1
            )
