"""Plates of some thirty European countries."""

from typing import Final

from edge_lpr.synthesis import styles
from edge_lpr.synthesis.formats.patterns import PlateFormat, codes

_COUNTIES_RO: Final = codes(
    "AB AR AG BC BH BN BT BV BR BZ CS CL CJ CT CV DB DJ GL GR GJ HR HD IL IS IF MM MH MS NT "
    "OT PH SM SJ SB SV TR TM TL VS VL VN B B B B B B B B B B"
)
_CODES_DE: Final = codes(
    "B M HH K F S D DO E L H N DD HB KA MA A WI AC KI LB BB ES FR HD OB OF MI LIO DON"
)
_CODES_CH: Final = codes(
    "ZH BE LU UR SZ OW NW GL ZG FR SO BS BL SH AR AI SG GR AG TG TI VD VS NE GE JU"
)
_CODES_AT: Final = codes("W G L S I K B P GU LL SL WB WL MD BN KO TU ZE BZ HA")
_CODES_IE: Final = codes("D C G L W KE MH WX CN DL KK KY LK LS MN MO OY RN SO TN WH WW")
_CODES_BG: Final = codes(
    "A B BH BP BT CA CB CC CM CO CT CH E EB EH K KH M OB P PA PB PK PP T TX X Y"
)
_CODES_HR: Final = codes("BJ BM CK DA DE DJ DU GS IM KA KC KR KT NA NG OG OS PU RI SB SI ST ZG ZD")
_CODES_SI: Final = codes("CE GO KK KP KR LJ MB MS NM PO SG")
_CODES_IT_OLD: Final = codes("MI TO BO FI NA BA PA GE VE VR PD BS BG MO RE TN TV UD AN PG")

_EU: Final = (styles.EUROPEAN_WHITE, styles.EUROPEAN_WHITE, styles.EUROPEAN_PLAIN)
_WHITE: Final = (styles.EUROPEAN_WHITE,)

_TWO_LINE: Final = (
    "@@\n####",
    "@@ ##\n@@",
    "@@-\n###",
    "@@\n###@@",
    "###\n@@@",
    "@@@\n###",
    "##@-\n@###",
    "@@##\n@@@",
    "@@\n##-@@",
    "%*\n@@ ###",
    "%*\n@ ####",
    "%**\n@@ ##",
    "%*\n#####@",
    "%*#\n###@",
    "@@@*\n###",
    "@@@\n##@",
    "##\n@@@ ##",
    "#-@@@\n-###",
    "@@ #\n####",
    "@@*\n#####",
    "@@@*\n##@@",
    "####\nccc",
    "#@@\n####",
    "@\n######",
    "@@ ##\n###",
    "@@-###-\n@@",
    "###\n@@ ##",
)

