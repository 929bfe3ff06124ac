"""Plates of the Americas, without the United States."""

from typing import Final

from edge_lpr.synthesis import styles
from edge_lpr.synthesis.formats.patterns import PlateFormat

CANADA: Final = (
    PlateFormat("ca", ("@@@@_###", "@@@_###", "###_@@@", "@##_@@@"), (styles.CANADIAN,)),
    PlateFormat("ca_numbered", ("@@#_##@", "###_##@", "@@##_##", "@@@_####"), (styles.CANADIAN,)),
)

MEXICO: Final = (
    PlateFormat(
        "mx",
        ("@@@-##-##", "@@@-###-@", "@##-@@@", "@@-##-###", "###-@@@", "@@@-##-##"),
        (styles.MEXICAN, styles.PLAIN_COLOURED),
    ),
)

_FIRST_LETTERS: Final = tuple("AABCDEFGHIIJKKLMNOPQRS")
"""States' ranges of old Brazilian plates begin with these; I, K and A have been misread most."""

BRAZIL: Final = (
    PlateFormat("br", ("%@@-####", "%@@~####", "%@@~####"), (styles.BRAZIL_OLD,), _FIRST_LETTERS),
    PlateFormat("br_any", ("@@@-####", "@@@~####", "@@@ ####"), (styles.BRAZIL_OLD,)),
    PlateFormat("br_mercosur", ("@@@#@##",), (styles.MERCOSUR,)),
    PlateFormat("br_motorcycle", ("@@@\n####", "@@@\n#@##"), (styles.BRAZIL_OLD, styles.MERCOSUR)),
)

ARGENTINA: Final = (
    PlateFormat("ar", ("@@@ ###", "@@@-###", "@@@*###"), (styles.ARGENTINE_OLD,)),
    PlateFormat("ar_mercosur", ("@@ ### @@",), (styles.MERCOSUR,)),
    PlateFormat(
        "ar_motorcycle",
        ("###\n@@@", "@###\n@@@", "@##\n#@@@"),
        (styles.ARGENTINE_OLD, styles.MERCOSUR),
    ),
)
