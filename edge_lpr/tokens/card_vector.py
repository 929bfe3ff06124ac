"""What the test card's plate becomes under the test key, and how far a reading is from it.

The test key is printed here for everybody: it protects nothing, and no token that it makes is ever
published. What it is for is to take the whole way from a printed card to a token, and to see that
the right one comes out.
"""

from typing import Final

from edge_lpr.core.reserved_plate import RESERVED_PLATE
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens

MOST_WRONG: Final = 3
"""A reading that is further from the card's text is another plate: then not even how far is told,
so that nothing is learnt of the text of a vehicle's plate."""

FAR: Final = MOST_WRONG + 1
"""Stands for every greater distance."""

_SCOPE: Final = TokenScope("test-card", "test-card", 1)
_EXACT: Final = "2ed83002b0a1b0512d88297784f46b64"
_FOLD: Final = "cce8c05c1cc05534ada49a975757ec2d"
"""Tokens of the reserved plate under keys of 32 bytes 3 and 32 bytes 4: a test compares them with a
second implementation's."""


def is_test_vector(canonical: Octets) -> bool:
    """Make both tokens of a reading under the test key, and tell whether they are the right ones.

    Args:
        canonical: Canonical plate as it was read, 2 to 12 bytes. Not modified.
    """
    keys = TokenKeys(bytes([3]) * 32, bytes([4]) * 32)
    made = make_tokens(canonical, keys, _SCOPE)
    return (made.exact.hex(), made.fold.hex()) == (_EXACT, _FOLD)


def wrong_characters(canonical: Octets) -> int:
    """Return how many characters of a reading are wrong if the card is what was read.

    Wrong, too many and lacking ones count alike. Nothing of the text is copied: the table holds
    small numbers alone.

    Args:
        canonical: Canonical plate as it was read, 2 to 12 bytes. Not modified.

    Returns:
        0 to ``MOST_WRONG``, or ``FAR``.

    Source:
        V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions and
        reversals", 1966.
    """
    before = list(range(len(RESERVED_PLATE) + 1))
    for row, read in enumerate(canonical, 1):
        here = [row]
        for column, printed in enumerate(RESERVED_PLATE, 1):
            is_other = read != printed
            here.append(min(before[column] + 1, here[-1] + 1, before[column - 1] + is_other))
        before = here
    return min(before[-1], FAR)
