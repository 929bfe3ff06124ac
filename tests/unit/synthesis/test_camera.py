"""A camera's faults change a picture as they should, and by how much they are told."""

import numpy as np
import pytest

from edge_lpr.synthesis.camera import (
    GreyFloat,
    add_noise,
    add_rain,
    compress_blocks,
    compress_jpeg,
    defocus,
    photograph_in_colour,
    smear,
)


def _stripes(height: int = 40, width: int = 100) -> GreyFloat:
    columns = np.where(np.arange(width) % 10 < 5, 60.0, 190.0)
    return np.tile(columns, (height, 1)).astype(np.float32)


def _rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_defocus_keeps_the_light_and_takes_the_contrast() -> None:
    stripes = _stripes()
    slight, strong = defocus(stripes, 1.0), defocus(stripes, 3.0)
    assert np.isclose(strong[10:-10, 10:-10].mean(), stripes[10:-10, 10:-10].mean(), atol=2)
    assert stripes.std() > slight.std() > strong.std()


def test_motion_along_the_rows_smears_upright_strokes_alone() -> None:
    stripes = _stripes()
    along, down = smear(stripes, 5.0, 0.0), smear(stripes, 5.0, np.pi / 2)
    assert along.std() < 0.7 * stripes.std()
    assert np.allclose(down[8:-8, 8:-8], stripes[8:-8, 8:-8], atol=8)


def test_noise_has_the_level_that_was_asked_for() -> None:
    grey = np.full((60, 200), 128, np.float32)
    assert np.isclose(add_noise(grey, _rng(), level=8.0).std(), 8.0, rtol=0.1)


def test_noise_covers_pictures_larger_than_its_store() -> None:
    assert add_noise(np.full((600, 600), 128, np.float32), _rng(), level=8.0).std() > 4


def test_rain_is_brighter_than_what_is_behind_it() -> None:
    grey = np.full((60, 200), 90, np.float32)
    rainy = [add_rain(grey, _rng(seed)) for seed in range(5)]
    assert min(float(picture.max()) for picture in rainy) > 110
    assert min(float(picture.min()) for picture in rainy) > 85


@pytest.mark.parametrize("shape", [(40, 100), (17, 53), (64, 192), (8, 8)])
def test_block_compression_keeps_the_size(shape: tuple[int, int]) -> None:
    assert compress_blocks(_stripes(*shape), _rng(), step=20.0).shape == shape


def test_coarser_steps_lose_more() -> None:
    texture = (_stripes() + 25 * _rng(3).standard_normal((40, 100))).astype(np.float32)
    errors = [
        float(np.abs(compress_blocks(texture, _rng(), step=step) - texture).mean())
        for step in (2.0, 20.0, 60.0)
    ]
    assert errors == sorted(errors)
    assert errors[0] < 3


def test_jpeg_of_low_quality_is_further_from_the_original() -> None:
    picture = np.clip(_stripes() + 20 * _rng(2).standard_normal((40, 100)), 0, 255)
    stored = picture.astype(np.uint8)
    errors = [
        float(np.abs(compress_jpeg(stored, quality).astype(int) - stored).mean())
        for quality in (90, 15)
    ]
    assert errors[0] < errors[1]


def test_photographs_in_colour_are_repeatable_and_leave_the_original_alone() -> None:
    picture = _rng(5).integers(0, 256, (48, 120, 3)).astype(np.uint8)
    before = picture.copy()
    for seed in range(30):
        one, other = (photograph_in_colour(picture, _rng(seed)) for _ in range(2))
        assert np.array_equal(one, other)
        assert one.shape == picture.shape
    assert np.array_equal(picture, before)
