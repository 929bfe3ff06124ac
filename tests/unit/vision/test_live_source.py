"""A live camera: the newest frame wins, and a lost camera is opened again."""

import itertools
from collections.abc import Callable, Generator

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import FrameSourceError
from edge_lpr.core.log import Log
from edge_lpr.vision import camera_keeper, capture
from edge_lpr.vision.camera import CameraFrame
from edge_lpr.vision.capture import LiveSource
from edge_lpr.vision.contracts import Frame, Pause
from tests.support.cameras import DEADLINE_S, FakeCamera, flat_picture
from tests.support.contracts import LiveSourceContract
from tests.support.waiting import wait_until


def _eager_camera(levels: range) -> FakeCamera:
    camera = FakeCamera(iter(levels))
    camera.allowed.release(len(levels) + 1)
    return camera


def _endless_camera(level: int) -> FakeCamera:
    """Return a camera that is never lost: the reading thread may be ahead of the test's stop."""
    camera = FakeCamera(itertools.repeat(level))
    camera.allowed.release(1_000_000)
    return camera


def _source(open_camera: Callable[[], FakeCamera]) -> LiveSource:
    return LiveSource(open_camera, SystemClock(), Log("vision"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_keeper, "FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(camera_keeper, "LONGEST_RETRY_S", 0.002)
    monkeypatch.setattr(capture, "_PAUSE_S", 0.01)


class _StepCamera(FakeCamera):
    """Gives a picture whenever it is asked, forever."""

    def __init__(self) -> None:
        super().__init__(iter([]))

    def read(self) -> CameraFrame | None:
        self.asked += 1
        return CameraFrame(flat_picture(self.asked % 250), None)


class TestLiveSource(LiveSourceContract):
    @pytest.fixture
    def source(self) -> LiveSource:
        return _source(_StepCamera)


def _levels(source: LiveSource, number: int) -> list[int]:
    levels: list[int] = []
    for moment in source:
        if isinstance(moment, Frame):
            levels.append(int(moment.image_bgr[0, 0, 0]))
        if len(levels) == number:
            source.stop()
    return levels


def test_a_camera_that_was_never_there_is_a_fault_of_the_installation() -> None:
    def no_camera() -> FakeCamera:
        raise FrameSourceError("plug it in")

    with pytest.raises(FrameSourceError, match="plug it in"):
        _source(no_camera)


def test_frames_that_were_not_taken_in_time_are_skipped() -> None:
    camera = FakeCamera(iter(range(1, 200)))
    source = _source(lambda: camera)
    camera.allowed.release(1)
    levels: list[int] = []
    for moment in source:
        if not isinstance(moment, Frame):
            continue
        levels.append(int(moment.image_bgr[0, 0, 0]))
        if len(levels) == 2:
            source.stop()
        # While this frame is in hand the camera gives ten more, and is asked for yet another.
        camera.allowed.release(10)
        wait_until(lambda: camera.asked >= 12)
    assert levels == [1, 11]


def test_a_silent_camera_gives_pauses() -> None:
    camera = FakeCamera(iter([]))
    source = _source(lambda: camera)
    moments = []
    for moment in source:
        moments.append(moment)
        if len(moments) == 3:
            source.stop()
            camera.allowed.release()
    assert all(isinstance(moment, Pause) for moment in moments)
    assert moments[0].captured_ns < moments[1].captured_ns < moments[2].captured_ns


def test_a_lost_camera_is_closed_and_opened_again() -> None:
    lost = _eager_camera(range(0))
    cameras = iter([lost, _endless_camera(7)])
    assert _levels(_source(lambda: next(cameras)), 1) == [7]
    assert lost.is_closed.is_set()


def test_a_camera_that_stays_away_is_tried_until_it_is_back() -> None:
    attempts = iter(["first", "away", "away", "away", "back"])

    def open_camera() -> FakeCamera:
        attempt = next(attempts)
        if attempt == "away":
            raise FrameSourceError("still away")
        return _eager_camera(range(0)) if attempt == "first" else _endless_camera(9)

    assert _levels(_source(open_camera), 1) == [9]


def test_frames_are_stamped_with_the_monotonic_clock() -> None:
    clock = SystemClock()
    before_ns = clock.monotonic_ns()
    source = LiveSource(_StepCamera, clock, Log("vision"))
    (stamp_ns,) = [_stop_after(source, moment) for moment in source]
    assert before_ns <= stamp_ns <= clock.monotonic_ns()


def test_the_camera_is_closed_when_the_source_stops() -> None:
    camera = _eager_camera(range(1, 100))
    _levels(_source(lambda: camera), 1)
    assert camera.is_closed.wait(DEADLINE_S)


def test_the_camera_is_closed_when_whoever_takes_its_frames_fails() -> None:
    camera = _endless_camera(5)
    moments = iter(_source(lambda: camera))
    next(moments)
    assert isinstance(moments, Generator)
    with pytest.raises(RuntimeError, match="the detector fell over"):
        moments.throw(RuntimeError("the detector fell over"))
    assert camera.is_closed.wait(DEADLINE_S)


def test_a_driver_that_hangs_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_keeper, "HANGS_AFTER_NS", 1_000_000)
    camera = FakeCamera(iter([]))
    with pytest.raises(FrameSourceError, match="hangs"):
        list(_source(lambda: camera))


class _BrokenCamera(FakeCamera):
    """Fails in a way that nobody thought of."""

    def read(self) -> CameraFrame | None:
        raise ZeroDivisionError


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_while_reading_does_not_pass_for_an_empty_lane() -> None:
    with pytest.raises(FrameSourceError, match="thread has failed"):
        list(_source(lambda: _BrokenCamera(iter([]))))


def _stop_after(source: LiveSource, moment: Frame | Pause) -> int:
    source.stop()
    return moment.captured_ns
