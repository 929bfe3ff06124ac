"""Formats draw texts that their countries could issue."""

import re

import numpy as np
import pytest

from edge_lpr.synthesis.formats import FORMATS, PlateFormat, draw_printed_text, draw_vanity_text
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.marks import SEPARATORS, plate_text
from edge_lpr.synthesis.plates import render_plate

_EVERY_FORMAT = [plate_format for formats in FORMATS.values() for plate_format in formats]


def _texts(plate_format: PlateFormat) -> list[str]:
    rng = np.random.default_rng(5)
    return [draw_printed_text(plate_format, rng) for _ in range(50)]


@pytest.mark.parametrize("plate_format", _EVERY_FORMAT, ids=lambda f: f.name)
def test_every_text_of_a_format_has_a_canonical_length(plate_format: PlateFormat) -> None:
    lengths = {len(plate_text(text)) for text in _texts(plate_format)}
    assert lengths <= set(range(2, 13))


@pytest.mark.parametrize("plate_format", _EVERY_FORMAT, ids=lambda f: f.name)
def test_every_format_can_be_rendered_in_each_of_its_styles(plate_format: PlateFormat) -> None:
    rng = np.random.default_rng(5)
    printed = _texts(plate_format)[0]
    plates = [render_plate(printed, s, HersheyTypeface(), rng) for s in plate_format.styles]
    assert {plate.text for plate in plates} == {plate_text(printed)}


def test_romanian_plates_start_with_a_county_and_end_in_letters_other_than_i_o_q() -> None:
    (romania,) = FORMATS["ro"]
    assert all(re.fullmatch(r"[A-Z]{1,2} \d{2,3} [A-HJ-NPR-Z]{3}", t) for t in _texts(romania))


def test_vanity_texts_fit_a_plate() -> None:
    rng = np.random.default_rng(5)
    texts = [draw_vanity_text(rng) for _ in range(500)]
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") | set(SEPARATORS)
    assert all(2 <= len(text) <= 8 and set(text) <= allowed for text in texts)
