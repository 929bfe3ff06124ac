"""Plates pasted into scenes."""

import numpy as np
import pytest

from edge_lpr.synthesis.scenes import paint_out, paste_plate, random_quad, write_word
from edge_lpr.vision.geometry import is_clockwise_and_convex

PLAIN = np.array([[1, 1, 1], [0, 0, 0]], np.float32)
WHITE = np.full((40, 160, 3), 255, np.uint8)


def test_plate_that_faces_the_camera_is_an_upright_rectangle() -> None:
    rng = np.random.default_rng(1)
    quad = random_quad(rng, centre_px=(50, 30), width_px=80, aspect=4, strength=0)
    assert quad == pytest.approx(np.array([[10, 20], [90, 20], [90, 40], [10, 40]]), abs=0.01)


@pytest.mark.parametrize("seed", range(20))
def test_plate_seen_from_any_side_keeps_the_order_of_its_corners(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quad = random_quad(rng, centre_px=(320, 240), width_px=120, aspect=2)
    assert is_clockwise_and_convex(quad)


def test_equal_seeds_give_equal_quads() -> None:
    one, two = (
        random_quad(np.random.default_rng(5), centre_px=(0, 0), width_px=9, aspect=3)
        for _ in range(2)
    )
    assert np.array_equal(one, two)


def test_pasted_plate_fills_its_quad_and_nothing_else() -> None:
    scene = np.zeros((120, 200, 3), np.uint8)
    quad = np.array([[40, 30], [140, 40], [135, 80], [38, 66]], np.float32)
    paste_plate(scene, WHITE, quad, light=PLAIN)
    rows, columns = np.nonzero(scene[..., 0] > 127)
    assert (columns.min(), columns.max()) == pytest.approx((38, 140), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((30, 80), abs=1)
    assert scene[50, 90].tolist() == [255, 255, 255]


def test_light_changes_the_plate_and_not_the_scene() -> None:
    scene = np.full((60, 100, 3), 10, np.uint8)
    quad = np.array([[20, 20], [80, 20], [80, 40], [20, 40]], np.float32)
    dim = np.array([[0.5, 0.5, 0.5], [20, 20, 20]], np.float32)
    paste_plate(scene, WHITE, quad, light=dim)
    assert scene[30, 50].tolist() == [148, 148, 148]
    assert scene[5, 5].tolist() == [10, 10, 10]


@pytest.mark.parametrize("shift_px", [-60, 150], ids=["half-outside", "wholly-outside"])
def test_plate_beyond_the_scene_is_cut_off(shift_px: float) -> None:
    scene = np.zeros((60, 100, 3), np.uint8)
    quad = np.array([[20, 20], [80, 20], [80, 40], [20, 40]], np.float32)
    paste_plate(scene, WHITE, quad + np.float32(shift_px), light=PLAIN, blur_px=1.0)
    assert scene.shape == (60, 100, 3)


def test_painted_out_characters_cannot_be_seen() -> None:
    scene = np.zeros((40, 100, 3), np.uint8)
    scene[10:30, 20:80:4] = 255
    before = scene[10:30, 20:80].std()
    paint_out(scene, np.array([18, 8, 82, 32], np.float32))
    assert scene[10:30, 20:80].std() < before / 4


def test_painting_out_beyond_the_scene_changes_nothing() -> None:
    scene = np.full((40, 100, 3), 7, np.uint8)
    paint_out(scene, np.array([200, 200, 250, 220], np.float32))
    assert (scene == 7).all()


def test_word_is_written_without_a_plate_and_repeatably() -> None:
    scenes = [np.full((240, 320, 3), 90, np.uint8) for _ in range(2)]
    for scene in scenes:
        write_word(scene, np.random.default_rng(3))
    assert np.array_equal(scenes[0], scenes[1])
    assert 0 < (scenes[0] != 90).any(axis=2).mean() < 0.3
