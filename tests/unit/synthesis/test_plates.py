"""A rendered plate says what it was told to say."""

import numpy as np
import pytest

from edge_lpr.synthesis import styles
from edge_lpr.synthesis.blanks import blank_plate
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.plates import RenderedPlate, render_plate


def _render(printed: str, style: styles.PlateStyle = styles.EUROPEAN_BOXED) -> RenderedPlate:
    return render_plate(printed, style, HersheyTypeface(), np.random.default_rng(3))


def test_separators_and_line_breaks_are_no_part_of_the_text() -> None:
    assert _render("AB-12.3\nC 4").text == "AB123C4"


@pytest.mark.parametrize(
    "printed",
    [
        pytest.param("", id="nothing"),
        pytest.param(" - ", id="separators only"),
        pytest.param("AB\n", id="empty lower line"),
        pytest.param("A\nB\nC", id="three lines"),
        pytest.param("ab12", id="lower case"),
        pytest.param("BÄ12", id="accent"),
    ],
)
def test_what_no_plate_can_show_is_refused(printed: str) -> None:
    with pytest.raises(ValueError, match="one or two lines"):
        _render(printed)


def test_two_line_plates_are_less_than_twice_as_wide_as_high() -> None:
    corners = _render("AB 12\nCD 345").corners_px
    width, height = corners[2] - corners[0]
    assert 1.2 < width / height < 2.0


def test_different_texts_look_different() -> None:
    one, other = _render("AB 120"), _render("AB 12O")
    assert not np.array_equal(one.picture_bgr, other.picture_bgr)


def test_repr_shows_neither_picture_nor_text() -> None:
    assert "AB120" not in repr(_render("AB 120"))


def test_a_blank_plate_is_what_the_text_is_printed_on() -> None:
    blank = blank_plate(np.full((124, 250, 3), (0, 255, 0), np.uint8))
    style = styles.PlateStyle("blank", 2.0, (((0, 0, 0), (0, 0, 0)),), 0.5, blanks=(blank,))
    plate = render_plate("A1", style, HersheyTypeface(), np.random.default_rng(0), wear=0.0)
    x, y = plate.corners_px[0].astype(int) + 3
    assert tuple(plate.picture_bgr[y, x]) == (0, 255, 0)
