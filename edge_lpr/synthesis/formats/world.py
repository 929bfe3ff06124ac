"""Plates of India and of other countries."""

from typing import Final

from edge_lpr.synthesis import styles
from edge_lpr.synthesis.formats.patterns import PlateFormat, codes

_STATES_IN: Final = codes("DL HR MH KA TN UP GJ AP KL PB RJ WB TS CH MP GA")

INDIA: Final = (
    PlateFormat(
        "in",
        (
            "% ## @@ ####",
            "%##@@####",
            "% ## @ ####",
            "%-##-@@-####",
            "% #@ @@ ####",
            "%.##.@@.####",
        ),
        (styles.INDIAN, styles.INDIAN_SECURE),
        _STATES_IN,
    ),
    PlateFormat(
        "in_two_line",
        ("% ##\n@@ ####", "%##@\n####", "% ## @@\n####", "%-##\n@-####"),
        (styles.INDIAN,),
        _STATES_IN,
    ),
)

WORLD: Final = (
    PlateFormat(
        "au",
        ("@@@_##@", "@@@_###", "###_@@@", "@@_##_@@", "#@@_#@@"),
        (styles.PLAIN_COLOURED,),
    ),
    PlateFormat("il", ("##-###-##", "###-##-###"), (styles.EUROPEAN_YELLOW,)),
    PlateFormat(
        "vn",
        ("##@-###.##", "##@-####", "##@-##\n###.##", "##-@#\n####"),
        (styles.PLAIN_COLOURED,),
    ),
    PlateFormat(
        "sg_my",
        ("@@@####@", "@@####@", "@@@ #### @", "@@@ ####"),
        (styles.EUROPEAN_BLACK, styles.PLAIN_COLOURED),
    ),
    PlateFormat(
        "ae", ("@ #####", "@ ####", "## #####", "@ ###", "#####", "@@ ####"), (styles.ARABIAN,)
    ),
    PlateFormat("za", ("@@ ## @@ @@", "@@@ ### @@", "@@ ###-###"), (styles.PLAIN_COLOURED,)),
    PlateFormat("ph_th", ("@@@ ####", "@@@ ###", "@@ ####"), (styles.PLAIN_COLOURED,)),
)
