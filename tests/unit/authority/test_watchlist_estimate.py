"""False matches, where they can be counted by hand."""

import itertools
import string

import pytest

from edge_lpr.authority.watchlist_csv import ListedPlate
from edge_lpr.authority.watchlist_estimate import PASSAGES, false_matches, shape_of
from edge_lpr.tokens.variants import fold_of
from tests.support.watchlist_compiling import plate

SYMBOLS = {"L": string.ascii_uppercase, "D": string.digits}


def counted(plates: list[ListedPlate], *, with_variants: bool) -> float:
    """Return the false matches of all plates of the listed shapes, by trying each."""
    matching = {
        fold_of(each)
        for listed in plates
        for each in (listed.plates if with_variants else (listed.canonical,))
    }
    own = {listed.canonical for listed in plates}
    chance = 0.0
    for listed in plates:
        shape = shape_of(listed.canonical)
        everything = ["".join(each) for each in itertools.product(*(SYMBOLS[s] for s in shape))]
        false = [
            each
            for each in everything
            if fold_of(each.encode()) in matching and each.encode() not in own
        ]
        chance += len(false) / len(everything) / len(plates)
    return chance * PASSAGES


@pytest.mark.parametrize(
    "plates",
    [
        [plate("a", "O1")],
        [plate("a", "QQ"), plate("b", "K7")],
        [plate("a", "OS5"), plate("b", "5SD"), plate("c", "B8Z", "B8A", "3BZ")],
        [plate("a", "A0"), plate("b", "AO"), plate("c", "AD")],
    ],
    ids=["one", "two shapes", "variants", "folds among them"],
)
@pytest.mark.parametrize("with_variants", [False, True])
def test_estimate_is_the_count_of_all_plates(
    plates: list[ListedPlate], *, with_variants: bool
) -> None:
    expected = counted(plates, with_variants=with_variants)
    assert false_matches(plates, with_variants=with_variants) == pytest.approx(expected)


def test_plates_without_confusable_characters_have_no_false_matches() -> None:
    assert false_matches([plate("a", "KLM347")], with_variants=False) == 0
