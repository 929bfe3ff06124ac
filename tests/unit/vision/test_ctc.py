"""The network's steps become characters."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_lpr.vision.adapters.ctc import decode_ctc
from tests.support.fakes import text_of

ALPHABET = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _logits(path: str, strength: float = 8.0) -> NDArray[np.float32]:
    """Return logits whose likeliest classes spell a path; ``-`` is the blank."""
    logits = np.zeros((len(path), 37), np.float32)
    logits[np.arange(len(path)), [ALPHABET.index(step) for step in path]] = strength
    return logits


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("-----", "", id="nothing"),
        pytest.param("--A--B--", "AB", id="two characters"),
        pytest.param("AAABBB", "AB", id="runs are joined"),
        pytest.param("A-A", "AA", id="a blank parts equal characters"),
        pytest.param("Z", "Z", id="one step"),
        pytest.param("-0-1-2-3-4-5-6-7-8-9-A-B", "0123456789AB", id="twelve"),
        pytest.param("-0-1-2-3-4-5-6-7-8-9-A-B-C", "", id="thirteen are no plate"),
    ],
)
def test_path_spells_text(path: str, text: str) -> None:
    assert text_of(decode_ctc(_logits(path)).class_indices) == text


def test_confidence_is_the_surest_step_of_a_character() -> None:
    logits = _logits("AAA-B")
    logits[0] *= 0.2
    logits[4] *= 0.2
    confidences = decode_ctc(logits).confidences
    assert confidences[0] == pytest.approx(np.exp(8) / (np.exp(8) + 36), rel=1e-4)
    assert confidences[1] == pytest.approx(np.exp(1.6) / (np.exp(1.6) + 36), rel=1e-4)


def test_huge_logits_do_not_overflow() -> None:
    reading = decode_ctc(_logits("A-B", strength=1e30))
    assert text_of(reading.class_indices) == "AB"
    assert reading.confidences.tolist() == [1.0, 1.0]


def test_output_that_is_no_number_is_no_text() -> None:
    logits = _logits("A-B")
    logits[1, 3] = np.nan
    assert decode_ctc(logits).is_empty()
