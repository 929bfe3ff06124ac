"""What a plate may be misread as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.tokens.variants import CONFUSIONS, MAXIMUM_VARIANTS, fold_of, likely_variants
from tests.support.strategies import canonical_plates

CHARACTERS = PLATE_ALPHABET.decode("ascii")


def test_the_likeliest_misreading_comes_first() -> None:
    chances = CONFUSIONS["V"]
    likeliest = max(chances, key=lambda read: chances[read])
    assert likely_variants(b"VV", 1) == [f"{likeliest}V".encode()]


def test_no_variant_is_wanted() -> None:
    assert likely_variants(b"ABC1234", 0) == []


def test_of_misreadings_that_look_alike_only_the_likeliest_is_a_variant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = {"U": {"O": 0.2, "0": 0.1, "V": 0.05}}
    monkeypatch.setattr("edge_lpr.tokens.variants.CONFUSIONS", table)
    assert likely_variants(b"UK", 9) == [b"OK", b"VK"]


@given(canonical_plates, st.integers(0, MAXIMUM_VARIANTS))
def test_variants_differ_in_one_character_and_each_has_a_fold_of_its_own(
    plate: bytes, most: int
) -> None:
    variants = likely_variants(plate, most)
    assert len(variants) <= most
    folds = [fold_of(each) for each in (plate, *variants)]
    assert len(set(folds)) == len(folds)
    for each in variants:
        assert sum(a != b for a, b in zip(each, plate, strict=True)) == 1


@given(canonical_plates, st.integers(0, 10))
def test_fewer_variants_are_the_first_of_more(plate: bytes, most: int) -> None:
    assert likely_variants(plate, MAXIMUM_VARIANTS)[:most] == likely_variants(plate, most)


def test_the_table_speaks_of_plate_characters_and_never_of_what_folding_makes_equal() -> None:
    for true, readings in CONFUSIONS.items():
        assert true in CHARACTERS
        for read, chance in readings.items():
            assert read in CHARACTERS
            assert fold_of(read.encode()) != fold_of(true.encode())
            assert 0 < chance < 1
