"""Typefaces for training: OpenCV's own without any file, and shapes that formats tell apart."""

import numpy as np
import pytest

pytest.importorskip("PIL")

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.training.typefaces import LookAlikeTypeface, family_of, load_typefaces


def test_without_a_folder_there_are_opencvs_faces() -> None:
    names = list(load_typefaces())
    assert names
    assert all(name.startswith("hershey-") for name in names)


@pytest.mark.parametrize(("one", "other"), [("0", "O"), ("1", "I")])
def test_look_alikes_share_one_shape(one: str, other: str) -> None:
    face = LookAlikeTypeface(HersheyTypeface())
    assert np.array_equal(face.glyph(one), face.glyph(other))


def test_look_alikes_leave_other_characters_alone() -> None:
    plain = HersheyTypeface()
    assert np.array_equal(LookAlikeTypeface(plain).glyph("8"), plain.glyph("8"))


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("GL-Nummernschild-Eng", "german"),
        ("D-DIN-Bold", "din"),
        ("american/dosis-600", "american"),
        ("oswald-400", None),
    ],
)
def test_a_folder_or_a_name_puts_a_font_into_a_family(name: str, family: str | None) -> None:
    assert family_of(name) == family
