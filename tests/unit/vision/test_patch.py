"""The surroundings of a detection at one size, and the way back to the frame."""

import numpy as np
import pytest

from edge_lpr.vision.patch import PATCH_HEIGHT_PX, PATCH_WIDTH_PX, cut_patch

FRAME_BGR = np.random.default_rng(3).integers(0, 256, (360, 640, 3), np.uint8)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([left, top, right, bottom], np.float32)


@pytest.mark.parametrize(
    "box_xyxy",
    [
        pytest.param(box(300, 150, 400, 172), id="a long plate"),
        pytest.param(box(300, 150, 360, 200), id="a high plate"),
        pytest.param(box(300, 150, 303, 151), id="three pixels"),
        pytest.param(box(0, 0, 640, 360), id="the whole frame"),
        pytest.param(box(620, 350, 640, 360), id="in the corner of the frame"),
        pytest.param(box(-40, 100, 30, 120), id="half outside"),
    ],
)
def test_a_patch_has_one_size_and_all_of_the_detection_in_it(box_xyxy: np.ndarray) -> None:
    patch = cut_patch(FRAME_BGR, box_xyxy)
    assert patch.picture_bgr.shape == (PATCH_HEIGHT_PX, PATCH_WIDTH_PX, 3)
    corners = patch.from_frame(box_xyxy.reshape(2, 2))
    assert (corners > 0).all()
    assert (corners < [PATCH_WIDTH_PX, PATCH_HEIGHT_PX]).all()


def test_corners_come_back_to_where_they_were() -> None:
    patch = cut_patch(FRAME_BGR, box(300, 150, 401, 173))
    continuous = np.array([[301, 151], [399, 149], [400, 171], [302, 174]], np.float32)
    # In the frame whole numbers are pixel centres, in the patch the first pixel begins at 0.
    back = patch.to_frame(patch.from_frame(continuous))
    assert np.abs(back - (continuous - 0.5)).max() < 1e-3


def test_a_bright_spot_is_where_the_patch_says_it_is() -> None:
    frame_bgr = np.zeros((360, 640, 3), np.uint8)
    frame_bgr[160:164, 330:334] = 255
    patch = cut_patch(frame_bgr, box(310, 150, 360, 175))
    rows, columns = np.nonzero(patch.picture_bgr[:, :, 0] > 127)
    expected = patch.from_frame(np.array([[330, 160], [334, 164]], np.float32))
    assert np.abs(expected[0] - [columns.min(), rows.min()]).max() <= 1
    assert np.abs(expected[1] - [columns.max() + 1, rows.max() + 1]).max() <= 1


def test_what_lies_beyond_the_frame_is_grey() -> None:
    patch = cut_patch(np.zeros((360, 640, 3), np.uint8), box(0, 0, 60, 15))
    assert (patch.picture_bgr[0, 0] == 114).all()
    assert (patch.picture_bgr[-1, -1] == 0).all()


def test_the_frame_is_not_drawn_on_and_not_lent() -> None:
    frame_bgr = FRAME_BGR.copy()
    patch = cut_patch(frame_bgr, box(240, 140, 400, 200))
    assert np.array_equal(frame_bgr, FRAME_BGR)
    assert not np.shares_memory(patch.picture_bgr, frame_bgr)
    exactly = cut_patch(frame_bgr, box(270, 160, 370, 180))
    assert not np.shares_memory(exactly.picture_bgr, frame_bgr)
