"""Plates that a listed plate may be misread as, the likeliest first: variants for a watch-list.

Only single characters, and only those that folding does not make equal already: a passage misread
within a fold class matches by its folded token anyway. The authority adds variants to a list; a
device never publishes alternates.
"""

from collections.abc import Mapping
from typing import Final

from edge_lpr.tokens.canonical import fold_into

MAXIMUM_VARIANTS: Final = 64
"""Most variants of a plate, those that the list itself names included (token suite 1)."""

CONFUSIONS: Final[Mapping[str, Mapping[str, float]]] = {
    "0": {"8": 0.0066, "6": 0.0028, "9": 0.0020, "U": 0.0010, "C": 0.0010},
    "1": {"J": 0.0020, "7": 0.0015, "L": 0.0010, "T": 0.0010},
    "2": {"7": 0.0015},
    "3": {"8": 0.0015, "9": 0.0010, "5": 0.0010},
    "4": {"A": 0.0010},
    "5": {"6": 0.0015, "3": 0.0010},
    "6": {"8": 0.0033, "0": 0.0028, "5": 0.0015},
    "7": {"1": 0.0015, "T": 0.0010, "2": 0.0010},
    "8": {"0": 0.0066, "6": 0.0033, "3": 0.0015, "9": 0.0010},
    "9": {"0": 0.0020, "8": 0.0010, "3": 0.0010},
    "A": {"4": 0.0020, "R": 0.0010},
    "B": {"R": 0.0015, "E": 0.0010, "3": 0.0010, "P": 0.0010},
    "C": {"G": 0.0030, "0": 0.0020, "L": 0.0005},
    "D": {"U": 0.0010},
    "E": {"F": 0.0025, "B": 0.0015, "L": 0.0010},
    "F": {"E": 0.0020, "P": 0.0020},
    "G": {"C": 0.0030, "0": 0.0015},
    "H": {"N": 0.0025, "M": 0.0020, "W": 0.0010},
    "I": {"J": 0.0060, "T": 0.0020, "L": 0.0020},
    "J": {"I": 0.0060, "U": 0.0015},
    "K": {"X": 0.0025, "R": 0.0010},
    "L": {"1": 0.0015, "E": 0.0010},
    "M": {"N": 0.0030, "H": 0.0025, "W": 0.0020},
    "N": {"M": 0.0030, "H": 0.0025, "W": 0.0010},
    "O": {"U": 0.0015, "C": 0.0015},
    "P": {"F": 0.0025, "R": 0.0020},
    "Q": {"C": 0.0010},
    "R": {"P": 0.0020, "B": 0.0015, "K": 0.0010},
    "S": {"6": 0.0010, "3": 0.0010, "9": 0.0010},
    "T": {"1": 0.0020, "7": 0.0020, "Y": 0.0015},
    "U": {"V": 0.0025, "0": 0.0020, "J": 0.0015},
    "V": {"Y": 0.0030, "U": 0.0025, "W": 0.0015},
    "W": {"M": 0.0020, "V": 0.0020, "N": 0.0015},
    "X": {"K": 0.0025, "Y": 0.0020},
    "Y": {"V": 0.0030, "X": 0.0020, "T": 0.0015},
    "Z": {"7": 0.0025},
}
"""How often a character is read as another one: true character, character read, probability.

Source: 0 and 8, 6 and 8, 0 and 6, 0 and 9, I and J are the pairs outside the folds that made up at
least one per cent of all that the reader replaced (docs/model-card.md, "What the fold token is
worth": 97, 49, 41 and 26 to 39 times in 20,000 plates, over some 7,400 of each digit and 2,500 of
each letter). All others are judged by the shapes of plate typefaces, below what that one per cent
allows, until the whole matrix takes their place. Only the order is used here.
"""


def likely_variants(canonical: bytes, most: int) -> list[bytes]:
    """Return what a plate may be misread as, the likeliest first.

    Args:
        canonical: The plate.
        most: Most variants wanted, 0 to ``MAXIMUM_VARIANTS``.

    Returns:
        Canonical plates that differ from it in one character, each with a fold of its own.
    """
    candidates = sorted(
        (-probability, position, read)
        for position, true in enumerate(canonical.decode("ascii"))
        for read, probability in CONFUSIONS.get(true, {}).items()
    )
    covered = {fold_of(canonical)}
    variants: list[bytes] = []
    for _, position, read in candidates:
        if len(variants) == most:
            break
        variant = canonical[:position] + read.encode("ascii") + canonical[position + 1 :]
        if fold_of(variant) not in covered:
            covered.add(fold_of(variant))
            variants.append(variant)
    return variants


def fold_of(canonical: bytes) -> bytes:
    """Return the folded form of a plate; for servers and the laboratory, never on a device.

    Args:
        canonical: The plate.
    """
    folded = bytearray(len(canonical))
    fold_into(canonical, folded)
    return bytes(folded)
