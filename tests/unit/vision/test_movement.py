"""A plate is looked for where its speed and growth must have taken it."""

import numpy as np
import pytest

from edge_lpr.vision.contracts import NANOSECONDS, Detection, Frame
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.movement import Movement

STEP_NS = NANOSECONDS // 10
BOX = (100, 50, 160, 70)


def _frame(step: int, size_px: tuple[int, int] = (640, 360)) -> Frame:
    return Frame(np.zeros((size_px[1], size_px[0], 3), np.uint8), step, step * STEP_NS)


def _detection(box: tuple[float, ...]) -> Detection:
    box_xyxy = np.array(box, np.float32)
    return Detection(quad_of_box(box_xyxy), box_xyxy, 0.9)


def _moved(*boxes: tuple[float, ...], every: int = 1) -> Movement:
    """Follow a plate, a box each so many tenths of a second; the first is seen as followed."""
    movement = Movement(_frame(0), _detection(boxes[0]))
    for step, box in enumerate(boxes):
        movement.follow(_frame(step * every), _detection(box))
    return movement


def _shifted(box: tuple[float, ...], x_px: float, y_px: float) -> tuple[float, ...]:
    return (box[0] + x_px, box[1] + y_px, box[2] + x_px, box[3] + y_px)


DRIVING = [_shifted(BOX, 6 * step, 4 * step) for step in range(5)]
"""60 and 40 px a second."""


@pytest.mark.parametrize("later", [1, 2, 5])
def test_a_plate_at_constant_speed_is_where_it_must_be(later: int) -> None:
    box_xyxy = _moved(*DRIVING).box_at((4 + later) * STEP_NS)
    np.testing.assert_allclose(box_xyxy, _shifted(DRIVING[-1], 6 * later, 4 * later), atol=0.01)


def test_two_frames_tell_the_speed() -> None:
    box_xyxy = _moved(*DRIVING[:2]).box_at(2 * STEP_NS)
    np.testing.assert_allclose(box_xyxy, DRIVING[2], atol=0.01)


def test_a_plate_that_comes_nearer_keeps_growing() -> None:
    growing = [(100 - 3 * step, 50 - step, 160 + 3 * step, 70 + step) for step in range(4)]
    box_xyxy = _moved(*growing).box_at(4 * STEP_NS)
    np.testing.assert_allclose(box_xyxy, (88, 46, 172, 74), atol=0.01)


def test_a_plate_that_stands_stays() -> None:
    np.testing.assert_array_equal(_moved(BOX, BOX, BOX).box_at(6 * STEP_NS), BOX)


def test_a_plate_seen_once_is_expected_where_it_was() -> None:
    movement = Movement(_frame(0), _detection(BOX))
    np.testing.assert_array_equal(movement.box_at(3 * STEP_NS), BOX)


def test_a_plate_that_stops_is_soon_expected_where_it_stands() -> None:
    stopped = [*DRIVING, *[DRIVING[-1]] * 6]
    box_xyxy = _moved(*stopped).box_at(11 * STEP_NS)
    np.testing.assert_allclose(box_xyxy, DRIVING[-1], atol=0.2)


def test_one_trembling_step_counts_half() -> None:
    trembled = [*DRIVING[:-1], _shifted(DRIVING[-1], 2, 0)]
    box_xyxy = _moved(*trembled).box_at(5 * STEP_NS)
    np.testing.assert_allclose(box_xyxy, _shifted(trembled[-1], 7, 4), atol=0.01)


def test_nobody_foresees_more_than_half_a_second() -> None:
    movement = _moved(*DRIVING)
    far_xyxy = movement.box_at(1000 * STEP_NS)
    np.testing.assert_allclose(far_xyxy, _shifted(DRIVING[-1], 30, 20), atol=0.01)


def test_time_that_jumps_back_moves_nothing() -> None:
    np.testing.assert_array_equal(_moved(*DRIVING).box_at(0), DRIVING[-1])


def test_a_plate_that_shrinks_away_keeps_its_last_box() -> None:
    shrinking = [(100 + 25 * step, 50, 160 - 25 * step, 70) for step in range(2)]
    np.testing.assert_array_equal(_moved(*shrinking).box_at(5 * STEP_NS), shrinking[-1])


def test_a_long_gap_says_nothing_about_the_speed() -> None:
    movement = _moved(*DRIVING)
    elsewhere = _shifted(BOX, 200, 100)
    movement.follow(_frame(30), _detection(elsewhere))
    np.testing.assert_array_equal(movement.box_at(31 * STEP_NS), elsewhere)


def test_a_gap_within_two_seconds_still_tells_the_speed() -> None:
    movement = _moved(BOX, _shifted(BOX, 100, 0), every=20)
    np.testing.assert_allclose(movement.box_at(22 * STEP_NS), _shifted(BOX, 110, 0), atol=0.01)


def test_two_frames_of_one_time_are_no_step() -> None:
    movement = _moved(*DRIVING)
    movement.follow(_frame(4), _detection(DRIVING[-1]))
    np.testing.assert_allclose(movement.box_at(5 * STEP_NS), _shifted(DRIVING[-1], 6, 4), atol=0.01)


def test_the_way_is_from_the_first_to_the_last_place() -> None:
    movement = _moved(*DRIVING)
    np.testing.assert_allclose(movement.way(), (24 / 640, 16 / 360))
    assert movement.way_widths() == pytest.approx(np.hypot(24, 16) / 60)


def test_the_way_there_and_back_is_none() -> None:
    np.testing.assert_array_equal(_moved(*DRIVING, *DRIVING[::-1]).way(), (0, 0))


def test_the_mean_place_is_the_mean_of_all_places() -> None:
    mean = _moved(*DRIVING).mean_place()
    np.testing.assert_allclose(mean, ((130 + 12) / 640, (60 + 8) / 360))


def test_a_place_is_the_same_in_a_frame_of_another_size() -> None:
    movement = _moved(BOX)
    movement.follow(_frame(1, (1280, 720)), _detection((200, 100, 320, 140)))
    np.testing.assert_allclose(movement.way(), (0, 0), atol=1e-9)
    np.testing.assert_allclose(movement.mean_place(), (130 / 640, 60 / 360))


def test_a_frame_of_another_size_is_no_way_and_tells_no_speed() -> None:
    movement = _moved(*DRIVING)
    way_widths = movement.way_widths()
    larger = tuple(2 * value for value in DRIVING[-1])
    movement.follow(_frame(5, (1280, 720)), _detection(larger))
    assert movement.way_widths() == pytest.approx(way_widths)
    np.testing.assert_array_equal(movement.box_at(7 * STEP_NS), np.array(larger, np.float32))


def test_the_way_is_in_widths_of_the_plate_as_it_was_seen_last() -> None:
    wider = (100, 50, 190, 80)
    assert _moved(BOX, wider).way_widths() == pytest.approx(np.hypot(15, 5) / 90)
    assert np.isfinite(_moved((100, 50, 100, 50)).way_widths())
