"""Things that are no plates look like themselves, differ, and can be repeated."""

from collections.abc import Callable

import numpy as np
import pytest

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.hard_negatives import draw_thing
from edge_lpr.synthesis.overlays import draw_overlay
from edge_lpr.synthesis.pictures import BgrImage


def _things(seed: int) -> list[BgrImage]:
    rng = np.random.default_rng(seed)
    return [draw_thing(rng) for _ in range(60)]


def _frames(seed: int) -> list[BgrImage]:
    rng = np.random.default_rng(seed)
    frames = [np.full((180, 320, 3), 110, np.uint8) for _ in range(30)]
    for frame in frames:
        draw_overlay(frame, rng)
    return frames


def test_things_are_flat_pictures_of_one_height_and_many_widths() -> None:
    things = _things(1)
    assert {thing.shape[0] for thing in things} == {96}
    assert len({thing.shape[1] for thing in things}) > 20


def test_every_thing_has_something_on_it() -> None:
    assert min(float(thing.std()) for thing in _things(2)) > 3


def test_a_thing_can_be_lettered_in_any_typeface() -> None:
    face = HersheyTypeface("triplex", 0.14)
    one, other = (draw_thing(np.random.default_rng(5), face) for _ in range(2))
    assert np.array_equal(one, other)


def test_an_overlay_writes_over_a_small_part_of_every_frame() -> None:
    shares = [float((frame != 110).any(axis=2).mean()) for frame in _frames(3)]
    assert min(shares) > 0.001
    assert max(shares) < 0.3


@pytest.mark.parametrize("draw", [_things, _frames])
def test_same_seed_draws_the_same(draw: Callable[[int], list[BgrImage]]) -> None:
    assert all(np.array_equal(one, other) for one, other in zip(draw(4), draw(4), strict=True))