EUROPE: Final = (
    PlateFormat(
        "de",
        ("%*@@ ###", "%*@@ ####", "%*@ ####", "%*@@ ##", "%*@ ###", "%*@@ #", "%-@@ ####"),
        (styles.GERMAN,),
        _CODES_DE,
    ),
    PlateFormat("fr", ("ll-###-ll", "ll-###-ll"), (styles.FRENCH,)),
    PlateFormat("fr_old", ("### @@@ ##", "#### @@ ##", "### @@ ##"), (styles.FRENCH, *_EU)),
    PlateFormat("it", ("ll ###ll", "ll*###ll", "ll ###ll"), (styles.FRENCH,)),
    PlateFormat("it_old", ("% #####@", "% @#####"), _EU, _CODES_IT_OLD),
    PlateFormat("es", ("#### ccc",), _WHITE),
    PlateFormat("es_old", ("@-####-@@", "@@-####-@", "@ #### @@"), _EU),
    PlateFormat(
        "nl",
        ("##-cc-cc", "cc-##-cc", "##-ccc-#", "#-ccc-##", "cc-###-c", "c-###-cc", "cc-cc-##"),
        (styles.EUROPEAN_YELLOW,),
    ),
    PlateFormat(
        "pl", ("@@ #####", "@@*#####", "@@@*##@@", "@@ ####@", "@@@*#@##", "@@ ###@@"), _WHITE
    ),
    PlateFormat("be", ("#-@@@-###", "@@@-###", "###-@@@", "@@@*###"), (styles.BELGIAN, *_EU)),
    PlateFormat(
        "ch",
        ("*% 1#####*", "% 1####", "*%~1###*", "%*\n1#####"),
        (styles.PLAIN_COLOURED, styles.EUROPEAN_PLAIN),
        _CODES_CH,
    ),
    PlateFormat("dk", ("@@ ## ###", "@@ #####"), (*_EU, styles.EUROPEAN_YELLOW)),
    PlateFormat("no", ("@@ #####", "@@ ####"), _EU),
    PlateFormat("se", ("ccc ###", "@@@ ##l", "ccc*###"), _WHITE),
    PlateFormat("fi", ("@@@-###", "@@-##", "@@@-##"), _WHITE),
    PlateFormat("is", ("@@ ###", "@@*@##", "@@@ ##"), _EU),
    PlateFormat("at", ("%*#####@", "%*###@@", "%*####@", "%*##@@@"), _WHITE, _CODES_AT),
    PlateFormat("cz", ("#@#*####", "#@# ####", "#@@ ####", "@@@ ##-##"), _WHITE),
    PlateFormat("sk", ("@@*###@@", "@@-###@@"), _WHITE),
    PlateFormat("hu", ("@@@-###", "@@ @@-###"), _WHITE),
    PlateFormat("lt", ("@@@ ###", "@@@*###"), _WHITE),
    PlateFormat("lv", ("@@-####", "@@-###"), _WHITE),
    PlateFormat("ee", ("### @@@", "###@@@"), _WHITE),
    PlateFormat("hr", ("%*###-@@", "%*####-@", "%*###-@"), _EU, _CODES_HR),
    PlateFormat("si", ("%*@@-###", "%*#@-@##", "%*@#-###", "%*##-@@@"), _EU, _CODES_SI),
    PlateFormat("rs_ba_mk", ("@@*###-@@", "@##-@-###", "@@-####-@@"), _WHITE),
    PlateFormat("al_me", ("@@ ###@@", "@@*@@###"), (styles.FRENCH, *_WHITE)),
    PlateFormat("pt", ("##-##-@@", "##-@@-##", "@@-##-##", "@@-##-@@"), (styles.PORTUGUESE,)),
    PlateFormat("ie", ("##-%-#####", "##-%-####", "##1-%-####"), _WHITE, _CODES_IE),
    PlateFormat("gr", ("ggg-1###", "ggg*1###"), _WHITE),
    PlateFormat("cy_mt", ("@@@ ###", "@@@*###", "@@@-###"), _EU),
    PlateFormat("bg", ("% #### kk",), _WHITE, _CODES_BG),
    PlateFormat("ua", ("kk #### kk", "kk ####kk"), _WHITE),
    PlateFormat("by", ("#### kk-#",), _EU),
    PlateFormat("md", ("@@@ ###", "@ @@ ###"), _WHITE),
    PlateFormat("ru", ("k###kk ##", "k ### kk ##", "k###kk ###"), (styles.EUROPEAN_PLAIN,)),
    PlateFormat("tr", ("## @@ ###", "## @ ####", "## @@@ ##", "## @@@ ###"), _WHITE),
    PlateFormat("lu", ("@@ ####", "@@ 1###", "#####"), (styles.EUROPEAN_YELLOW,)),
    PlateFormat("chosen", ("@@@@@ #", "@@@@", "@@@@@@", "@ @@@"), _EU, weight=0.5),
    *(
        PlateFormat(
            f"two_line_{part}",
            _TWO_LINE[part::3],
            (*_EU, styles.EUROPEAN_YELLOW, styles.PLAIN_COLOURED, styles.GERMAN),
            _CODES_DE,
            weight=2.0,
        )
        for part in range(3)
    ),
)

BRITAIN: Final = (
    PlateFormat("gb", ("ll## lll",), (styles.UK_REAR, styles.UK_REAR, styles.UK_BADGED)),
    PlateFormat(
        "gb_old",
        ("l### lll", "l## lll", "l# lll", "lll ###l", "lll ##l", "lll #l"),
        (styles.UK_REAR, styles.UK_REAR, styles.EUROPEAN_PLAIN),
    ),
    PlateFormat(
        "gb_dateless",
        ("@@@ ###", "### @@@", "#### @@", "@@ ####", "@@ ##", "# @@@", "@@@ #", "1 @@", "@IZ ####"),
        (styles.UK_REAR, styles.EUROPEAN_BLACK),
    ),
    PlateFormat("gb_two_line", ("ll##\nlll", "l###\nlll", "@@@\n###"), (styles.UK_REAR,)),
)

ROMANIA: Final = (
    PlateFormat(
        "ro", ("% ## lll", "% ## lll", "% ### lll"), (styles.EUROPEAN_WHITE,), _COUNTIES_RO
    ),
)
