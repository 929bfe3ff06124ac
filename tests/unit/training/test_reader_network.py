"""The reader network takes the device's plates and EasyOCR's wider or narrower ones."""

import pytest

pytest.importorskip("torch")

import torch

from edge_lpr.models.plate_reader import Model

pytestmark = pytest.mark.torch
_SMALL = (4, 4, 6, 8)


@pytest.fixture(autouse=True)
def _same_weights_in_every_run() -> None:
    torch.manual_seed(7)


@pytest.mark.parametrize("width_px", [64, 128, 192, 320])
def test_each_line_has_a_time_step_for_four_columns(width_px: int) -> None:
    model = Model(num_class=37, channels=_SMALL).eval()
    assert model(torch.zeros(2, 1, 64, width_px)).shape == (2, 2 * width_px // 4, 37)


def test_text_is_ignored_as_this_is_no_attention_network() -> None:
    model = Model(num_class=37, channels=_SMALL).eval()
    plates = torch.rand(1, 1, 64, 192)
    assert torch.equal(model(plates, torch.ones(1, 20)), model(plates))


def test_upper_half_of_the_plate_reaches_both_lines() -> None:
    # The lower line's steps must know whether they are a second line at all.
    model = Model(num_class=37, channels=_SMALL).eval()
    blank, marked = torch.zeros(1, 1, 64, 192), torch.zeros(1, 1, 64, 192)
    marked[:, :, 8:24, 40:60] = 1.0
    change = (model(marked) - model(blank)).abs().amax(dim=2)[0]
    assert (change > 0).all()


def test_plates_of_a_batch_do_not_influence_each_other() -> None:
    model = Model(num_class=37, channels=_SMALL).eval()
    plates = torch.rand(3, 1, 64, 192)
    assert torch.allclose(model(plates)[1:2], model(plates[1:2]), atol=1e-5)
