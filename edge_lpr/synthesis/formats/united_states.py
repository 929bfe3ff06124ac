"""Plates of the United States: series of the states, and what owners choose for themselves."""

from typing import Final

import numpy as np

from edge_lpr.synthesis import styles
from edge_lpr.synthesis.formats.patterns import DIGITS, LETTERS, PlateFormat, codes

_SYLLABLES: Final = codes(
    "BA BE BO CA CO DA DE DI DO FA FE FLY GO GR8 HA HI HO JA JO KA KI LA LE LI LO LUV MA ME "
    "MI MO MY NA NE NI NO OH ON PA PE PO RA RE RI RO SA SE SI SO STR TA TI TO U UP VA VE "
    "VI WA WE WI XX YO ZA ZE ZO BUG CAT DOG FUN CAR GAL GUY KID MOM DAD NUT ROX RUN SKI SUN "
    "TOY VAN WIN ICE OLD RED BLU"
)

_PASSENGER: Final = (
    "@@@_####",
    "###_@@@",
    "@@@_###",
    "#@@@###",
    "@@#_#@@",
    "@##_##@",
    "@@@##@",
    "#@@_###",
    "##@_###",
    "@@@_##@",
    "@#@_##@",
    "###_@@#",
    "##_@_###",
    "##_@@_##",
    "@##_@@@",
    "@###_@@",
    "@@#_####",
    "##@_#@#",
)
"""Three letters and three or four digits in every order that a state has come up with."""

_NUMBERED: Final = (
    "#-#####",
    "##-####",
    "##_#####",
    "#####",
    "####",
    "######",
    "#######",
    "###_###",
    "1_#####",
    "###_####",
)
"""Small and old states, trucks and trailers count."""

_OTHER: Final = (
    "@@ #####",
    "@#####@",
    "@@####",
    "@@_###",
    "@ #####",
    "#@####@",
    "@####_@",
    "####_@@",
    "#####_@",
    "#@_#####",
    "#@_@####",
    "## ### @",
    "@###@@",
    "@@_####",
    "@@##@#",
    "#@@#@#",
)

UNITED_STATES: Final = (
    PlateFormat("us", (*_PASSENGER, *_NUMBERED, *_OTHER), (styles.UNITED_STATES,), weight=1.5),
    PlateFormat("us_passenger", _PASSENGER, (styles.UNITED_STATES,)),
    PlateFormat(
        "us_stacked",
        ("^#####^", "####^", "^####", "^@@#_###", "######^", "^###_@@@", "^## ###", "@@ ####^"),
        (styles.UNITED_STATES,),
        weight=0.5,
    ),
    PlateFormat(
        "us_motorcycle",
        ("@##\n###", "##\n@@##", "@@\n####", "#@\n####", "###\n@@"),
        (styles.AMERICAN_MOTORCYCLE,),
        weight=0.3,
    ),
)


def draw_vanity_text(rng: np.random.Generator) -> str:
    """Draw a word-like text of two to eight characters, as owners choose them in the United States.

    Args:
        rng: Where the randomness comes from.

    Returns:
        Characters A-Z and 0-9, now and then with one space or hyphen.
    """
    kind = rng.random()
    if kind < 0.25:  # noqa: PLR2004 - shares of the kinds, by eye from real plates
        return "".join((LETTERS + DIGITS)[i] for i in rng.integers(36, size=rng.integers(2, 8)))
    parts = [_SYLLABLES[i] for i in rng.integers(len(_SYLLABLES), size=rng.integers(2, 5))]
    if kind < 0.5:  # noqa: PLR2004
        parts.append(str(rng.integers(1, 1000)))
    separator = ("", "", "", " ", "-")[rng.integers(5)]
    cut = int(rng.integers(1, len(parts)))
    word = "".join(parts[:cut])[:5] + separator + "".join(parts[cut:])
    return word[:8].strip(" -")
