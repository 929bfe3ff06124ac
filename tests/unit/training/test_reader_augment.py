"""Photographing a plate again keeps it the reader's size and, without errors, itself."""

import numpy as np
import pytest

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.pictures import GreyImage, Quad
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.styles import BRAZIL_OLD
from edge_lpr.training.reader_augment import (
    PHOTOGRAPHED,
    RENDERED,
    Roughness,
    flatten_exactly,
    photograph,
)


def _plate() -> tuple[GreyImage, Quad]:
    rng = np.random.default_rng(1)
    plate = render_plate("ABC-1234", BRAZIL_OLD, HersheyTypeface(), rng, wear=0.0)
    return plate.picture_bgr[:, :, 1].copy(), plate.corners_px


@pytest.mark.parametrize(
    "roughness", [pytest.param(RENDERED, id="drawn"), pytest.param(PHOTOGRAPHED, id="photographed")]
)
def test_every_photograph_is_a_reader_input(roughness: Roughness) -> None:
    picture, corners = _plate()
    rng = np.random.default_rng(2)
    seen = [photograph(picture, corners, roughness, rng) for _ in range(200)]
    assert {(one.shape, one.dtype) for one in seen} == {((64, 192), np.dtype(np.uint8))}


def test_same_seed_gives_the_same_photograph() -> None:
    picture, corners = _plate()
    one, other = (
        photograph(picture, corners, RENDERED, np.random.default_rng(9)) for _ in range(2)
    )
    assert np.array_equal(one, other)


def test_photographing_leaves_the_original_alone() -> None:
    picture, corners = _plate()
    before, corners_before = picture.copy(), corners.copy()
    photograph(picture, corners, RENDERED, np.random.default_rng(4))
    assert np.array_equal(picture, before)
    assert np.array_equal(corners, corners_before)


def test_without_errors_most_photographs_are_the_flat_plate_in_another_light() -> None:
    picture, corners = _plate()
    rng = np.random.default_rng(6)
    flat = flatten_exactly(np.repeat(picture[:, :, None], 3, axis=2), corners)
    careful = Roughness(margin=(0.04, 0.04), corner_error=0.0, low_resolution=0.0, optics=0.0)
    likeness = [
        np.corrcoef(flat.ravel(), photograph(picture, corners, careful, rng).ravel())[0, 1]
        for _ in range(100)
    ]
    assert np.median(likeness) > 0.8
