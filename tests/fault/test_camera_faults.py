"""A live camera goes away, comes back, freezes, turns black, talks nonsense: real streams."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import FrameSourceError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection
from edge_lpr.vision import picture_watch
from edge_lpr.vision.adapters import opencv_camera
from edge_lpr.vision.adapters.opencv_camera import open_camera
from edge_lpr.vision.adapters.pipe_camera import open_pipe_camera
from edge_lpr.vision.camera import OPEN_TIMEOUT_S
from edge_lpr.vision.camera_keeper import LONGEST_RETRY_S
from edge_lpr.vision.capture import LiveSource
from edge_lpr.vision.contracts import NANOSECONDS, Frame, Pause
from tests.support.cameras import RtspServer, ffmpeg_program, rtsp_server
from tests.support.contracts import frames_of
from tests.support.waiting import wait_until

BACK_WITHIN_S = 10.0


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Shorten what the unit tests check at its full length."""
    monkeypatch.setattr(picture_watch, "FROZEN_AFTER_NS", 1 * NANOSECONDS)
    monkeypatch.setattr(picture_watch, "BLACK_AFTER_NS", NANOSECONDS // 2)
    caplog.set_level(logging.INFO)


@pytest.fixture
def server() -> Iterator[RtspServer]:
    with rtsp_server() as running:
        yield running


class Watcher:
    """Takes the frames of a server's stream."""

    def __init__(self, server: RtspServer) -> None:
        self.source = LiveSource(lambda: open_camera(server.settings), SystemClock(), Log("vision"))
        self._frames = frames_of(self.source)
        next(self._frames)

    def count(self, name: str) -> int:
        return self.source.counters()[name]

    def frame_since(self, moment_ns: int) -> Frame:
        """Wait for a frame that was taken after a moment."""
        return next(frame for frame in self._frames if frame.captured_ns > moment_ns)

    def end(self) -> None:
        self.source.stop()
        assert list(self._frames) == []


@pytest.fixture
def watcher(server: RtspServer) -> Iterator[Watcher]:
    watching = Watcher(server)
    yield watching
    watching.end()


def _events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def _assert_frames_within_ten_seconds(watcher: Watcher, back_ns: int) -> None:
    watcher.frame_since(back_ns)
    assert (time.monotonic_ns() - back_ns) / NANOSECONDS < BACK_WITHIN_S


def test_a_camera_without_power_is_back_ten_seconds_after_its_power(
    server: RtspServer, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    server.kill()
    wait_until(lambda: _events(caplog).count("camera_away") >= 1)
    with rtsp_server(port=server.port):
        _assert_frames_within_ten_seconds(watcher, time.monotonic_ns())
        assert _events(caplog)[:3] == ["camera_lost", "camera_away", "camera_opened"]


def test_a_camera_behind_a_pulled_cable_is_noticed_and_gives_pauses_meanwhile(
    server: RtspServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opencv_camera, "READ_TIMEOUT_S", 1.5)
    source = LiveSource(lambda: open_camera(server.settings), SystemClock(), Log("vision"))
    kinds: list[type] = []
    for moment in source:
        if not kinds:
            server.hold_still()
        kinds.append(type(moment))
        if "camera_lost" in _events(caplog) and kinds[-1] is Pause:
            source.stop()
    assert kinds[0] is Frame
    # The thread may still be trying to open the camera; what it writes is no other test's.
    server.kill()
    wait_until(lambda: "camera" not in [thread.name for thread in threading.enumerate()])


def test_a_camera_that_answers_in_its_time_is_back_within_ten_seconds() -> None:
    assert LONGEST_RETRY_S + OPEN_TIMEOUT_S < BACK_WITHIN_S


def test_a_frozen_picture_is_held_back_and_the_camera_opened_again(
    server: RtspServer, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    server.tell("show", "smpte75")
    wait_until(lambda: watcher.count("opened") >= 2)
    assert watcher.count("frozen") >= 1
    assert "camera_frozen" in _events(caplog)
    server.tell("show", "ball")
    watcher.frame_since(time.monotonic_ns())
    assert "camera_sees" in _events(caplog)


def test_a_black_picture_is_told_apart_and_the_camera_left_open(
    server: RtspServer, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    server.tell("show", "black")
    # Longer than a frozen picture would be given.
    wait_until(lambda: watcher.count("black") >= 30)
    watcher.frame_since(time.monotonic_ns())
    assert watcher.count("opened") == 1
    assert _events(caplog) == ["camera_black"]


def test_a_stream_of_garbage_costs_nothing_but_its_frames(
    server: RtspServer, watcher: Watcher
) -> None:
    server.tell("broken", "0.5")
    wait_until(lambda: watcher.count("lost") >= 1)
    server.tell("broken", "0")
    _assert_frames_within_ten_seconds(watcher, time.monotonic_ns())


def test_a_camera_that_restarts_in_another_size_is_read_in_that_size(
    server: RtspServer, watcher: Watcher
) -> None:
    server.kill()
    with rtsp_server(port=server.port) as other:
        other.tell("size", "640x360")
        back_ns = time.monotonic_ns()
        shape = (0, 0, 0)
        while shape != (360, 640, 3):
            shape = watcher.frame_since(back_ns).image_bgr.shape
            assert time.monotonic_ns() - back_ns < 2 * BACK_WITHIN_S * NANOSECONDS


def test_time_stamps_that_jump_back_are_counted_and_time_goes_on(
    server: RtspServer, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    before = watcher.frame_since(0)
    server.tell("shift", "-1")
    wait_until(lambda: watcher.count("stamp_faults") >= 1)
    after = watcher.frame_since(time.monotonic_ns())
    assert after.captured_ns > before.captured_ns
    assert watcher.count("lost") == 0
    assert "camera_stamps" in _events(caplog)


def test_a_program_that_ends_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    program = ffmpeg_program(frames=5)
    source = LiveSource(lambda: open_pipe_camera(program), SystemClock(), Log("vision"))
    frames = frames_of(source)
    next(frames)
    wait_until(lambda: source.counters()["opened"] >= 2)
    source.stop()
    list(frames)
    (lost, *_) = [
        record.__dict__["edge_lpr_fields"]["detail"]
        for record in caplog.records
        if record.getMessage() == "camera_lost"
    ]
    assert lost == "ffmpeg has ended with status 0; it is opened again"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n" + bytes(range(256)) * 99, id="garbage"),
        pytest.param(b"HTTP/1.1 404 Not Found\r\n\r\n", id="a web server"),
    ],
)
def test_a_server_that_is_no_camera_is_given_up_in_time(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opencv_camera, "OPEN_TIMEOUT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as connections:

        def answer_once() -> None:
            connection, _ = listener.accept()
            connections.enter_context(connection).sendall(answer)

        answering = threading.Thread(target=answer_once)
        answering.start()
        address = f"rtsp://127.0.0.1:{listener.getsockname()[1]}/lane"
        began_s = time.monotonic()
        with pytest.raises(FrameSourceError, match="does not answer"):
            open_camera(SourceSection(kind="rtsp", address=address))
        assert time.monotonic() - began_s < BACK_WITHIN_S
        answering.join()
