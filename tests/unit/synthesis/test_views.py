"""A view shows the plate where its corners say, from many sides."""

import cv2
import numpy as np
import pytest

from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.synthesis.plates import RenderedPlate
from edge_lpr.synthesis.views import view_plate

_FLAT_CORNERS = np.array([[0, 0], [119, 0], [119, 29], [0, 29]], np.float32)


def _half_and_half() -> RenderedPlate:
    picture = np.full((60, 200, 3), 100, np.uint8)
    picture[15:45, 20:100], picture[15:45, 100:180] = 250, 5
    corners = np.array([[20, 15], [179, 15], [179, 44], [20, 44]], np.float32)
    return RenderedPlate(picture, corners, "A1")


def _flattened(seen: BgrImage, quad: Quad) -> BgrImage:
    transform = cv2.getPerspectiveTransform(quad, _FLAT_CORNERS)
    return cv2.warpPerspective(seen, transform, (120, 30)).astype(np.uint8)


@pytest.mark.parametrize("night", [False, True])
def test_flattening_a_view_by_its_corners_gives_the_plate(night: bool) -> None:  # noqa: FBT001
    plate = _half_and_half()
    for seed in range(25):
        seen, quad = view_plate(plate, np.random.default_rng(seed), width_px=120, night=night)
        flat = _flattened(seen, quad).astype(float)
        assert flat[8:22, 15:45].mean() > flat[8:22, 75:105].mean() + 20


def test_views_differ_in_direction() -> None:
    plate = _half_and_half()
    rng = np.random.default_rng(1)
    quads = [view_plate(plate, rng, width_px=60)[1] for _ in range(30)]
    slopes = [float((quad[1] - quad[0])[1]) for quad in quads]
    assert min(slopes) < -3
    assert max(slopes) > 3


def test_same_seed_gives_the_same_view() -> None:
    plate = _half_and_half()
    one, other = (view_plate(plate, np.random.default_rng(7), width_px=80)[0] for _ in range(2))
    assert np.array_equal(one, other)


def test_a_view_can_be_as_small_as_a_far_plate() -> None:
    seen, _ = view_plate(_half_and_half(), np.random.default_rng(2), width_px=24)
    assert seen.shape[1] == 34
