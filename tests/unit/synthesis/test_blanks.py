"""Letters keep clear of an emblem in the middle of a blank plate, and of nothing else."""

import numpy as np
import pytest

from edge_lpr.synthesis.blanks import blank_plate
from edge_lpr.synthesis.glyphs import HersheyTypeface, LineSetting
from edge_lpr.synthesis.lettering import Letters, set_plate
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.styles import PlateStyle


def _empty() -> BgrImage:
    return np.full((120, 240, 3), 220, np.uint8)


def _with_emblem(left: int, right: int) -> BgrImage:
    picture = _empty()
    picture[35:90, left:right] = (20, 30, 160)
    return picture


def test_an_emblem_in_the_middle_is_found_where_it_is() -> None:
    emblem = blank_plate(_with_emblem(105, 140)).emblem
    assert emblem == pytest.approx((105 / 240, 140 / 240), abs=0.03)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(_empty(), id="nothing"),
        pytest.param(_with_emblem(20, 60), id="at one end"),
        pytest.param(_with_emblem(119, 121), id="a line"),
        pytest.param(_with_emblem(60, 180), id="half of the plate"),
        pytest.param(_with_emblem(118, 190), id="far off centre"),
    ],
)
def test_what_is_no_emblem_in_the_middle_keeps_no_letters_apart(picture: BgrImage) -> None:
    assert blank_plate(picture).emblem is None


def test_a_landscape_is_no_emblem() -> None:
    picture = _with_emblem(105, 140)
    for left in range(0, 240, 40):
        picture[45:80, left : left + 14] = (120, 20, 20)
    assert blank_plate(picture).emblem is None


def test_most_texts_leave_an_emblem_free() -> None:
    blank = blank_plate(_with_emblem(105, 140))
    style = PlateStyle("blank", 2.0, (((0, 0, 0), (0, 0, 0)),), 0.5, blanks=(blank,))
    letters = Letters(HersheyTypeface(), LineSetting())
    rng = np.random.default_rng(2)
    settings = [set_plate(["ABC 123"], style, letters, rng, (240, 120)).ink for _ in range(60)]
    free = [not ink[:, 108:137].any() for ink in settings]
    assert 0.6 < np.mean(free) < 0.97
    assert all(ink[:, :105].any() and ink[:, 140:].any() for ink in settings)


def test_a_text_without_a_gap_runs_over_the_emblem() -> None:
    blank = blank_plate(_with_emblem(105, 140))
    style = PlateStyle("blank", 2.0, (((0, 0, 0), (0, 0, 0)),), 0.5, blanks=(blank,))
    letters = Letters(HersheyTypeface(), LineSetting())
    ink = set_plate(["ABC123"], style, letters, np.random.default_rng(2), (240, 120)).ink
    assert ink[:, 108:137].any()
