"""Looks of plates: proportions, colours, bands and captions.

Colours are blue, green, red as everywhere here, and only approximate: a camera's exposure
changes them more than the law does.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from edge_lpr.synthesis.pictures import BgrImage

Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""


@dataclass(frozen=True, slots=True)
class PlateStyle:
    """How a plate looks before its text, its wear and its photograph."""

    name: str
    """Short name for messages and tests."""
    aspect: float
    """Width over height of the plate with one line of text."""
    colours: tuple[tuple[Colour, Colour], ...]
    """Pairs of background and ink; one is drawn for each plate."""
    letter_height: float
    """Height of the letters over the height of the plate with one line of text."""
    band: Literal["none", "left", "both", "top"] = "none"
    """Where the blue band runs."""
    bordered: bool = True
    """Whether a line in the ink's colour runs along the edge."""
    captions: tuple[str, ...] = ()
    """Small texts above or below, one or none drawn for each plate."""
    dealer_plate: float = 0.3
    """Share of plates that sit in a holder with small lettering."""
    blanks: tuple[BgrImage, ...] = field(default=(), repr=False)
    """Pictures of empty plates to print on instead of flat colours, each (H, W, 3)."""


_WHITE: Final = (235, 240, 240)
_BLACK: Final = (25, 22, 20)
_YELLOW: Final = (45, 195, 245)
_RED: Final = (40, 30, 180)
_BLUE: Final = (150, 60, 20)
_GREY: Final = (165, 160, 160)
_GREEN: Final = (60, 110, 20)

EUROPEAN_WHITE: Final = PlateStyle(
    "european_white", 4.72, ((_WHITE, _BLACK), (_WHITE, _BLACK), (_WHITE, _RED)), 0.68, band="left"
)
EUROPEAN_BOXED: Final = PlateStyle(
    "european_plain", 4.4, ((_WHITE, _BLACK), (_WHITE, _BLUE), (_BLACK, _WHITE)), 0.70
)
EUROPEAN_YELLOW: Final = PlateStyle(
    "european_yellow", 4.72, ((_YELLOW, _BLACK),), 0.68, band="left"
)
EUROPEAN_BLACK: Final = PlateStyle(
    "black", 4.5, ((_BLACK, _WHITE), (_BLACK, (190, 200, 205))), 0.70
)
FRENCH: Final = PlateStyle("french", 4.72, ((_WHITE, _BLACK), (_YELLOW, _BLACK)), 0.68, band="both")
UK_REAR: Final = PlateStyle(
    "uk_rear", 4.68, ((_YELLOW, _BLACK), (_WHITE, _BLACK)), 0.72, bordered=False, dealer_plate=0.6
)
BRAZIL_OLD: Final = PlateStyle(
    "brazil_old",
    3.08,
    ((_GREY, _BLACK), (_GREY, _BLACK), ((60, 50, 190), _WHITE), (_WHITE, _RED), (_GREEN, _WHITE)),
    0.50,
    captions=("SP SAO PAULO", "PR CURITIBA", "MG BELO HORIZONTE", "RJ RIO DE JANEIRO", "BR BRASIL"),
    dealer_plate=0.1,
)
MERCOSUR: Final = PlateStyle(
    "mercosur", 3.08, ((_WHITE, _BLACK), (_WHITE, _RED), (_WHITE, _BLUE)), 0.52, band="top"
)
ARGENTINE_OLD: Final = PlateStyle(
    "argentine_old",
    2.28,
    ((_BLACK, _WHITE),),
    0.55,
    captions=("REPUBLICA ARGENTINA", "ARGENTINA"),
    dealer_plate=0.1,
)
INDIAN: Final = PlateStyle(
    "indian", 4.3, ((_WHITE, _BLACK), (_WHITE, _BLACK), (_YELLOW, _BLACK)), 0.60, bordered=False
)
PLAIN_COLOURED: Final = PlateStyle(
    "plain_coloured",
    3.2,
    (
        (_WHITE, _BLACK),
        (_YELLOW, _BLACK),
        (_BLUE, _WHITE),
        (_RED, _WHITE),
        (_WHITE, _RED),
        (_WHITE, _GREEN),
        (_GREEN, _WHITE),
        (_BLACK, _YELLOW),
        (_WHITE, _BLUE),
    ),
    0.62,
    captions=("", "VICTORIA", "QUEENSLAND", "MEXICO", "TRANSPORTE PRIVADO"),
)
UNITED_STATES: Final = PlateStyle(
    "united_states",
    2.0,
    (
        (_WHITE, _BLUE),
        (_WHITE, _BLACK),
        (_YELLOW, _BLACK),
        (_BLUE, _WHITE),
        (_WHITE, _GREEN),
        (_GREEN, _WHITE),
        (_WHITE, _RED),
        (_BLACK, _YELLOW),
        ((120, 60, 30), _YELLOW),
    ),
    0.48,
    bordered=False,
    captions=(
        "CALIFORNIA",
        "TEXAS",
        "NEW YORK",
        "FLORIDA",
        "OHIO",
        "GARDEN STATE",
        "OREGON",
        "VIRGINIA",
        "ONTARIO",
        "THE LONE STAR STATE",
        "EMPIRE STATE",
        "LAND OF LINCOLN",
        "QUEBEC",
    ),
    dealer_plate=0.4,
)
