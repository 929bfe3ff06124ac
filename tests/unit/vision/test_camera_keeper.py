"""What is written and counted about a camera, step by step and without a thread."""

import itertools
import logging
from collections.abc import Callable

import numpy as np
import pytest

from edge_lpr.core.errors import FrameSourceError, KeyFileError
from edge_lpr.core.log import Log
from edge_lpr.vision import camera_keeper
from edge_lpr.vision.camera import CameraFrame
from edge_lpr.vision.camera_keeper import CameraKeeper
from edge_lpr.vision.camera_log import LINES_A_MINUTE, CameraLog
from edge_lpr.vision.contracts import NANOSECONDS
from edge_lpr.vision.picture_watch import Look
from tests.support.cameras import FakeCamera
from tests.support.clock import SetClock

NOISE = np.random.default_rng(3).integers(60, 200, (2, 90, 160, 3), np.uint8)


class ClockedCamera(FakeCamera):
    """Gives the frames that it is made with, and lets a second go by for each."""

    def __init__(self, clock: SetClock, frames: list[CameraFrame]) -> None:
        super().__init__(iter([]))
        self._clock = clock
        self._frames = iter(frames)

    def read(self) -> CameraFrame | None:
        self._clock.advance_s(1)
        return next(self._frames, None)


def _live(number: int) -> list[CameraFrame]:
    return [CameraFrame(NOISE[index % 2], None) for index in range(number)]


def _frozen(number: int) -> list[CameraFrame]:
    return [CameraFrame(NOISE[0], None)] * number


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(camera_keeper, "FIRST_RETRY_S", 0.0001)
    monkeypatch.setattr(camera_keeper, "LONGEST_RETRY_S", 0.0002)
    caplog.set_level(logging.INFO)


def _events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def _keeper(clock: SetClock, openings: list[list[CameraFrame] | Exception]) -> CameraKeeper:
    """Return a keeper whose camera does one thing after another, and then shows a live lane."""
    steps = itertools.chain(openings, itertools.repeat(_live(5)))

    def open_camera() -> FakeCamera:
        step = next(steps)
        if isinstance(step, Exception):
            raise step
        return ClockedCamera(clock, step)

    return CameraKeeper(open_camera, clock, Log("vision"))


def _take(keeper: CameraKeeper, number: int) -> list[int]:
    """Take so many frames, and return when they were taken."""
    frames = keeper.frames()
    captured_ns = [captured for _, captured in itertools.islice(frames, number)]
    keeper.stop()
    assert list(frames) == []
    return captured_ns


def test_a_frozen_picture_is_told_apart_held_back_and_the_camera_opened_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = SetClock()
    keeper = _keeper(clock, [_frozen(100), _frozen(3) + _live(5)])
    captured_ns = _take(keeper, 10)
    assert _events(caplog) == ["camera_opened", "camera_frozen", "camera_opened", "camera_sees"]
    counters = keeper.log.counters()
    # Found with the ninth frame; that one, three more and the first live one are the same.
    assert counters["frozen"] == 5
    assert counters["frames"] == 15
    assert captured_ns == sorted(set(captured_ns))


def test_a_camera_that_gives_no_frames_after_opening_is_not_tried_in_a_hurry() -> None:
    clock = SetClock()
    keeper = _keeper(clock, [[], [], [], [], _live(5)])
    _take(keeper, 1)
    assert keeper._retry_s == camera_keeper.LONGEST_RETRY_S


def test_a_steady_camera_is_opened_again_quickly() -> None:
    keeper = _keeper(SetClock(), [[], [], [], _live(30)])
    _take(keeper, 20)
    assert keeper._retry_s == camera_keeper.FIRST_RETRY_S


@pytest.mark.parametrize("error", [FrameSourceError("gone"), KeyFileError("readable by others")])
def test_what_keeps_a_camera_from_opening_is_written_and_tried_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = _keeper(SetClock(), [[], error, error, error])
    _take(keeper, 1)
    # A fault that lasts is written once a minute.
    assert _events(caplog) == ["camera_opened", "camera_lost", "camera_away", "camera_opened"]


def test_the_words_of_a_lost_camera_are_in_its_line(caplog: pytest.LogCaptureFixture) -> None:
    _take(_keeper(SetClock(), [[]]), 1)
    (detail,) = [
        record.__dict__["edge_lpr_fields"]["detail"]
        for record in caplog.records
        if record.getMessage() == "camera_lost"
    ]
    assert detail == "the lens fell off; it is opened again"


def test_time_goes_up_also_when_stamps_do_not() -> None:
    stamps_s = [100, 101, 50, 50, 51, 0, 1]
    frames = [
        CameraFrame(NOISE[index % 2], stamp_s * NANOSECONDS)
        for index, stamp_s in enumerate(stamps_s)
    ]
    keeper = _keeper(SetClock(), [frames])
    captured_ns = _take(keeper, len(frames))
    assert captured_ns == sorted(set(captured_ns))
    assert keeper.log.counters()["stamp_faults"] == 3


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda log: log.fault("camera_lost", "again"), id="lost"),
        pytest.param(lambda log: log.opened(1), id="opened"),
    ],
)
def test_a_camera_that_comes_and_goes_does_not_fill_the_log(
    write: Callable[[CameraLog], None], caplog: pytest.LogCaptureFixture
) -> None:
    clock = SetClock()
    log = CameraLog(Log("vision"), clock)
    for _ in range(120):
        write(log)
        clock.advance_s(1)
    assert len(caplog.records) == 2 * LINES_A_MINUTE


def test_counters_are_written_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = SetClock()
    log = CameraLog(Log("vision"), clock)
    for _ in range(200):
        clock.advance_s(1)
        log.report()
    assert _events(caplog) == ["camera"] * 3


def test_state_of_a_camera_follows_its_picture() -> None:
    clock = SetClock()
    keeper = _keeper(clock, [[*_live(3), *_frozen(12), *_live(5)]])
    assert keeper.state() == "not_known"
    frames = keeper.frames()
    for _ in range(3):
        next(frames)
        assert keeper.state() == "good"
    keeper._look = Look.FROZEN
    assert keeper.state() == "frozen"
    keeper._look = Look.BLACK
    assert keeper.state() == "dark"


def test_camera_that_is_lost_or_hangs_is_away() -> None:
    clock = SetClock()
    keeper = _keeper(clock, [_live(1)])
    frames = keeper.frames()
    next(frames)
    keeper._busy_since_ns = clock.now_monotonic_ns
    clock.advance_s(21)
    assert keeper.state() == "away"
    keeper._busy_since_ns = None
    keeper._close()
    assert keeper.state() == "away"
