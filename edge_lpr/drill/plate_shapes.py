"""Plate spaces: how many plates a registration office can give out, and how one is drawn.

Only the shape matters to whoever guesses: the look, the colours and what is not issued do not.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS: Final = "0123456789"

_GERMAN_DISTRICTS: Final = 700
"""About as many district codes of one to three letters are in use."""

_GERMAN_NUMBERS: Final = 9_999


@dataclass(frozen=True, slots=True)
class PlateShape:
    """One plate space."""

    name: str
    """Short name, for the command line."""
    words: str
    """What it is, in plain words."""
    size: int
    """How many different plates it has."""
    draw: Callable[[random.Random], bytes]
    """Draws one plate in canonical form."""


def _draw_us_state(chance: random.Random) -> bytes:
    """Draw three letters and four digits."""
    text = "".join(chance.choices(_LETTERS, k=3)) + "".join(chance.choices(_DIGITS, k=4))
    return text.encode("ascii")


def _draw_german(chance: random.Random) -> bytes:
    """Draw a district of one to three letters, one or two letters, and up to four digits."""
    # Few districts have one letter, most have two or three; the count above is what matters.
    district = "".join(chance.choices(_LETTERS, k=chance.choice((1, 2, 2, 3, 3, 3))))
    letters = "".join(chance.choices(_LETTERS, k=chance.choice((1, 2, 2, 2))))
    number = chance.randrange(100, _GERMAN_NUMBERS + 1)
    return f"{district}{letters}{number}".encode("ascii")


SHAPES: Final = {
    shape.name: shape
    for shape in (
        PlateShape(
            "us-state", "one US state (three letters, four digits)", 26**3 * 10**4, _draw_us_state
        ),
        PlateShape(
            "germany",
            "Germany (district, letters, number)",
            _GERMAN_DISTRICTS * (26 + 26**2) * _GERMAN_NUMBERS,
            _draw_german,
        ),
    )
}
"""Shapes by name. One US state has 1.8e8 plates, Germany 4.9e9."""


def draw_plates(
    shape: PlateShape, count: int, chance: random.Random, *, but: frozenset[bytes] = frozenset()
) -> list[bytes]:
    """Draw different plates.

    Args:
        shape: Where they come from.
        count: How many; far fewer than the shape has.
        chance: Source of randomness, advanced.
        but: Plates that are not to be drawn.

    Returns:
        As many plates, each once.
    """
    drawn: dict[bytes, None] = {}
    while len(drawn) < count:
        plate = shape.draw(chance)
        if plate not in but:
            drawn[plate] = None
    return list(drawn)
