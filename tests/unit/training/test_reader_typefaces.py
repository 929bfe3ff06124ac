"""Typefaces for training: OpenCV's own without any file, and shapes that formats tell apart."""

import numpy as np
import pytest

pytest.importorskip("PIL")

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.training.typefaces import LookAlikeTypeface, load_typefaces


def test_without_a_folder_there_are_opencvs_faces() -> None:
    names = list(load_typefaces(None))
    assert names
    assert all(name.startswith("hershey-") for name in names)


@pytest.mark.parametrize(("one", "other"), [("0", "O"), ("1", "I")])
def test_look_alikes_share_one_shape(one: str, other: str) -> None:
    face = LookAlikeTypeface(HersheyTypeface())
    assert np.array_equal(face.glyph(one), face.glyph(other))


def test_look_alikes_leave_other_characters_alone() -> None:
    plain = HersheyTypeface()
    assert np.array_equal(LookAlikeTypeface(plain).glyph("8"), plain.glyph("8"))
