"""What vision shows of the lane: coarse outlines and gauges, and a sketch without vehicles."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_lpr.core.settings import LaneSection
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.aim_message import (
    MAXIMUM_OUTLINES,
    AimFrame,
    Sketch,
    lanes_fingerprint,
    parse_aim_frame,
    step_of,
)
from edge_lpr.handoff.diagnosis_message import AIM, Question, parse_answer
from edge_lpr.vision.aim_gauges import measure_plate
from edge_lpr.vision.aim_sketch import SketchMaker
from edge_lpr.vision.aim_view import AimView, outline_of
from edge_lpr.vision.contracts import NANOSECONDS, Detection, Frame, Quad
from edge_lpr.vision.geometry import box_around
from edge_lpr.vision.lanes import Lanes
from tests.support.clock import SetClock

SIZE_PX = (640, 360)
LANES = (LaneSection(number=1),)
COUNTERS = dict.fromkeys(VISION_COUNTERS, 3)


def quad_at(x: float, y: float, width_px: float = 120, height_px: float = 30) -> Quad:
    across, down = width_px / 2, height_px / 2
    corners = [[-across, -down], [across, -down], [across, down], [-across, down]]
    return np.add(corners, [x, y]).astype(np.float32)


def plate_at(x: float, y: float, width_px: float = 120) -> Detection:
    quad = quad_at(x, y, width_px)
    return Detection(quad, box_around(quad), 0.9)


def street(level: int = 90) -> NDArray[np.uint8]:
    frame_bgr = np.full((SIZE_PX[1], SIZE_PX[0], 3), level, np.uint8)
    frame_bgr[:, SIZE_PX[0] // 2 :] = 200
    return frame_bgr


class Bench:
    """A view, its clock and its questions."""

    def __init__(self, samples: int = 4) -> None:
        self.clock = SetClock()
        self.view = AimView(LANES, lambda: COUNTERS, self.clock, samples=samples)
        self.seconds = 0

    def ask(self) -> AimFrame:
        answer = parse_answer(self.view(Question(AIM)), "vision", AIM)
        return parse_aim_frame(answer.body)

    def see(self, frame_bgr: NDArray[np.uint8], plates: Sequence[Detection] = ()) -> None:
        self.seconds += 1
        frame = Frame(frame_bgr, self.seconds, self.seconds * NANOSECONDS)
        self.view.see(frame, plates)


def test_nothing_is_measured_until_somebody_asks_and_nothing_when_nobody_asks_any_more() -> None:
    bench = Bench()
    bench.see(street(), [plate_at(300, 200)])
    first = bench.ask()
    assert (first.outlines, first.gauges) == ((), {"plates": 0})
    assert (first.width_px, first.height_px) == SIZE_PX
    assert first.counters == COUNTERS
    assert first.lanes_fingerprint == lanes_fingerprint(LANES)
    bench.see(street(), [plate_at(300, 200)])
    assert len(bench.ask().outlines) == 1
    bench.clock.advance_s(11)
    bench.see(street(), [plate_at(300, 200)])
    assert bench.ask().gauges == {"plates": 0}


def test_plates_are_told_once_and_the_newest_of_many() -> None:
    bench = Bench()
    bench.ask()
    bench.see(street(), [plate_at(100 + 50 * nth, 200) for nth in range(MAXIMUM_OUTLINES + 2)])
    outlines = bench.ask().outlines
    assert len(outlines) == MAXIMUM_OUTLINES
    assert outlines[-1].across > outlines[0].across
    assert bench.ask().outlines == ()


def test_gauges_are_medians_of_three_vehicles_or_more() -> None:
    bench = Bench()
    bench.ask()
    for nth, width_px in enumerate((100, 120, 400)):
        assert bench.ask().gauges == {"plates": nth}
        bench.see(street(), [plate_at(300, 200, width_px)])
        for _ in range(3):
            bench.see(street())
    gauges = bench.ask().gauges
    assert gauges["plate_width_px"] == 120
    assert gauges["plates"] == 3
    assert abs(gauges["roll_deg"]) <= 2
    assert abs(gauges["slant_deg"]) <= 2


def see_for(bench: Bench, seconds: int, *plates: Detection) -> AimFrame:
    """Let plates be seen each second, and then nothing for a while."""
    for _ in range(seconds):
        bench.clock.advance_s(1)
        bench.see(street(), plates)
        bench.ask()
    told = bench.ask()
    for _ in range(3):
        bench.see(street())
    return told


def test_vehicles_that_stand_for_minutes_are_one_each_beside_one_another_or_not() -> None:
    bench = Bench()
    bench.ask()
    assert see_for(bench, 300, plate_at(300, 200, 400)).gauges == {"plates": 300}
    bench = Bench()
    bench.ask()
    assert see_for(bench, 300, plate_at(80, 200, 60), plate_at(500, 200, 60)).gauges == {
        "plates": 600
    }


def test_each_vehicle_weighs_the_same_however_often_it_was_seen() -> None:
    bench = Bench()
    bench.ask()
    for width_px, seconds in ((100, 1), (120, 1), (400, 300)):
        see_for(bench, seconds, plate_at(300, 200, width_px))
    assert bench.ask().gauges["plate_width_px"] == 120


def test_vehicle_that_drives_is_one_and_the_next_one_without_a_gap_another() -> None:
    bench = Bench()
    bench.ask()
    for nth in range(3):
        assert bench.ask().gauges.keys() == {"plates"}, nth
        for y in range(20, 350, 55):
            bench.clock.advance_s(1)
            bench.see(street(), [plate_at(300, y, 40)])
    assert bench.ask().gauges["plate_width_px"] == 40


@pytest.mark.parametrize("width_px", [30, 60, 90, 120, 240])
def test_outline_is_within_a_step_of_the_plate_and_no_finer(width_px: float) -> None:
    rng = np.random.default_rng(1)
    told = set()
    for _ in range(50):
        # Within a quarter of a plate's width, all plates look alike but for a few places.
        x, y = 320 + rng.uniform(-1, 1) * width_px / 8, 180 + rng.uniform(-1, 1) * width_px / 8
        outline = outline_of(quad_at(x, y, width_px), SIZE_PX)
        step = step_of(outline.width)
        assert abs(outline.across / 64 * SIZE_PX[0] - x) <= step / 64 * SIZE_PX[0]
        assert abs(outline.down / 64 * SIZE_PX[1] - y) <= step / 64 * SIZE_PX[1]
        told.add(outline)
    # Down, a step is a share of the picture's height: nearly twice as fine.
    assert len(told) <= 6


def test_outline_says_how_a_plate_is_turned_and_whether_it_has_two_lines() -> None:
    turn = np.array([[np.cos(0.26), np.sin(0.26)], [-np.sin(0.26), np.cos(0.26)]])
    turned = (quad_at(0, 0) @ turn + [320, 180]).astype(np.float32)
    assert outline_of(turned, SIZE_PX).tilt == 3
    assert not outline_of(turned, SIZE_PX).is_tall
    assert outline_of(quad_at(320, 180, 120, 70), SIZE_PX).is_tall


def lettered(width_px: int = 150) -> tuple[NDArray[np.uint8], Quad]:
    """Return a street with a plate whose strokes run both ways."""
    frame_bgr = street()
    quad = quad_at(300, 200, width_px, width_px / 4)
    x0, y0, x1, y1 = box_around(quad).astype(int)
    frame_bgr[y0:y1, x0:x1] = 230
    for nth in range(6):
        left = x0 + 10 + nth * (x1 - x0 - 14) // 6
        cv2.rectangle(frame_bgr, (left, y0 + 6), (left + 12, y1 - 7), (20, 20, 20), 3)
    return frame_bgr, quad


def test_blur_is_told_from_sharpness_and_focus_falls_with_it() -> None:
    frame_bgr, quad = lettered()
    sharp = measure_plate(frame_bgr, quad)
    moved = measure_plate(np.asarray(cv2.blur(frame_bgr, (1, 13)), np.uint8), quad)
    soft = measure_plate(np.asarray(cv2.GaussianBlur(frame_bgr, (0, 0), 4), np.uint8), quad)
    assert moved.blur_percent > sharp.blur_percent + 20
    assert soft.focus_percent < 0.8 * sharp.focus_percent


def test_light_is_told() -> None:
    frame_bgr, quad = lettered()
    bright = np.asarray(cv2.convertScaleAbs(frame_bgr, alpha=1.2), np.uint8)
    assert measure_plate(bright, quad).glare_percent > 20
    assert measure_plate(frame_bgr, quad).glare_percent == 0
    dark = np.asarray(cv2.convertScaleAbs(frame_bgr, alpha=0.2), np.uint8)
    assert measure_plate(dark, quad).brightness_percent < 20


def sketch_after(
    looks: Sequence[tuple[NDArray[np.uint8], Sequence[Detection]]],
    lanes: Sequence[LaneSection] = LANES,
) -> Sketch | None:
    maker = SketchMaker(Lanes(lanes), samples=10)
    for second, (frame_bgr, plates) in enumerate(looks):
        maker.see(frame_bgr, second * NANOSECONDS, [plate.box_xyxy for plate in plates])
    return maker.sketch()


def test_sketch_shows_the_empty_lane_and_no_vehicle() -> None:
    occupied = street()
    cv2.rectangle(occupied, (200, 60), (400, 300), (0, 0, 0), -1)
    vehicle = plate_at(300, 260, 60)
    empty = sketch_after([(street(), [])] * 40)
    passed = sketch_after(
        [(occupied, [vehicle]) if 5 <= nth < 20 else (street(), []) for nth in range(40)]
    )
    assert empty is not None
    assert passed is not None
    # Coarser than without a plate, because the plate is larger than the finest cells.
    assert passed.columns <= empty.columns * 2
    greys = np.frombuffer(passed.cells, np.uint8)
    assert set(greys[greys > 0].tolist()) <= set(empty.cells)


def test_cells_are_at_least_half_a_plate_wide() -> None:
    for width_px in (30, 60, 130, 300):
        sketch = sketch_after(
            [(street(), [plate_at(560, 330, width_px)])] * 3 + [(street(), [])] * 37
        )
        assert sketch is not None
        assert SIZE_PX[0] / sketch.columns >= width_px / 2


def test_a_lane_that_is_never_empty_gives_no_sketch_of_what_stands_in_it() -> None:
    standing = plate_at(300, 200, 60)
    looks = [(street(), [standing])] * 700
    sketch = sketch_after(looks)
    assert sketch is not None
    cells = np.frombuffer(sketch.cells, np.uint8).reshape(sketch.rows, sketch.columns)
    assert cells[sketch.rows // 2, round(300 / SIZE_PX[0] * sketch.columns)] == 0
    assert sketch_after(looks[:100]) is None


def test_what_stands_outside_the_lanes_is_not_in_the_sketch() -> None:
    right = ((0.5, 0.2), (0.97, 0.2), (0.97, 0.9), (0.5, 0.9))
    # Nothing ever moves on the left, and no plate is looked for there.
    sketch = sketch_after([(street(), [])] * 40, [LaneSection(number=1, region=right)])
    assert sketch is not None
    assert (sketch.columns, sketch.rows) == (16, 9)
    cells = np.frombuffer(sketch.cells, np.uint8).reshape(sketch.rows, sketch.columns)
    known = np.zeros(cells.shape, np.bool_)
    known[2:8, 8:15] = True
    assert (cells > 0).tolist() == known.tolist()
    assert set(cells[known].tolist()) == {1 + round(200 / 255 * 14)}


def test_sketch_begins_anew_when_the_picture_has_another_shape() -> None:
    upright = np.full((SIZE_PX[0], SIZE_PX[1], 3), 90, np.uint8)
    sketch = sketch_after([(street(), [])] * 5 + [(upright, [])] * 20)
    assert sketch is not None
    assert sketch.rows > sketch.columns


def test_sketch_is_told_once_a_session() -> None:
    bench = Bench()
    bench.ask()
    told = []
    for _ in range(30):
        bench.clock.advance_s(1)
        bench.see(street())
        told.append(bench.ask().sketch)
    (sketch,) = [each for each in told if each is not None]
    assert replace(sketch) == sketch
    # A session later there is another one.
    bench.clock.advance_s(60)
    bench.ask()
    for _ in range(10):
        bench.see(street())
    assert bench.ask().sketch is not None
