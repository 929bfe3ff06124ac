"""Training windows: the labels must move with the pixels."""

import numpy as np
import pytest

from edge_lpr.training.detector_pasting import with_pasted_plates
from edge_lpr.training.detector_samples import (
    BOX_KNOWN,
    CORNERS_KNOWN,
    NOTHING_KNOWN,
    PlateTruth,
    Sample,
)
from edge_lpr.training.detector_windows import cut_window, mirrored, tiled
from edge_lpr.vision.geometry import quad_of_box

RED_PLATE = np.full((30, 120, 3), (0, 0, 255), np.uint8)


def photograph(*boxes: tuple[float, float, float, float]) -> Sample:
    """Draw white plates on grey, with labels."""
    picture = np.full((480, 640, 3), 90, np.uint8)
    truths = []
    for box in boxes:
        left, top, right, bottom = (int(value) for value in box)
        picture[top:bottom, left:right] = 255
        box_xyxy = np.array(box, np.float32)
        truths.append(PlateTruth(box_xyxy, quad_of_box(box_xyxy), BOX_KNOWN))
    return Sample(picture, tuple(truths))


@pytest.mark.parametrize("seed", range(12))
def test_labelled_box_lies_on_the_plate_in_every_window(seed: int) -> None:
    sample = photograph((300, 200, 400, 240))
    window = cut_window(sample, 384, 384, np.random.default_rng(seed))
    (truth,) = window.truths
    white = window.image_bgr[..., 0] > 200
    rows, columns = np.nonzero(white)
    bright = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert truth.box_xyxy == pytest.approx(np.array(bright, np.float32), abs=2)


def test_window_has_the_size_that_was_asked_for() -> None:
    window = cut_window(photograph(), 320, 192, np.random.default_rng(0))
    assert window.image_bgr.shape == (192, 320, 3)


@pytest.mark.parametrize("seed", range(6))
def test_plate_too_small_to_learn_from_is_painted_out(seed: int) -> None:
    sample = photograph((300, 200, 304, 202))
    window = cut_window(sample, 384, 384, np.random.default_rng(seed))
    assert window.truths == ()
    assert window.image_bgr.max() < 220


def test_mirroring_twice_changes_nothing() -> None:
    sample = photograph((10, 20, 110, 50), (300, 200, 420, 230))
    again = mirrored(mirrored(sample))
    assert np.array_equal(again.image_bgr, sample.image_bgr)
    for truth, same in zip(sample.truths, again.truths, strict=True):
        assert np.allclose(truth.box_xyxy, same.box_xyxy)
        assert np.allclose(truth.quad, same.quad)


def test_mirrored_corners_are_named_by_where_they_are() -> None:
    (truth,) = mirrored(photograph((10, 20, 110, 50))).truths
    assert np.allclose(truth.quad, quad_of_box(truth.box_xyxy))
    assert truth.box_xyxy.tolist() == [530, 20, 630, 50]


def test_joined_windows_keep_their_plates() -> None:
    small = Sample(np.zeros((64, 64, 3), np.uint8), ())
    box = np.array([10, 10, 50, 20], np.float32)
    labelled = Sample(small.image_bgr, (PlateTruth(box, quad_of_box(box), CORNERS_KNOWN),))
    (truth,) = tiled([small, small, small, labelled], (64, 64), 128).truths
    assert truth.box_xyxy.tolist() == [74, 74, 114, 84]
    assert truth.quad[0].tolist() == [74, 74]


@pytest.mark.parametrize("seed", range(12))
def test_pasted_plates_lie_where_their_corners_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pasted = with_pasted_plates(photograph((270, 220, 370, 245)), [RED_PLATE], rng)
    blue, green, red = (pasted.image_bgr[..., channel].astype(int) for channel in range(3))
    for truth in pasted.truths:
        x, y = truth.quad.mean(axis=0).astype(int)
        is_red = red[y, x] > blue[y, x] + 10 and red[y, x] > green[y, x] + 10
        assert is_red == (truth.knowledge == CORNERS_KNOWN)


def test_photograph_itself_is_not_painted_on() -> None:
    sample = photograph((270, 220, 370, 245))
    before = sample.image_bgr.copy()
    with_pasted_plates(sample, [RED_PLATE], np.random.default_rng(0))
    assert np.array_equal(sample.image_bgr, before)


def test_box_that_the_window_cuts_says_nothing_about_corners() -> None:
    sample = photograph((200, 200, 300, 240), (330, 200, 560, 240))
    knowledge = {
        truth.knowledge
        for seed in range(40)
        for truth in cut_window(sample, 384, 384, np.random.default_rng(seed)).truths
        if truth.box_xyxy[0] == 0 or truth.box_xyxy[2] == 384
    }
    assert knowledge == {NOTHING_KNOWN}
