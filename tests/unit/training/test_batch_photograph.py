"""Plates that are photographed many at once come out as they do one by one."""

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from edge_lpr.synthesis.camera import defocus as defocus_one
from edge_lpr.training.batch_chance import BatchChance
from edge_lpr.training.batch_light import add_rain, relight, soil
from edge_lpr.training.batch_optics import (
    add_noise,
    compress_jpeg,
    compress_video,
    defocus,
    smear,
    soften,
)
from edge_lpr.training.batch_photograph import homographies, photograph_many
from edge_lpr.training.flat_plates import PLATE_PX, SHEET_PX, FlatPlates, lay_flat
from edge_lpr.training.plate_stock import PlateStock
from edge_lpr.training.reader_augment import PHOTOGRAPHED, RENDERED, Roughness
from edge_lpr.training.reader_photographs import Photographs, Sample

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
EXACT = Roughness(margin=(0.0, 0.0), corner_error=0.0, low_resolution=0.0, optics=0.0)


def _chance(seed: int = 1) -> BatchChance:
    return BatchChance(CPU, seed)


def _sample(side: int = 20, text: int = 2) -> Sample:
    picture = np.zeros((side + 8, 3 * side + 8), np.uint8)
    picture[4:-4, 4:-4] = 200
    right, bottom = 3 * side + 3, side + 3
    corners = np.array([[4, 4], [right, 4], [right, bottom], [4, bottom]], np.float32)
    return Sample(picture, corners, np.full(text, 9, np.uint8), PHOTOGRAPHED)


def _point() -> torch.Tensor:
    pictures = torch.zeros(1, 32, 64)
    pictures[0, 16, 32] = 100
    return pictures


def _texture() -> torch.Tensor:
    waves = np.add.outer(np.sin(np.arange(64) / 5), np.cos(np.arange(192) / 7))
    return torch.from_numpy((128 + 50 * waves).astype(np.float32))[None]


def test_a_plate_lies_where_every_plate_lies() -> None:
    plates = lay_flat([_sample(20), _sample(200)])
    left, top, right, bottom = (int(edge) for edge in PLATE_PX)
    assert plates.sheets.shape == (2, SHEET_PX[1], SHEET_PX[0])
    assert (plates.sheets[:, top + 6 : bottom - 6, left + 6 : right - 6] == 200).all()
    assert (plates.sheets[:, : top - 6] == 0).all()
    assert plates.aspects.tolist() == pytest.approx([3.0, 3.0])
    # Four pixels around twenty: a fifth of the plate's height.
    assert plates.insides[0, 1] == pytest.approx(top - (bottom - top) / 5)


def test_projective_maps_take_corners_to_corners() -> None:
    source = torch.tensor([[[0.0, 0], [1, 0], [1, 1], [0, 1]]])
    target = torch.tensor([[[3.0, 1], [9, 2], [8, 7], [2, 5]]])
    flat = torch.cat([source, torch.ones(1, 4, 1)], 2) @ homographies(source, target).mT
    torch.testing.assert_close(flat[..., :2] / flat[..., 2:], target, rtol=1e-4, atol=1e-4)


def test_homographies_agree_with_opencv() -> None:
    source = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    target = np.array([[0.1, 0], [0.9, 0.2], [1, 0.8], [0, 1]], np.float32)
    ours = homographies(torch.from_numpy(source)[None], torch.from_numpy(target)[None])
    np.testing.assert_allclose(ours[0], cv2.getPerspectiveTransform(source, target), atol=1e-4)


@pytest.mark.parametrize("roughness", [RENDERED, PHOTOGRAPHED], ids=["drawn", "photographed"])
def test_what_comes_out_is_what_the_reader_reads(roughness: Roughness) -> None:
    plates = lay_flat([_sample()] * 40)
    seen = photograph_many(plates, roughness, _chance())
    assert seen.shape == (40, 1, 64, 192)
    assert seen.dtype == torch.float32
    assert (seen.abs() <= 1).all()


