"""Looks of plates: proportions, colours, bands, seals and captions.

Colours are blue, green, red as everywhere here, and only approximate: a camera's exposure
changes them more than the law does.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from edge_lpr.synthesis.blanks import BlankPlate

Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""

Lettering: TypeAlias = Literal["any", "din", "german", "british", "american"]
"""Family that a plate's letters belong to; see ``training/typefaces.py``."""


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
    band_width: float = 0.42
    """Width of a band at an end over the height of the plate: 40 to 50 of 110 mm."""
    band_reach: float = 1.0
    """Share of the height, from the top, that a band at an end covers."""
    bordered: bool = True
    """Whether a line in the ink's colour runs along the edge."""
    captions: tuple[str, ...] = ()
    """Small texts above or below, none to two drawn for each plate."""
    two_scripts: bool = False
    """Whether captions are written in Arabic too."""
    dealer_plate: float = 0.3
    """Share of plates that sit in a holder with small lettering."""
    blanks: tuple[BlankPlate, ...] = field(default=(), repr=False)
    """Photographed empty plates to print on instead of flat colours; one is drawn for each."""
    lettering: Lettering = "any"
    """Family that the letters belong to."""
    rim: float = 0.0
    """Width of a rim in the ink's colour as a share of the height, as on old Argentine plates."""
    date_strip: float = 0.0
    """Share of plates that end in a coloured strip with small figures."""
    frame: float = 0.0
    """Share of plates under a frame that covers their edges and bears a slogan."""


_WHITE: Final = (235, 240, 240)
_BLACK: Final = (25, 22, 20)
_YELLOW: Final = (45, 195, 245)
_ORANGE: Final = (20, 140, 235)
_RED: Final = (40, 30, 180)
_BLUE: Final = (150, 60, 20)
_GREY: Final = (165, 160, 160)
_GREEN: Final = (60, 110, 20)
_PALE_BLUE: Final = (235, 215, 170)
_NAVY: Final = (120, 60, 30)

