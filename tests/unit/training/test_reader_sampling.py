"""Sources are drawn by their shares, and no single plate is learnt by heart."""

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("torch")

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.training.reader_augment import PHOTOGRAPHED
from edge_lpr.training.reader_photographs import Photographs, Sample, cut_plate
from edge_lpr.training.reader_renderings import Renderings
from edge_lpr.training.reader_samples import make_batch, to_reader_input
from edge_lpr.training.reader_scores import Score, score

pytestmark = pytest.mark.torch


def _sample(*classes: int) -> Sample:
    corners = np.array([[1, 1], [58, 1], [58, 18], [1, 18]], np.float32)
    picture = np.full((20, 60), 128, np.uint8)
    return Sample(picture, corners, np.array(classes, np.uint8), PHOTOGRAPHED)


def _renderings() -> Renderings:
    return Renderings({"hershey-simplex": HersheyTypeface()}, [], np.random.default_rng(1))


def test_a_group_is_drawn_by_its_share_and_not_by_its_size() -> None:
    crowd = [_sample(1, *divmod(i, 30)) for i in range(600)]
    photographs = Photographs({"us": [_sample(9, 9)], "br": crowd})
    rng = np.random.default_rng(3)
    drawn = Counter(photographs.draw(rng).classes[0] for _ in range(2000))
    assert 0.65 < drawn[9] / 2000 < 0.76  # 0.24 of 0.24 + 0.10


def test_a_filmed_plate_counts_six_times_at_most() -> None:
    assert len(Photographs({"ro": [_sample(1, 2) for _ in range(50)] + [_sample(3, 4)]})) == 7


def test_a_group_that_nobody_listed_is_drawn_too() -> None:
    photographs = Photographs({"us": [_sample(1, 1)], "new_country": [_sample(2, 2)]})
    rng = np.random.default_rng(3)
    assert {photographs.draw(rng).classes[0] for _ in range(200)} == {1, 2}


def test_without_photographs_every_plate_of_a_batch_is_drawn() -> None:
    batch = make_batch(Photographs({}), _renderings(), np.random.default_rng(2), size=4, fresh=1)
    assert batch.pictures.shape == (4, 1, 64, 192)
    assert batch.classes.numel() == batch.lengths.sum()


def test_half_of_a_batch_is_photographed() -> None:
    photographs = Photographs({"us": [_sample(7, 7)]})
    batch = make_batch(photographs, _renderings(), np.random.default_rng(2), size=8, fresh=2)
    assert batch.classes[:8].tolist() == [7] * 8
    assert (batch.lengths[:4] == 2).all()


def test_black_is_minus_one_and_white_is_one() -> None:
    pictures = np.stack([np.zeros((64, 192), np.uint8), np.full((64, 192), 255, np.uint8)])
    scaled = to_reader_input(pictures)
    assert scaled.shape == (2, 1, 64, 192)
    assert np.allclose(scaled[:, 0, 0, 0], [-1, 1])


def test_a_cut_plate_keeps_its_corners_on_the_plate() -> None:
    photo = np.zeros((100, 200, 3), np.uint8)
    photo[40:60, 80:140] = 200
    cut, corners = cut_plate(photo, (80, 40, 60, 20))
    (x0, y0), (x1, y1) = corners[0].astype(int), corners[2].astype(int)
    assert (cut[y0 : y1 + 1, x0 : x1 + 1] == 200).all()
    assert (cut == 200).sum() == 60 * 20


def test_a_box_outside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the picture"):
        cut_plate(np.zeros((100, 200, 3), np.uint8), (300, 40, 60, 20))


def test_folded_score_forgives_o_for_zero_and_nothing_else() -> None:
    zero, letter_o, letter_p = 1, 25, 26
    truth = [np.array([zero, 5], np.uint8)] * 3
    read = [np.array([first, 5], np.uint8) for first in (zero, letter_o, letter_p)]
    assert score(read, truth, ["us"] * 3)["us"] == Score(plates=3, exact=1, folded=2)
