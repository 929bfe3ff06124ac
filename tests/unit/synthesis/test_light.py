"""Night, infra-red, shadow and glare do to a plate what they do on a road."""

import numpy as np

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.light import add_glare, as_infrared, at_night, cast_shadow
from edge_lpr.synthesis.plates import RenderedPlate, render_plate
from edge_lpr.synthesis.styles import EUROPEAN_PLAIN


def _plate() -> RenderedPlate:
    rng = np.random.default_rng(1)
    return render_plate("AB 123", EUROPEAN_PLAIN, HersheyTypeface(), rng, wear=0.0)


def test_at_night_a_white_plate_is_brighter_than_the_car_around_it() -> None:
    picture = np.full((60, 200, 3), 200, np.uint8)
    corners = np.array([[20, 15], [180, 15], [180, 45], [20, 45]], np.float32)
    for seed in range(30):
        seen = at_night(picture, corners, np.random.default_rng(seed))
        assert seen[20:40, 30:170].mean() > 1.1 * seen[:8].mean()


def test_infra_red_is_one_channel_between_the_darkest_and_the_brightest() -> None:
    plate = _plate()
    seen = as_infrared(plate.picture_bgr, np.random.default_rng(3))
    assert seen.shape == plate.picture_bgr.shape[:2]
    assert np.all(seen <= plate.picture_bgr.max(axis=2) + 1)
    assert np.all(seen >= plate.picture_bgr.min(axis=2).astype(int) - 1)


def test_grey_looks_the_same_to_every_sensor() -> None:
    grey = np.full((10, 10, 3), 120, np.uint8)
    assert np.abs(as_infrared(grey, np.random.default_rng(1)).astype(int) - 120).max() <= 1


def test_a_shadow_only_darkens() -> None:
    white = np.full((40, 120), 200, np.float32)
    shadowed = [cast_shadow(white, np.random.default_rng(seed)) for seed in range(20)]
    assert max(float(picture.max()) for picture in shadowed) <= 200
    assert min(float(picture.min()) for picture in shadowed) < 170


def test_glare_only_brightens_and_most_in_one_place() -> None:
    grey = np.full((40, 120), 100, np.float32)
    for seed in range(20):
        lit = add_glare(grey, np.random.default_rng(seed))
        assert lit.min() >= 100
        assert lit.max() > lit.mean()
