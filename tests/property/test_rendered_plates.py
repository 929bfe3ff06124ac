"""Laws of rendered plates: repeatable, with true corners, and with their ink inside."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.synthesis.formats import FORMATS, PlateFormat, draw_printed_text
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.plates import RenderedPlate, render_plate

_FORMATS = [plate_format for formats in FORMATS.values() for plate_format in formats]
formats = st.sampled_from(_FORMATS)
seeds = st.integers(0, 2**32 - 1)
heights_px = st.integers(24, 200)


def _render(
    plate_format: PlateFormat, seed: int, height_px: int, wear: float = 1.0
) -> RenderedPlate:
    rng = np.random.default_rng(seed)
    style = plate_format.styles[seed % len(plate_format.styles)]
    printed = draw_printed_text(plate_format, rng)
    return render_plate(printed, style, HersheyTypeface(), rng, height_px=height_px, wear=wear)


@settings(deadline=None, max_examples=50)
@given(plate_format=formats, seed=seeds, height_px=heights_px)
def test_same_seed_gives_the_same_plate(
    plate_format: PlateFormat, seed: int, height_px: int
) -> None:
    one, other = (_render(plate_format, seed, height_px) for _ in range(2))
    assert one.text == other.text
    assert np.array_equal(one.picture_bgr, other.picture_bgr)


@settings(deadline=None, max_examples=50)
@given(plate_format=formats, seed=seeds, height_px=heights_px)
def test_corners_lie_inside_the_picture_with_car_around_them(
    plate_format: PlateFormat, seed: int, height_px: int
) -> None:
    plate = _render(plate_format, seed, height_px)
    height, width = plate.picture_bgr.shape[:2]
    assert plate.corners_px.min() > 0
    assert np.all(plate.corners_px.max(axis=0) < (width - 1, height - 1))


@settings(deadline=None, max_examples=50)
@given(plate_format=formats, seed=seeds, height_px=heights_px)
def test_corners_run_clockwise_from_the_top_left(
    plate_format: PlateFormat, seed: int, height_px: int
) -> None:
    corners = _render(plate_format, seed, height_px).corners_px
    assert cv2.contourArea(corners, oriented=True) > 0
    assert np.argmin(corners.sum(axis=1)) == 0


@settings(deadline=None, max_examples=30)
@given(plate_format=formats, seed=seeds)
def test_flattening_by_the_corners_shows_the_text(plate_format: PlateFormat, seed: int) -> None:
    plate = _render(plate_format, seed, 96, wear=0.0)
    flat_corners = np.array([[0, 0], [191, 0], [191, 63], [0, 63]], np.float32)
    transform = cv2.getPerspectiveTransform(plate.corners_px, flat_corners)
    flat = cv2.warpPerspective(plate.picture_bgr, transform, (192, 64))
    middle = cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY)[12:58, 24:180]
    # Letters against their ground: nothing else on a clean plate is this contrasty in its middle.
    assert middle.std() > 15
