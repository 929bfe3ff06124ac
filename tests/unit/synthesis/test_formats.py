"""Formats draw texts that their countries could issue."""

import re

import numpy as np
import pytest

from edge_lpr.synthesis.formats import (
    FORMATS,
    PlateFormat,
    draw_format,
    draw_printed_text,
    draw_vanity_text,
)
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.marks import SEPARATORS, plate_text
from edge_lpr.synthesis.plates import render_plate

_EVERY_FORMAT = [plate_format for formats in FORMATS.values() for plate_format in formats]


def _series(name: str) -> PlateFormat:
    (series,) = (plate_format for plate_format in _EVERY_FORMAT if plate_format.name == name)
    return series


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


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        pytest.param("de", r"[A-Z]{1,3}[*-][A-Z]{1,2} \d{1,4}", id="Germany"),
        pytest.param("fr", r"[A-HJ-NPR-Z]{2}-\d{3}-[A-HJ-NPR-Z]{2}", id="France"),
        pytest.param("es", r"\d{4} [B-DF-HJ-NPR-TV-Z]{3}", id="Spain"),
        pytest.param("gb", r"[A-HJ-NPR-Z]{2}\d\d [A-HJ-NPR-Z]{3}", id="Great Britain"),
        pytest.param("gr", r"[ABEHIKMNOPTXYZ]{3}[-*][1-9]\d{3}", id="Greece"),
        pytest.param("br", r"[A-S][A-Z]{2}[-~]\d{4}", id="Brazil"),
        pytest.param("br_mercosur", r"[A-Z]{3}\d[A-Z]\d\d", id="Brazil, Mercosur"),
        pytest.param("ar_mercosur", r"[A-Z]{2} \d{3} [A-Z]{2}", id="Argentina, Mercosur"),
        pytest.param("in_two_line", r"[A-Z]{2}.*\n.*\d{4}", id="India, two lines"),
    ],
)
def test_every_text_keeps_its_countrys_rule(name: str, rule: str) -> None:
    assert [text for text in _texts(_series(name)) if not re.fullmatch(rule, text)] == []


def test_names_of_series_are_unique() -> None:
    names = [plate_format.name for plate_format in _EVERY_FORMAT]
    assert len(names) == len(set(names))


def test_small_stacked_characters_are_printed_now_and_then_and_never_read() -> None:
    (series,) = (
        plate_format for plate_format in _EVERY_FORMAT if plate_format.name == "us_stacked"
    )
    texts = _texts(series)
    assert 5 < sum("[" in text for text in texts) < 50
    assert all(len(plate_text(text)) in range(4, 8) for text in texts)


def test_formats_of_a_group_are_drawn_by_their_weight() -> None:
    rng = np.random.default_rng(1)
    style = FORMATS["ro"][0].styles
    rare = PlateFormat("rare", ("@",), style, weight=0.25)
    common = PlateFormat("common", ("@",), style, weight=0.75)
    drawn = [draw_format((rare, common), rng).name for _ in range(2000)]
    assert 0.2 < drawn.count("rare") / 2000 < 0.3


def test_vanity_texts_fit_a_plate() -> None:
    rng = np.random.default_rng(5)
    texts = [draw_vanity_text(rng) for _ in range(500)]
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") | set(SEPARATORS)
    assert all(2 <= len(text) <= 8 and set(text) <= allowed for text in texts)
