"""What national plates say and look like, so that a drawn plate has a plausible text.

Formats carry meaning for a reader: where only digits can stand, a round shape is a zero.
The lists are samples for training and demonstrations, not a register of every series. A new
country is one more ``PlateFormat`` in the file of its continent.
"""

from typing import Final

from edge_lpr.synthesis.formats.americas import ARGENTINA, BRAZIL, CANADA, MEXICO
from edge_lpr.synthesis.formats.europe import BRITAIN, EUROPE, ROMANIA
from edge_lpr.synthesis.formats.patterns import PlateFormat, draw_format, draw_printed_text
from edge_lpr.synthesis.formats.united_states import UNITED_STATES, draw_vanity_text
from edge_lpr.synthesis.formats.world import INDIA, WORLD

__all__ = ["FORMATS", "PlateFormat", "draw_format", "draw_printed_text", "draw_vanity_text"]

FORMATS: Final = {
    "us": UNITED_STATES,
    "ca": CANADA,
    "mx": MEXICO,
    "eu": EUROPE,
    "gb": BRITAIN,
    "ro": ROMANIA,
    "br": BRAZIL,
    "ar": ARGENTINA,
    "in": INDIA,
    "world": WORLD,
}
"""Formats by source, as shares are given by source and not by how many series it has."""
