"""Frames in which nothing has moved are passed over, and no movement is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_lpr.core.settings import LaneSection, SourceSection, VisionSection
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage, Frame
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.lanes import WHOLE_PICTURE, Lanes
from edge_lpr.vision.motion import MotionGate

FRAME_RATE_HZ = 15
SETTINGS = VisionSection(source=SourceSection(kind="folder", address="frames"))


class _Lane:
    """A gate that is shown one picture after another."""

    def __init__(self, *, lanes: Lanes = WHOLE_PICTURE, settings: VisionSection = SETTINGS) -> None:
        self.funnel = Funnel()
        self._gate = MotionGate(settings, lanes, self.funnel)
        self._shown = 0

    def is_looked_at(self, image_bgr: BgrImage, *, settled: bool = True) -> bool:
        frame = Frame(image_bgr, self._shown, self._shown * NANOSECONDS // FRAME_RATE_HZ)
        self._shown += 1
        is_still = self._gate.is_still(frame, is_settled=settled, is_empty=True)
        if not is_still:
            self._gate.looked_at()
        return not is_still


def _picture(level: int = 120) -> BgrImage:
    return np.full((720, 1280, 3), level, np.uint8)


def _noisy(rng: np.random.Generator, sigma: float, image_bgr: BgrImage) -> BgrImage:
    noise: NDArray[np.float32] = rng.standard_normal(image_bgr.shape, np.float32) * np.float32(
        sigma
    )
    return np.asarray(np.clip(image_bgr + noise, 0, 255), np.uint8)


def test_the_first_frame_is_looked_at_and_equal_ones_once_a_second() -> None:
    lane = _Lane()
    looked_at = [lane.is_looked_at(_picture()) for _ in range(46)]
    assert [index for index, is_looked_at in enumerate(looked_at) if is_looked_at] == [
        0,
        15,
        30,
        45,
    ]
    assert lane.funnel.counters()["frames"] == 46
    assert lane.funnel.counters()["still"] == 42


def test_the_narrowest_plate_and_two_lamps_are_movement_at_night() -> None:
    lane = _Lane()
    night = _picture(12)
    lane.is_looked_at(night)
    vehicle = night.copy()
    vehicle[300:310, 600:640] = 90
    vehicle[280:292, 560:572] = vehicle[280:292, 668:680] = 200
    assert not lane.is_looked_at(night)
    assert lane.is_looked_at(vehicle)


@pytest.mark.parametrize("left", range(600, 608))
@pytest.mark.parametrize("top", range(300, 308))
def test_the_narrowest_plate_that_appears_is_noticed_wherever_it_is(left: int, top: int) -> None:
    lane = _Lane()
    night = _picture(12)
    lane.is_looked_at(night)
    night[top : top + 10, left : left + 40] = 72
    assert lane.is_looked_at(night)


def test_what_creeps_is_noticed_as_it_adds_up() -> None:
    lane, step_px = _Lane(), 0
    looked_at = 0
    for index in range(150):
        step_px = index // 5
        picture = _picture()
        picture[200:420, 300 + step_px : 700 + step_px] = 60
        looked_at += lane.is_looked_at(picture)
    # Ten seconds alone would be ten looks.
    assert looked_at >= 15


@pytest.mark.parametrize("sigma", [2, 6])
def test_sensor_noise_is_no_movement_once_it_is_known(sigma: float) -> None:
    lane, rng = _Lane(), np.random.default_rng(0)
    pictures = [_noisy(rng, sigma, _picture()) for _ in range(6)]
    for index in range(150):
        lane.is_looked_at(pictures[index % 6])
    looked_at = sum(lane.is_looked_at(pictures[index % 5]) for index in range(60))
    assert looked_at <= 8


def test_leaves_become_known_and_a_vehicle_before_them_is_noticed() -> None:
    lane, rng = _Lane(), np.random.default_rng(1)

    def windy() -> BgrImage:
        picture = _picture()
        leaves = rng.integers(105, 135, (25, 25, 1), dtype=np.uint8)
        picture[0:200, 0:200] = leaves.repeat(8, axis=0).repeat(8, axis=1)
        return picture

    assert sum(lane.is_looked_at(windy()) for _ in range(30)) >= 20
    for _ in range(300):
        lane.is_looked_at(windy())
    assert sum(lane.is_looked_at(windy()) for _ in range(60)) <= 20
    vehicle = windy()
    vehicle[100:400, 100:500] = 30
    assert lane.is_looked_at(vehicle)


def test_every_frame_is_looked_at_while_a_plate_is_not_known() -> None:
    lane = _Lane()
    assert all(lane.is_looked_at(_picture(), settled=False) for _ in range(40))


def test_a_frame_on_which_an_engine_failed_was_not_looked_at() -> None:
    gate = MotionGate(SETTINGS, WHOLE_PICTURE, Funnel())
    for index in range(5):  # ``looked_at`` is never said
        frame = Frame(_picture(), index, index)
        assert not gate.is_still(frame, is_settled=True, is_empty=True)


def test_another_resolution_is_looked_at() -> None:
    lane = _Lane()
    lane.is_looked_at(_picture())
    assert lane.is_looked_at(np.full((480, 640, 3), 120, np.uint8))
    assert not lane.is_looked_at(np.full((480, 640, 3), 120, np.uint8))


def test_frames_smaller_than_the_cells_are_looked_at_too() -> None:
    lane = _Lane()
    assert lane.is_looked_at(np.full((9, 16, 3), 120, np.uint8))
    assert not lane.is_looked_at(np.full((9, 16, 3), 120, np.uint8))
    assert lane.is_looked_at(np.full((9, 16, 3), 20, np.uint8))


@pytest.mark.parametrize(
    ("left", "is_movement"),
    [pytest.param(100, False, id="beside the lane"), pytest.param(900, True, id="in the lane")],
)
def test_only_movement_in_the_lanes_counts(left: int, *, is_movement: bool) -> None:
    right_half = LaneSection(number=1, region=((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
    lane = _Lane(lanes=Lanes((right_half,)))
    lane.is_looked_at(_picture())
    walker = _picture()
    walker[300:500, left : left + 80] = 20
    assert lane.is_looked_at(walker) is is_movement


def test_the_gate_can_be_left_open() -> None:
    lane = _Lane(settings=SETTINGS.model_copy(update={"motion_gate": False}))
    assert all(lane.is_looked_at(_picture()) for _ in range(40))
    assert lane.funnel.counters()["still"] == 0
