"""A frozen and a black picture are told from an empty lane, and from each other."""

import numpy as np
import pytest

from edge_lpr.vision.contracts import NANOSECONDS, BgrImage
from edge_lpr.vision.picture_watch import (
    FROZEN_AFTER_NS,
    LONGEST_PATIENCE_NS,
    Look,
    PictureWatch,
)

TEN_SECONDS_NS = 10 * NANOSECONDS
RNG = np.random.default_rng(1)


def _lane(noise: int = 0, level: int = 90) -> BgrImage:
    frame_bgr = np.full((720, 1280, 3), level, np.uint8)
    frame_bgr[300:400] += 30
    frame_bgr += RNG.integers(0, noise + 1, frame_bgr.shape, np.uint8)
    return frame_bgr


def _found_after_ns(watch: PictureWatch, frame_bgr: BgrImage, look: Look, hz: int) -> int | None:
    """Show one frame for twenty seconds; return when the watch said so."""
    for index in range(20 * hz):
        at_ns = index * NANOSECONDS // hz
        if watch.look(frame_bgr, at_ns) is look:
            return at_ns
    return None


@pytest.mark.parametrize("hz", [1, 15, 60])
def test_a_frozen_picture_is_found_within_ten_seconds(hz: int) -> None:
    found_ns = _found_after_ns(PictureWatch(), _lane(), Look.FROZEN, hz)
    assert found_ns is not None
    assert FROZEN_AFTER_NS <= found_ns <= TEN_SECONDS_NS


@pytest.mark.parametrize("level", [90, 3])
def test_an_empty_lane_with_a_sensors_noise_is_not_frozen(level: int) -> None:
    watch = PictureWatch()
    frames = [_lane(noise=1, level=level) for _ in range(3)]
    looks = {watch.look(frames[index % 3], index * NANOSECONDS) for index in range(60)}
    assert Look.FROZEN not in looks


def test_a_change_between_the_pixels_looked_at_is_enough() -> None:
    watch = PictureWatch()
    frame_bgr = _lane()
    looks = []
    for index in range(20):
        frame_bgr = frame_bgr.copy()
        frame_bgr[101, 203] = index
        looks.append(watch.look(frame_bgr, index * NANOSECONDS))
    assert set(looks) == {Look.LIVE}


def test_a_picture_that_moves_again_is_live_at_once() -> None:
    watch = PictureWatch()
    assert _found_after_ns(watch, _lane(), Look.FROZEN, 5) is not None
    assert watch.look(_lane(level=100), TEN_SECONDS_NS) is Look.LIVE


def test_a_picture_that_stays_frozen_is_opened_ever_more_seldom() -> None:
    watch, frame_bgr = PictureWatch(), _lane()
    opened_s = []
    for second in range(300):
        look = watch.look(frame_bgr, second * NANOSECONDS)
        if look is Look.FROZEN and watch.is_due_to_reopen(second * NANOSECONDS):
            opened_s.append(second)
            watch.camera_opened_again(second * NANOSECONDS)
    assert opened_s == [8, 24, 56, 120, 184, 248]
    assert opened_s[-1] - opened_s[-2] == LONGEST_PATIENCE_NS // NANOSECONDS


@pytest.mark.parametrize("noise", [0, 16])
def test_a_black_picture_is_found_and_not_called_frozen(noise: int) -> None:
    watch = PictureWatch()
    frames = [RNG.integers(0, noise + 1, (720, 1280, 3), np.uint8) for _ in range(1 + bool(noise))]
    looks = [watch.look(frames[at % len(frames)], at * NANOSECONDS) for at in range(100)]
    assert looks == [Look.LIVE] * 5 + [Look.BLACK] * 95


def test_headlights_in_the_dark_are_no_black_picture() -> None:
    watch = PictureWatch()
    looks = []
    for at in range(20):
        frame_bgr = RNG.integers(0, 12, (720, 1280, 3), np.uint8)
        frame_bgr[300:340, 400:440] = 250
        looks.append(watch.look(frame_bgr, at * NANOSECONDS))
    assert set(looks) == {Look.LIVE}


def test_another_size_is_another_picture() -> None:
    watch = PictureWatch()
    assert watch.look(_lane(), 0) is Look.LIVE
    assert watch.look(_lane()[:360, :640], 9 * NANOSECONDS) is Look.LIVE