EUROPEAN_WHITE: Final = PlateStyle(
    "european_white",
    4.72,
    ((_WHITE, _BLACK), (_WHITE, _BLACK), (_WHITE, _BLACK), (_WHITE, _RED)),
    0.68,
    band="left",
    lettering="din",
    date_strip=0.08,
)
EUROPEAN_PLAIN: Final = PlateStyle(
    "european_plain",
    4.4,
    ((_WHITE, _BLACK), (_WHITE, _BLUE), (_BLACK, _WHITE), (_WHITE, _GREEN)),
    0.70,
    lettering="din",
    date_strip=0.05,
)
EUROPEAN_BOXED: Final = EUROPEAN_PLAIN
"""The same plate by its older name."""
EUROPEAN_YELLOW: Final = PlateStyle(
    "european_yellow",
    4.72,
    ((_YELLOW, _BLACK), (_ORANGE, _BLACK)),
    0.68,
    band="left",
    lettering="din",
)
EUROPEAN_BLACK: Final = PlateStyle(
    "black", 4.5, ((_BLACK, _WHITE), (_BLACK, (190, 200, 205))), 0.70, lettering="british"
)
GERMAN: Final = PlateStyle(
    "german", 4.72, ((_WHITE, _BLACK),), 0.70, band="left", lettering="german", date_strip=0.04
)
BELGIAN: Final = PlateStyle("belgian", 4.72, ((_WHITE, _RED),), 0.66, band="left", lettering="din")
FRENCH: Final = PlateStyle(
    "french", 4.72, ((_WHITE, _BLACK), (_YELLOW, _BLACK)), 0.68, band="both", lettering="din"
)
PORTUGUESE: Final = PlateStyle(
    "portuguese", 4.72, ((_WHITE, _BLACK),), 0.68, band="left", lettering="din", date_strip=0.6
)
UK_REAR: Final = PlateStyle(
    "uk_rear",
    4.68,
    ((_YELLOW, _BLACK), (_WHITE, _BLACK)),
    0.72,
    bordered=False,
    dealer_plate=0.6,
    lettering="british",
)
UK_BADGED: Final = PlateStyle(
    "uk_badged",
    4.68,
    ((_YELLOW, _BLACK), (_WHITE, _BLACK)),
    0.72,
    band="left",
    bordered=False,
    dealer_plate=0.4,
    lettering="british",
)
BRAZIL_OLD: Final = PlateStyle(
    "brazil_old",
    3.08,
    (
        (_GREY, _BLACK),
        (_GREY, _BLACK),
        (_GREY, _BLACK),
        ((60, 50, 190), _WHITE),
        (_WHITE, _RED),
        (_GREEN, _WHITE),
    ),
    0.50,
    captions=(
        "SP~SAO PAULO",
        "PR~CURITIBA",
        "MG~BELO HORIZONTE",
        "RJ~RIO DE JANEIRO",
        "BR~BRASIL",
        "SC~JOINVILLE",
        "RS~PORTO ALEGRE",
        "PR~PARANAGUA",
        "BA~SALVADOR",
    ),
    dealer_plate=0.1,
    lettering="din",
)
MERCOSUR: Final = PlateStyle(
    "mercosur",
    3.08,
    ((_WHITE, _BLACK), (_WHITE, _BLACK), (_WHITE, _RED), (_WHITE, _BLUE)),
    0.52,
    band="top",
    lettering="german",
)
ARGENTINE_OLD: Final = PlateStyle(
    "argentine_old",
    2.4,
    ((_BLACK, _WHITE),),
    0.50,
    bordered=False,
    captions=("REPUBLICA ARGENTINA", "ARGENTINA"),
    dealer_plate=0.1,
    lettering="american",
    rim=0.13,
)
INDIAN: Final = PlateStyle(
    "indian",
    4.3,
    ((_WHITE, _BLACK), (_WHITE, _BLACK), (_YELLOW, _BLACK), (_GREEN, _WHITE)),
    0.60,
    bordered=False,
)
INDIAN_SECURE: Final = PlateStyle(
    "indian_secure", 4.2, ((_WHITE, _BLACK), (_YELLOW, _BLACK)), 0.55, band="left"
)
ARABIAN: Final = PlateStyle(
    "arabian",
    3.6,
    ((_WHITE, _BLACK), (_WHITE, _BLACK), (_YELLOW, _BLACK)),
    0.54,
    captions=("DUBAI", "SHARJAH", "AJMAN", "UAE", "QATAR", "KSA", "OMAN", "A.D"),
    two_scripts=True,
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
    captions=("VICTORIA", "QUEENSLAND", "NEW SOUTH WALES", "TRANSPORTE PRIVADO", "WWW.GOV.ZA"),
)
MEXICAN: Final = PlateStyle(
    "mexican",
    2.0,
    ((_WHITE, _BLACK), (_WHITE, _GREEN), (_PALE_BLUE, _BLACK)),
    0.46,
    bordered=False,
    captions=("MEXICO", "JALISCO", "EDO MEX", "NUEVO LEON", "DISTRITO FEDERAL", "BAJA CALIFORNIA"),
    lettering="american",
    frame=0.3,
)
CANADIAN: Final = PlateStyle(
    "canadian",
    2.0,
    ((_WHITE, _BLUE), (_WHITE, _BLUE), (_WHITE, _RED), (_WHITE, _GREEN)),
    0.50,
    bordered=False,
    captions=(
        "ONTARIO",
        "YOURS TO DISCOVER",
        "QUEBEC",
        "JE ME SOUVIENS",
        "BRITISH COLUMBIA",
        "BEAUTIFUL",
        "WILD ROSE COUNTRY",
        "ALBERTA",
        "MANITOBA",
    ),
    lettering="american",
    frame=0.4,
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
        (_NAVY, _YELLOW),
        (_PALE_BLUE, _BLUE),
        (_PALE_BLUE, _BLACK),
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
        "SUNSHINE STATE",
        "THE LONE STAR STATE",
        "EMPIRE STATE",
        "LAND OF LINCOLN",
        "WASHINGTON",
        "FIRST IN FLIGHT",
        "10.000 LAKES",
        "EVERGREEN STATE",
        "1607 ~ 2007",
    ),
    dealer_plate=0.2,
    lettering="american",
    frame=0.4,
)
AMERICAN_MOTORCYCLE: Final = PlateStyle(
    "american_motorcycle", 1.7, UNITED_STATES.colours, 0.48, lettering="american"
)
