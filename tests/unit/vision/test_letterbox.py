"""What the detector sees is the whole frame, scaled and padded, and nothing of another one."""

import numpy as np
import pytest

from edge_lpr.core.errors import DetectorError
from edge_lpr.vision.adapters.letterbox import PADDING_GREY, Letterbox
from edge_lpr.vision.contracts import BgrImage


@pytest.fixture
def letterbox() -> Letterbox:
    return Letterbox(long_side_px=640, stride_px=32)


def test_a_frame_is_scaled_and_padded_with_grey_below(letterbox: Letterbox) -> None:
    frame_bgr = np.empty((720, 1280, 3), np.uint8)
    frame_bgr[:] = (10, 20, 30)
    canvas_bgr, scale = letterbox.fit(frame_bgr)
    assert scale == 0.5
    assert canvas_bgr.shape == (384, 640, 3)
    assert (canvas_bgr[:360] == (10, 20, 30)).all()
    assert (canvas_bgr[360:] == PADDING_GREY).all()


def test_an_upright_frame_is_padded_at_the_right(letterbox: Letterbox) -> None:
    canvas_bgr, scale = letterbox.fit(np.zeros((320, 180, 3), np.uint8))
    assert scale == 2
    assert canvas_bgr.shape == (640, 384, 3)
    assert not canvas_bgr[:, :360].any()
    assert (canvas_bgr[:, 360:] == PADDING_GREY).all()


def test_a_smaller_frame_leaves_nothing_of_the_larger_one_before(letterbox: Letterbox) -> None:
    letterbox.fit(np.full((720, 1280, 3), 255, np.uint8))
    canvas_bgr, _ = letterbox.fit(np.zeros((700, 1280, 3), np.uint8))
    assert not canvas_bgr[:350].any()
    assert (canvas_bgr[350:] == PADDING_GREY).all()


def test_the_thinnest_strip_keeps_a_row(letterbox: Letterbox) -> None:
    canvas_bgr, _ = letterbox.fit(np.zeros((1, 2000, 3), np.uint8))
    assert canvas_bgr.shape == (32, 640, 3)
    assert not canvas_bgr[0].any()
    assert (canvas_bgr[1:] == PADDING_GREY).all()


@pytest.mark.parametrize(
    "no_picture",
    [
        pytest.param(np.zeros((360, 640), np.uint8), id="no colours"),
        pytest.param(np.zeros((360, 0, 3), np.uint8), id="no columns"),
    ],
)
def test_what_is_no_picture_is_refused(letterbox: Letterbox, no_picture: BgrImage) -> None:
    with pytest.raises(DetectorError, match="is no colour picture"):
        letterbox.fit(no_picture)
