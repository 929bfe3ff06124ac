"""Texts become CTC classes, and scores become texts again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.training.reader_labels import decode_logits, encode_text, fold_classes

plate_texts = st.text(alphabet=PLATE_ALPHABET.decode(), min_size=2, max_size=12)


def _encoded(text: str) -> list[int]:
    classes = encode_text(text)
    return [] if classes is None else classes.tolist()


def _scores(path: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.eye(37, dtype=np.float32)[path]


@given(plate_texts)
def test_classes_are_places_in_the_alphabet_counted_from_one(text: str) -> None:
    assert "".join(chr(PLATE_ALPHABET[c - 1]) for c in _encoded(text)) == text


@pytest.mark.parametrize("text", ["", "A", "ABCDEFGHIJKLM", "AB-12", "ab12", "Ä12"])
def test_what_is_no_canonical_plate_has_no_classes(text: str) -> None:
    assert encode_text(text) is None


@given(plate_texts)
def test_a_path_with_blanks_between_all_characters_reads_as_the_text(text: str) -> None:
    path = [step for label in _encoded(text) for step in (0, label, label)]
    assert decode_logits(_scores(path)).tolist() == _encoded(text)


def test_a_double_character_needs_a_blank_between() -> None:
    assert decode_logits(_scores([5, 5, 0, 5, 5])).tolist() == [5, 5]
    assert decode_logits(_scores([5, 5, 5])).tolist() == [5]


def test_blanks_alone_read_as_nothing() -> None:
    assert decode_logits(_scores([0, 0, 0])).size == 0


def test_folding_makes_o_zero_and_i_one_and_nothing_else() -> None:
    folded = fold_classes(np.array(_encoded("OI01QL"), np.uint8))
    assert folded.tolist() == _encoded("0101QL")
