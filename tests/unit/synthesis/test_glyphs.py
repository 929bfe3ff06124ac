"""Glyph masks carry the ink of one character, cropped and at one height."""

import numpy as np
import pytest

from edge_lpr.synthesis.glyphs import (
    GLYPH_HEIGHT_PX,
    GlyphMask,
    HersheyTypeface,
    LineSetting,
    set_line,
)

_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_FACE = HersheyTypeface()


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
    narrow, wide = (set_line("AB 12", _FACE, LineSetting(condense=c)).ink for c in (0.6, 1.2))
    assert narrow.shape[1] < wide.shape[1]


@pytest.mark.parametrize("separator", ["-", ".", "~"])
def test_dashes_and_dots_are_ink(separator: str) -> None:
    assert np.any(set_line(separator, _FACE).ink)


def test_a_space_is_no_ink() -> None:
    assert not np.any(set_line(" ", _FACE).ink)


def test_a_seal_is_a_gap_whose_place_is_known() -> None:
    line = set_line("A*B", _FACE)
    ((first, last),) = line.seals
    assert last - first > 20
    assert not np.any(line.ink[:, first:last])


def test_stacked_characters_are_narrower_than_one_character() -> None:
    stack, letter = set_line("[MM]", _FACE).ink, set_line("M", _FACE).ink
    assert stack.shape[1] < 0.7 * letter.shape[1]
    assert stack[:40].any()
    assert stack[56:].any()


def test_heavier_strokes_are_more_ink_and_lighter_ones_less() -> None:
    light, plain, heavy = (
        int((set_line("HE8", _FACE, LineSetting(weight=w)).ink > 127).sum())
        for w in (-0.02, 0.0, 0.02)
    )
    assert light < plain < heavy


@pytest.mark.parametrize("stroke", [0.04, 0.08, 0.14])
@pytest.mark.parametrize("weight", [-0.02, 0.0, 0.02])
def test_thin_strokes_survive_stamping(stroke: float, weight: float) -> None:
    face = HersheyTypeface("simplex", stroke)
    plain = set_line("HX84", face).ink > 127
    stamped = set_line("HX84", face, LineSetting(weight=weight, roundness=0.06)).ink > 127
    assert (plain & stamped).sum() > 0.5 * plain.sum()


class _Blocks:
    """A face whose every character is a full block."""

    def glyph(self, character: str) -> GlyphMask:
        return np.full((GLYPH_HEIGHT_PX, 40 + ord(character) % 2), 255, np.uint8)


@pytest.mark.parametrize("weight", [-0.03, 0.03])
@pytest.mark.parametrize("roundness", [0.0, 0.02, 0.06])
def test_stamped_letters_stay_apart(weight: float, roundness: float) -> None:
    setting = LineSetting(spacing=0.16, weight=weight, roundness=roundness)
    ink = set_line("AB", _Blocks(), setting).ink
    assert ink[48, 41 + 8] < 64
    assert ink[48, 20] > 192


def test_stamping_rounds_corners_and_leaves_edges() -> None:
    rounded = set_line("A", _Blocks(), LineSetting(roundness=0.06)).ink
    assert rounded[0, 0] == 0
    assert rounded[48, 20] == rounded[48, 2] == 255
