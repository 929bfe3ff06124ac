"""Texts that are easily misread can be drawn more often, within the rules of their series."""

import numpy as np
import pytest

pytest.importorskip("PIL")

from edge_lpr.synthesis.formats import FORMATS
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.training.drawn_plates import RIVALS, PlatePress, Press


def _texts(rivals_share: float) -> list[str]:
    press = PlatePress(
        {"hershey-simplex": HersheyTypeface()},
        [],
        Press({"es": 1.0}, hershey_share=1.0, heights_px=(24, 25), rivals_share=rivals_share),
    )
    (spain,) = (series for series in FORMATS["eu"] if series.name == "es")
    rng = np.random.default_rng(3)
    return [press.draw_one("eu", spain, rng).text for _ in range(120)]


def _rivals(texts: list[str]) -> int:
    return sum(character in RIVALS for text in texts for character in text)


def test_characters_that_are_mistaken_are_drawn_more_often_when_asked_for() -> None:
    assert _rivals(_texts(1.0)) > 1.25 * _rivals(_texts(0.0))


def test_the_rules_of_a_series_hold_for_them_too() -> None:
    # Spanish plates have four digits and three consonants: no O, no I, no Q.
    for text in _texts(1.0):
        assert text[:4].isdigit()
        assert not set(text[4:]) & set("AEIOUQ")