def test_a_plate_without_errors_fills_the_picture() -> None:
    seen = photograph_many(lay_flat([_sample()] * 60), EXACT, _chance())
    # Half of them lean a little; a shadow or dirt lies on some.
    is_even = seen[:, 0, 8:-8, 24:-24].std(dim=(1, 2)) < 0.05
    assert is_even.float().mean() > 0.4


def test_the_same_seed_photographs_alike() -> None:
    plates = lay_flat([_sample()] * 8)
    first, again = (photograph_many(plates, RENDERED, _chance(4)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, photograph_many(plates, RENDERED, _chance(5)))


@pytest.mark.parametrize(
    "blurred",
    [
        pytest.param(soften(_point(), torch.tensor([1.2])), id="soft"),
        pytest.param(defocus(_point(), torch.tensor([2.0])), id="defocused"),
        pytest.param(smear(_point(), torch.tensor([6.0]), torch.tensor([0.5])), id="moved"),
    ],
)
def test_blur_spreads_light_and_loses_none(blurred: torch.Tensor) -> None:
    assert blurred.sum() == pytest.approx(100, rel=1e-4)
    assert blurred.max() < 60


def test_defocus_is_the_lens_of_synthesis() -> None:
    pictures = _texture()
    one = defocus_one(pictures[0].numpy(), 2.0)
    np.testing.assert_allclose(
        defocus(pictures, torch.tensor([2.0]))[0, 8:-8, 8:-8], one[8:-8, 8:-8], atol=0.01
    )


def test_motion_smears_along_its_direction() -> None:
    moved = smear(_point(), torch.tensor([8.0]), torch.tensor([0.0]))[0]
    assert (moved[16, 28:37] > 0).all()
    assert (moved[:14] == 0).all()


def test_noise_has_the_strength_that_was_asked_for() -> None:
    noisy = add_noise(torch.full((2, 64, 192), 128.0), torch.tensor([2.0, 10.0]), _chance())
    assert noisy.std(dim=(1, 2)).tolist() == pytest.approx([2, 10], rel=0.05)


def test_coarser_quantisers_lose_more() -> None:
    pictures = _texture().expand(2, -1, -1)
    jpeg = compress_jpeg(pictures, torch.tensor([90.0, 10.0]))
    video = compress_video(pictures, torch.tensor([2.0, 40.0]), _chance())
    for seen in (jpeg, video):
        fine, coarse = (seen - pictures).abs().mean(dim=(1, 2)).tolist()
        assert fine < 2
        assert coarse > 1.5 * fine


def test_light_dirt_and_rain_leave_numbers() -> None:
    pictures = _texture().repeat(40, 1, 1)
    for change in (relight, soil, add_rain):
        changed = change(pictures, _chance())
        assert torch.isfinite(changed).all()
        assert not torch.equal(changed, pictures)


def test_dirt_takes_contrast() -> None:
    pictures = _texture().repeat(40, 1, 1)
    assert soil(pictures, _chance()).std(dim=(1, 2)).mean() < 0.95 * pictures.std()


def test_a_full_stock_forgets_the_oldest_plates() -> None:
    stock = PlateStock(3, CPU)
    for length in (2, 3, 4, 5):
        stock.add(lay_flat([_sample(text=length)]))
    drawn = stock.draw(50, _chance())
    assert len(stock) == 3
    assert set(drawn.lengths.tolist()) == {3, 4, 5}
    assert stock.added == 4


def test_plates_are_drawn_by_their_shares() -> None:
    stock = PlateStock(2, CPU)
    stock.add(lay_flat([_sample(text=2), _sample(text=3)]))
    drawn: FlatPlates = stock.draw(2000, _chance(), torch.tensor([0.9, 1.0]))
    assert len(drawn) == 2000
    assert 0.87 < (drawn.lengths == 2).float().mean() < 0.93


def test_shares_of_photographs_are_those_of_their_groups() -> None:
    photographs = Photographs({"us": [_sample()], "br": [_sample(text=3), _sample(text=4)]})
    shares = {sample.classes.size: share for sample, share in photographs.with_shares()}
    assert shares == pytest.approx({2: 24 / 34, 3: 5 / 34, 4: 5 / 34})
