import itertools

import numpy as np
import pytest

from edge_lpr.synthesis.lane import (
    FRAMES_A_PASS,
    LANE_HEIGHT_PX,
    LANE_WIDTH_PX,
    MAXIMUM_PASSES,
    render_lane,
)


def test_same_seed_gives_the_same_lane() -> None:
    first_frames, first_truth = render_lane(1, seed=3)
    again_frames, again_truth = render_lane(1, seed=3)
    for first, again in zip(first_frames, again_frames, strict=True):
        np.testing.assert_array_equal(first, again)
    assert first_truth[0].text == again_truth[0].text


def test_another_seed_gives_other_plates() -> None:
    plates = [{each.text for each in render_lane(5, seed=seed)[1]} for seed in (1, 2)]
    assert not plates[0] & plates[1]


def test_longer_lane_begins_like_the_shorter_one() -> None:
    short, long = render_lane(3)[1], render_lane(20)[1]
    assert [each.text for each in short] == [each.text for each in long[:3]]


def test_no_plate_drives_past_twice() -> None:
    texts = [each.text for each in render_lane(60)[1]]
    assert len(set(texts)) == 60


def test_plates_are_canonical_and_long_enough_to_be_searched_for() -> None:
    for each in render_lane(60)[1]:
        assert each.text.isalnum()
        assert each.text == each.text.upper()
        assert 6 <= len(each.text) <= 12


def test_passes_are_apart_and_inside_the_lane() -> None:
    frames, truth = render_lane(3)
    count = sum(1 for _ in frames)
    assert truth[-1].last_frame < count
    for earlier, later in itertools.pairwise(truth):
        assert later.first_frame > earlier.last_frame + 1


def test_plate_grows_and_stays_in_the_picture() -> None:
    for each in render_lane(12)[1]:
        assert len(each.quads_px) == FRAMES_A_PASS
        widths = [quad[1, 0] - quad[0, 0] for quad in each.quads_px]
        assert widths == sorted(widths)
        corners = np.vstack(each.quads_px)
        assert (corners >= 0).all()
        assert (corners < (LANE_WIDTH_PX, LANE_HEIGHT_PX)).all()


def test_plate_is_drawn_where_the_truth_says() -> None:
    frames, (truth,) = render_lane(1)
    pictures = list(frames)
    empty, last = pictures[0].astype(int), pictures[truth.last_frame].astype(int)
    left, top = truth.quads_px[-1].min(axis=0).astype(int)
    right, bottom = truth.quads_px[-1].max(axis=0).astype(int)
    assert np.abs(last - empty)[top:bottom, left:right].mean() > 20


@pytest.mark.parametrize("passes", [0, -1, MAXIMUM_PASSES + 1])
def test_impossible_number_of_passes_is_refused(passes: int) -> None:
    with pytest.raises(ValueError, match="passes"):
        render_lane(passes)


def test_truth_shows_no_plate_in_its_repr() -> None:
    (truth,) = render_lane(1)[1]
    assert truth.text not in repr(truth)
