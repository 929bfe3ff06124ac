"""Patterns of plate texts, and how a text is drawn from one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.styles import PlateStyle

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS: Final = "0123456789"

_CLASSES: Final = {
    "@": LETTERS,
    "l": "ABCDEFGHJKLMNPRSTUVWXYZ",  # without I, O, Q
    "c": "BCDFGHJKLMNPRSTVWXYZ",  # consonants
    "g": "ABEHIKMNOPTXYZ",  # capitals that Greek and Latin share
    "k": "ABCEHKMOPTXY",  # capitals that Cyrillic and Latin share
    "#": DIGITS,
    "1": "123456789",
    "?": LETTERS + DIGITS,
    "_": "    --~**",  # whatever stands between two groups
}
"""Wildcards of a pattern; ``%`` is a prefix, ``^`` a stack of small characters now and then, and
anything else stands for itself."""

_STACK_SHARE: Final = 0.5
_STACKED: Final = ("TRK", "A", "WC", "PC", "AB", "TX", "DV", "CL", "NV", "TL", "MT")


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
    weight: float = 1.0
    """How often it is drawn beside others of its group."""


def codes(listed: str) -> tuple[str, ...]:
    """Split a list of codes, which reads better in one string.

    Args:
        listed: Codes with spaces between them.

    Returns:
        The codes.
    """
    return tuple(listed.split())


def draw_format(formats: Sequence[PlateFormat], rng: np.random.Generator) -> PlateFormat:
    """Draw a format of a group by its weight.

    Args:
        formats: The group.
        rng: Where the randomness comes from.

    Returns:
        One of them.
    """
    bounds = np.cumsum([plate_format.weight for plate_format in formats])
    return formats[int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))]


def draw_printed_text(plate_format: PlateFormat, rng: np.random.Generator) -> str:
    """Draw a printed text of a format.

    Args:
        plate_format: The series.
        rng: Where the randomness comes from.

    Returns:
        Characters and marks as ``render_plate`` takes them (``synthesis/marks.py``).
    """
    pattern = plate_format.patterns[rng.integers(len(plate_format.patterns))]
    return "".join(_draw(mark, plate_format, rng) for mark in pattern)


def _draw(mark: str, plate_format: PlateFormat, rng: np.random.Generator) -> str:
    """Replace one mark of a pattern."""
    if mark == "%":
        return plate_format.prefixes[rng.integers(len(plate_format.prefixes))]
    if mark == "^":
        stack = _STACKED[rng.integers(len(_STACKED))]
        return f"[{stack}]" if happens(_STACK_SHARE, rng) else ""
    choices = _CLASSES.get(mark, mark)
    return choices[rng.integers(len(choices))]
