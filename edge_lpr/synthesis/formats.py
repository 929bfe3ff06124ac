"""What national plates say and look like, so that a drawn plate has a plausible text.

Formats carry meaning for a reader: where only digits can stand, a round shape is a zero.
The lists are samples for training and demonstrations, not a register of every series.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_lpr.synthesis.styles import (
    ARGENTINE_OLD,
    BRAZIL_OLD,
    EUROPEAN_BLACK,
    EUROPEAN_BOXED,
    EUROPEAN_WHITE,
    EUROPEAN_YELLOW,
    FRENCH,
    INDIAN,
    MERCOSUR,
    PLAIN_COLOURED,
    UK_REAR,
    UNITED_STATES,
    PlateStyle,
)

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CLASSES: Final = {
    "@": _LETTERS,
    "l": "ABCDEFGHJKLMNPRSTUVWXYZ",  # without I, O, Q
    "c": "BCDFGHJKLMNPRSTVWXYZ",  # consonants
    "g": "ABEHIKMNOPTXYZ",  # capitals that Greek and Latin share
    "k": "ABCEHKMOPTXY",  # capitals that Cyrillic and Latin share
    "#": "0123456789",
    "1": "123456789",
    "?": _LETTERS + "0123456789",
}
"""Wildcards of a pattern; anything else stands for itself."""


def _words(listed: str) -> tuple[str, ...]:
    """Split a list of codes, which reads better in one string."""
    return tuple(listed.split())


_COUNTIES_RO: Final = _words(
    "AB AR AG BC BH BN BT BV BR BZ CS CL CJ CT CV DB DJ GL GR GJ HR HD IL IS IF MM MH MS NT "
    "OT PH SM SJ SB SV TR TM TL VS VL VN B B B B B B B B B B"
)
_STATES_IN: Final = _words("DL HR MH KA TN UP GJ AP KL PB RJ WB TS CH MP GA")
_CODES_DE: Final = _words(
    "B M HH K F S D DO E L H N DD HB KA MA A WI AC KI LB BB ES FR HD OB OF MI LIO DON"
)
_CODES_CH: Final = _words(
    "ZH BE LU UR SZ OW NW GL ZG FR SO BS BL SH AR AI SG GR AG TG TI VD VS NE GE JU"
)
_CODES_AT: Final = _words("W G L S I K B P GU LL SL WB WL MD BN KO TU ZE BZ HA")
_CODES_IE: Final = _words("D C G L W KE MH WX CN DL KK KY LK LS MN MO OY RN SO TN WH WW")
_CODES_BG: Final = _words(
    "A B BH BP BT CA CB CC CM CO CT CH E EB EH K KH M OB P PA PB PK PP T TX X Y"
)
_SYLLABLES: Final = _words(
    "BA BE BO CA CO DA DE DI DO FA FE FLY GO GR8 HA HI HO JA JO KA KI LA LE LI LO LUV MA ME "
    "MI MO MY NA NE NI NO OH ON PA PE PO RA RE RI RO SA SE SI SO STR TA TI TO U UP VA VE "
    "VI WA WE WI XX YO ZA ZE ZO BUG CAT DOG FUN CAR GAL GUY KID MOM DAD NUT ROX RUN SKI SUN "
    "TOY VAN WIN ICE OLD RED BLU"
)


@dataclass(frozen=True, slots=True)
class PlateFormat:
    """A series of plates: what they say and how they look."""

    name: str
    """Short name: country or state code, and the series where there are several."""
    patterns: tuple[str, ...]
    """Printed forms with wildcards; a newline starts the lower line."""
    styles: tuple[PlateStyle, ...]
    """Looks it is issued in."""
    prefixes: tuple[str, ...] = ()
    """Codes that ``%`` in a pattern stands for."""


def draw_printed_text(plate_format: PlateFormat, rng: np.random.Generator) -> str:
    """Draw a printed text of a format.

    Args:
        plate_format: The series.
        rng: Where the randomness comes from.

    Returns:
        Characters, separators and at most one newline, as ``render_plate`` takes them.
    """
    pattern = plate_format.patterns[rng.integers(len(plate_format.patterns))]
    return "".join(_draw(mark, plate_format, rng) for mark in pattern)


def _draw(mark: str, plate_format: PlateFormat, rng: np.random.Generator) -> str:
    """Replace one mark of a pattern."""
    if mark == "%":
        return plate_format.prefixes[rng.integers(len(plate_format.prefixes))]
    choices = _CLASSES.get(mark, mark)
    return choices[rng.integers(len(choices))]


def draw_vanity_text(rng: np.random.Generator) -> str:
    """Draw a word-like text of two to eight characters, as owners choose them in the United States.

    Args:
        rng: Where the randomness comes from.

    Returns:
        Characters A-Z and 0-9, now and then with one space or hyphen.
    """
    kind = rng.random()
    if kind < 0.25:  # noqa: PLR2004 - shares of the kinds, by eye from real plates
        return "".join(_CLASSES["?"][i] for i in rng.integers(36, size=rng.integers(2, 8)))
    parts = [_SYLLABLES[i] for i in rng.integers(len(_SYLLABLES), size=rng.integers(2, 5))]
    if kind < 0.5:  # noqa: PLR2004
        parts.append(str(rng.integers(1, 1000)))
    separator = ("", "", "", " ", "-")[rng.integers(5)]
    cut = int(rng.integers(1, len(parts)))
    word = "".join(parts[:cut])[:5] + separator + "".join(parts[cut:])
    return word[:8].strip(" -")


_EU: Final = (EUROPEAN_WHITE, EUROPEAN_WHITE, EUROPEAN_BOXED)

FORMATS: Final = {
    "us": (
        PlateFormat(
            "us",
            (
                "@@@ ####",
                "@@@-####",
                "### @@@",
                "###-@@@",
                "@@@ ###",
                "@@@-###",
                "#@@@###",
                "#@@ ###",
                "@@# #@@",
                "@## ##@",
                "### ###",
                "@@@##@",
                "##@-###",
                "@@ #####",
                "@#####@",
                "#-#####",
                "##-####",
                "#####",
                "####",
                "@@####",
                "@@ ###",
                "@ #####",
                "#@####@",
                "###@@#",
                "@@@ ##@",
                "@#@ ##@",
                "## @ ###",
                "######",
                "#######",
                "@@-####",
                "@#### @",
                "## @@ ##",
                "@## @@@",
                "@### @@",
            ),
            (UNITED_STATES,),
        ),
    ),
    "eu": (
        PlateFormat("de", ("% @@ ###", "% @@ ####", "% @ ####", "% @@ ##"), _EU, _CODES_DE),
        PlateFormat("fr", ("ll-###-ll", "### @@ ##", "#### @@ ##"), (FRENCH, *_EU)),
        PlateFormat("it", ("ll ###ll", "@@ #####@", "ll ###ll"), (FRENCH, *_EU)),
        PlateFormat("es", ("#### ccc", "@ #### @@", "@@ #### @"), _EU),
        PlateFormat(
            "nl",
            ("##-cc-cc", "cc-##-cc", "##-ccc-#", "#-ccc-##", "cc-###-c", "c-###-cc", "cc-cc-##"),
            (EUROPEAN_YELLOW,),
        ),
        PlateFormat("pl", ("@@ #####", "@@@ ##@@", "@@ ####@", "@@@ #@##", "@@ ###@@"), _EU),
        PlateFormat("be", ("#-@@@-###", "@@@-###", "###-@@@"), (*_EU, PLAIN_COLOURED)),
        PlateFormat(
            "ch",
            ("% 1#####", "% 1####", "% 1###", "%\n1#####"),
            (PLAIN_COLOURED,),
            _CODES_CH,
        ),
        PlateFormat(
            "nordic", ("@@ ## ###", "@@ #####", "@@@ ###", "@@@ ##l", "@@@-###", "@@ ####"), _EU
        ),
        PlateFormat("at", ("% #####@", "% ###@@", "%-####@", "% ##@@@"), _EU, _CODES_AT),
        PlateFormat("cz", ("#@# ####", "#@@ ####", "@@@ ##-##"), _EU),
        PlateFormat("sk", ("@@-###@@", "@@ ###@@"), _EU),
        PlateFormat("hu_baltic", ("@@@-###", "@@-####", "@@@ ###", "### @@@"), _EU),
        PlateFormat(
            "si_hr", ("@@ @@-###", "@@ ###-@@", "@@ ####-@", "@@ ##-@@@", "@@ #@@-##"), _EU
        ),
        PlateFormat("pt", ("##-##-@@", "##-@@-##", "@@-##-##"), _EU),
        PlateFormat("ie", ("##-%-#####", "##-%-####", "##1-%-####"), _EU, _CODES_IE),
        PlateFormat("gr", ("ggg-1###", "ggg 1###"), _EU),
        PlateFormat("bg_ua", ("% #### kk", "kk #### kk", "kk ####"), _EU, _CODES_BG),
        PlateFormat("ru", ("k###kk ##", "k ### kk ##"), _EU),
        PlateFormat("tr", ("## @@ ###", "## @ ####", "## @@@ ##"), _EU),
        PlateFormat("lu", ("@@ ####", "@@ 1###"), (EUROPEAN_YELLOW,)),
        PlateFormat(
            "two_line",
            (
                "@@\n####",
                "@@ ##\n@@",
                "@@-\n###",
                "@@\n###@@",
                "###\n@@@",
                "@@@\n###",
                "##@-\n@###",
                "@@##\n@@@",
                "@@\n##-@@",
                "%\n@@ ###",
                "@@@\n##@",
                "##\n@@@ ##",
                "#-@@@\n-###",
                "@@ #\n####",
            ),
            (*_EU, EUROPEAN_YELLOW, PLAIN_COLOURED),
            _CODES_DE,
        ),
    ),
    "gb": (
        PlateFormat(
            "gb",
            (
                "ll## @@@",
                "l### @@@",
                "l## @@@",
                "l# @@@",
                "@@@ ###l",
                "@@@ ##l",
                "@@## @@@",
                "ll##\n@@@",
            ),
            (UK_REAR, EUROPEAN_WHITE, UK_REAR, EUROPEAN_BLACK),
        ),
    ),
    "ro": (
        PlateFormat("ro", ("% ## lll", "% ## lll", "% ### lll"), (EUROPEAN_WHITE,), _COUNTIES_RO),
    ),
    "br": (
        PlateFormat("br", ("@@@-####", "@@@ ####"), (BRAZIL_OLD,)),
        PlateFormat("br_mercosur", ("@@@#@##",), (MERCOSUR,)),
        PlateFormat("br_motorcycle", ("@@@\n####", "@@@\n#@##"), (BRAZIL_OLD, MERCOSUR)),
    ),
    "ar": (
        PlateFormat("ar", ("@@@ ###", "@@@-###"), (ARGENTINE_OLD,)),
        PlateFormat("ar_mercosur", ("@@ ### @@",), (MERCOSUR,)),
        PlateFormat("ar_motorcycle", ("###\n@@@", "@###\n@@@"), (ARGENTINE_OLD, MERCOSUR)),
    ),
    "in": (
        PlateFormat(
            "in",
            (
                "% ## @@ ####",
                "%##@@####",
                "% ## @ ####",
                "%-##-@@-####",
                "% #@ @@ ####",
                "% ##\n@@ ####",
                "%##@\n####",
            ),
            (INDIAN,),
            _STATES_IN,
        ),
    ),
    "world": (
        PlateFormat(
            "au", ("@@@-##@", "@@@ ###", "### @@@", "@@ ## @@", "#@@ #@@"), (PLAIN_COLOURED,)
        ),
        PlateFormat("mx", ("@@@-##-##", "@@@-###-@", "@##-@@@"), (PLAIN_COLOURED, UNITED_STATES)),
        PlateFormat("il", ("##-###-##", "###-##-###"), (EUROPEAN_YELLOW,)),
        PlateFormat(
            "vn", ("##@-###.##", "##@-####", "##@-##\n###.##", "##-@#\n####"), (PLAIN_COLOURED,)
        ),
        PlateFormat("sg", ("@@@####@", "@@####@", "@@@ #### @"), (EUROPEAN_BLACK, PLAIN_COLOURED)),
    ),
}
"""Formats by source, as shares are given by source and not by how many series it has."""
