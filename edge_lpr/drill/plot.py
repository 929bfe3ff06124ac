"""The plot of the page: what it costs to recover every plate, against how many there can be."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from edge_lpr.drill.plate_shapes import SHAPES
from edge_lpr.drill.price import (
    ARGON2_A_SECOND,
    DOLLARS_AN_HOUR,
    HMAC_A_SECOND,
    SECONDS_AN_HOUR,
    SHA256_A_SECOND,
)

_SIZES: Final = tuple(10**exponent for exponent in range(6, 13))
_LINES: Final = (
    ("plain or salted hash (no secret)", SHA256_A_SECOND, "#b5382f", "-"),
    ("HMAC, key leaked", HMAC_A_SECOND, "#c98a1b", "--"),
    ("this design, one day's keys stolen", ARGON2_A_SECOND, "#1f5f8b", "-"),
)
_LABELLED: Final = (("us-state", "one US state"), ("germany", "Germany"))

# Everything that would make two runs differ: ids drawn at random, the date, the reader's fonts.
_DETERMINISTIC: Final[dict[Any, Any]] = {
    "svg.hashsalt": "edge-lpr breach drill",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "path.simplify": False,
}

_METADATA: Final = {"Date": None, "Creator": f"matplotlib {mpl.__version__}"}
"""Another version may draw another way."""


def write_plot(path: Path) -> None:
    """Write the plot as SVG, the same bytes every time.

    Args:
        path: The file; replaced if it exists.
    """
    with mpl.rc_context(_DETERMINISTIC):
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axes = figure.subplots()
        for name, rate, colour, style in _LINES:
            dollars = [
                size / rate.value / SECONDS_AN_HOUR * DOLLARS_AN_HOUR.value for size in _SIZES
            ]
            axes.loglog(_SIZES, dollars, style, color=colour, label=name, linewidth=1.8)
        for shape, label in _LABELLED:
            size = SHAPES[shape].size
            axes.axvline(size, color="#888888", linewidth=0.8, linestyle=":")
            place = axes.get_xaxis_transform()
            axes.text(
                size * 1.15, 0.36, label, transform=place, rotation=90, color="#555555", va="bottom"
            )
        axes.set_ylim(1e-9, 1e7)
        axes.set_xlabel("plates that there can be")
        axes.set_ylabel("dollars to try them all, once")
        axes.set_title("Without that day's keys there is nothing to try, at any price")
        axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
        axes.legend(loc="upper left", frameon=False)
        figure.savefig(path, format="svg", metadata=_METADATA)
