"""What a plate carries besides its text stays off the text and can be told apart."""

import numpy as np

from edge_lpr.synthesis.ornaments import draw_script, draw_seal
from edge_lpr.synthesis.surroundings import surround
from edge_lpr.synthesis.wear import add_bolts, add_dirt, add_frame, add_sticker, print_ink


def _white() -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return np.full((100, 220, 3), 230, np.uint8)


def _changed(picture: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> float:
    return float((picture != 230).any(axis=2).mean())


def test_a_frame_covers_the_edges_and_leaves_the_middle_free() -> None:
    for seed in range(40):
        picture = _white()
        add_frame(picture, np.random.default_rng(seed))
        assert (picture[0] != 230).any()
        assert (picture[20:80, 20:200] == 230).all()


def test_bolts_are_small() -> None:
    for seed in range(40):
        picture = _white()
        add_bolts(picture, np.random.default_rng(seed))
        assert 0 < _changed(picture) < 0.05


def test_a_sticker_covers_less_than_a_tenth() -> None:
    for seed in range(40):
        picture = _white()
        add_sticker(picture, np.random.default_rng(seed))
        assert 0 < _changed(picture) < 0.1


def test_stronger_dirt_hides_more() -> None:
    light, heavy = _white(), _white()
    add_dirt(light, np.random.default_rng(1), strength=0.2)
    add_dirt(heavy, np.random.default_rng(1), strength=0.8)
    assert heavy.mean() < light.mean() < 230


def test_relief_gives_letters_a_bright_and_a_dark_edge() -> None:
    grey = np.full((60, 60, 3), 128, np.uint8)
    mask = np.zeros((60, 60), np.uint8)
    mask[20:40, 20:40] = 255
    print_ink(grey, mask, (128, 128, 128), relief=60.0)
    assert grey.max() > 140
    assert grey.min() < 116


def test_a_seal_stays_in_its_box_but_for_a_pixel_of_line() -> None:
    for seed in range(80):
        picture = _white()
        draw_seal(picture, (90, 20, 130, 80), np.random.default_rng(seed))
        rows, columns = np.nonzero((picture != 230).any(axis=2))
        assert rows.size
        assert rows.min() >= 16
        assert rows.max() <= 84
        assert columns.min() >= 86
        assert columns.max() <= 134


def test_script_stays_in_its_row() -> None:
    for seed in range(40):
        picture = _white()
        draw_script(picture, (40, 70, 120, 90), (20, 20, 20), np.random.default_rng(seed))
        rows, columns = np.nonzero((picture != 230).any(axis=2))
        assert rows.min() >= 66
        assert rows.max() <= 94
        assert columns.max() - columns.min() > 60


def test_surroundings_leave_the_plate_as_it_is() -> None:
    for seed in range(30):
        picture = np.full((50, 150, 3), (7, 77, 177), np.uint8)
        placed, (x, y) = surround(picture, np.random.default_rng(seed), holder=seed % 2 == 0)
        assert (placed[y + 10 : y + 40, x + 10 : x + 140] == (7, 77, 177)).all()
        assert placed.shape[0] > 60


def test_a_holder_has_a_wider_lower_edge_than_nothing() -> None:
    picture = _white()
    with_holder, _ = surround(picture, np.random.default_rng(3), holder=True)
    without, _ = surround(picture, np.random.default_rng(3), holder=False)
    assert not np.array_equal(with_holder, without)
