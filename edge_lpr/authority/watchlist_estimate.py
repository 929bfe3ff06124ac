"""How many passages would match a list by look-alike characters alone.

The model: vehicles that pass have plates of the same shapes as the listed ones, in the same shares,
a shape being which positions are letters and which are digits; within a shape every plate is as
likely as any other. For a folded token of the list and a shape, the plates of that shape with that
fold are counted by multiplying over the positions (3 letters fold to 0, one to each of 1, 2, 5, 6,
8), listed ones are taken off, and the rest is divided by the number of plates of the shape.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from edge_lpr.authority.watchlist_csv import ListedPlate
from edge_lpr.tokens.variants import fold_of

PASSAGES: Final = 1_000_000
"""What an estimate is for."""

_SYMBOLS: Final = {"L": 26, "D": 10}
"""Characters that can stand where a shape has a letter or a digit."""

_KINDS: Final = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"zpp--pp-p-" + b"a" * 26)
"""What can have become a folded character: ``z`` O, D, Q or 0; ``p`` one letter or its digit; ``-``
a digit alone; ``a`` a letter alone."""

_COUNTS: Final = {
    "L": {"z": 3, "p": 1, "-": 0, "a": 1},
    "D": {"z": 1, "p": 1, "-": 1, "a": 0},
}
"""How many characters of a place in a shape fold to a folded character of a kind."""


def false_matches(plates: Sequence[ListedPlate], *, with_variants: bool) -> float:
    """Return how many of ``PASSAGES`` would match though their vehicle is not listed.

    Args:
        plates: The list, not empty.
        with_variants: Whether its variants count too, or the listed plates alone.

    Returns:
        The expected number.
    """
    shapes = Counter(shape_of(each.canonical) for each in plates)
    matching = {
        fold_of(plate)
        for each in plates
        for plate in (each.plates if with_variants else (each.canonical,))
    }
    kinds = Counter(fold.translate(_KINDS).decode("ascii") for fold in matching)
    chance = 0.0
    for shape, occurrences in shapes.items():
        looking_alike = sum(
            number * _plates_of(shape, kind)
            for kind, number in kinds.items()
            if len(kind) == len(shape)
        )
        chance += occurrences / len(plates) * (looking_alike - occurrences) / _size_of(shape)
    return chance * PASSAGES


def shape_of(canonical: bytes) -> str:
    """Return a plate's shape, such as ``LLLDDDD``.

    Args:
        canonical: The plate.
    """
    return "".join("D" if chr(octet).isdigit() else "L" for octet in canonical)


def _plates_of(shape: str, kinds: str) -> int:
    """Return how many plates of a shape have a folded form of these kinds."""
    number = 1
    for place, kind in zip(shape, kinds, strict=True):
        number *= _COUNTS[place][kind]
        if not number:
            break
    return number


def _size_of(shape: str) -> int:
    """Return how many plates a shape has."""
    return math.prod(_SYMBOLS[place] for place in shape)
