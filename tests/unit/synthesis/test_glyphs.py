"""Glyph masks carry the ink of one character, cropped and at one height."""

import numpy as np
import pytest

from edge_lpr.synthesis.glyphs import GLYPH_HEIGHT_PX, HersheyTypeface, set_line

_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@pytest.mark.parametrize("face", ["simplex", "duplex", "complex", "triplex"])
def test_every_character_fills_the_standard_height(face: str) -> None:
    glyphs = [HersheyTypeface(face).glyph(c) for c in _CHARACTERS]
    assert {glyph.shape[0] for glyph in glyphs} == {GLYPH_HEIGHT_PX}


@pytest.mark.parametrize("face", ["simplex", "duplex", "complex", "triplex"])
def test_no_two_characters_have_the_same_ink(face: str) -> None:
    assert len({HersheyTypeface(face).glyph(c).tobytes() for c in _CHARACTERS}) == 36


def test_glyphs_have_ink_at_both_sides() -> None:
    glyph = HersheyTypeface().glyph("H")
    assert min(int(glyph[:, 0].max()), int(glyph[:, -1].max())) > 64


def test_condensing_makes_a_line_narrower() -> None:
    narrow, wide = (set_line("AB 12", HersheyTypeface(), condense=c) for c in (0.6, 1.2))
    assert narrow.shape[1] < wide.shape[1]


def test_a_hyphen_is_ink_and_a_space_is_none() -> None:
    hyphen, space = (set_line(separator, HersheyTypeface()) for separator in "- ")
    assert np.any(hyphen)
    assert not np.any(space)
