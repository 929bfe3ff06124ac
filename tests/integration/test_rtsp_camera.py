"""IP cameras, read from a real RTSP server with each codec that cameras have."""

import itertools
from collections.abc import Iterator

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.log import Log
from edge_lpr.vision.adapters.opencv_camera import open_camera
from edge_lpr.vision.capture import LiveSource, open_source
from edge_lpr.vision.contracts import NANOSECONDS, FrameSource
from edge_lpr.vision.funnel import Funnel
from tests.support.cameras import RtspServer, rtsp_server
from tests.support.contracts import LiveSourceContract, frames_of

MS = NANOSECONDS // 1000


@pytest.fixture(scope="module", params=["h264", "h265"])
def server(request: pytest.FixtureRequest) -> Iterator[RtspServer]:
    with rtsp_server(request.param) as running:
        yield running


class TestRtspCamera(LiveSourceContract):
    @pytest.fixture
    def source(self, server: RtspServer) -> FrameSource:
        return open_source(server.settings, clock=SystemClock(), funnel=Funnel(), log=Log("vision"))


def _stamps_ns(server: RtspServer, number: int) -> list[int]:
    """Return what the stream says of its frames, when that many have come."""
    camera = open_camera(server.settings)
    frames = [camera.read() for _ in range(number)]
    camera.close()
    return [frame.stream_ns for frame in frames if frame and frame.stream_ns is not None]


def test_stamps_are_the_cameras_own_and_as_even_as_its_frames(server: RtspServer) -> None:
    stamps_ns = _stamps_ns(server, 20)
    assert len(stamps_ns) >= 19
    steps_ns = {later - earlier for earlier, later in itertools.pairwise(stamps_ns)}
    # 15 a second: however unevenly they arrived on a busy machine.
    assert all(step_ns == pytest.approx(NANOSECONDS / 15, abs=2 * MS) for step_ns in steps_ns)


def test_stamps_that_wrap_go_on_as_if_they_did_not() -> None:
    # RTP counts 90,000 a second in 32 bits; this one is two seconds before its end.
    with rtsp_server("h264", first_stamp=2**32 - 180_000) as server:
        stamps_ns = _stamps_ns(server, 45)
    assert stamps_ns == sorted(stamps_ns)
    assert 2 * NANOSECONDS < stamps_ns[-1] - stamps_ns[0] < 4 * NANOSECONDS


@pytest.mark.parametrize("frames_a_second", [1, 60])
def test_slow_and_fast_cameras_are_read_at_their_own_pace(frames_a_second: int) -> None:
    with rtsp_server("h264", frames_a_second=frames_a_second) as server:
        source = LiveSource(lambda: open_camera(server.settings), SystemClock(), Log("vision"))
        frames = frames_of(source)
        taken = [next(frames) for _ in range(4 if frames_a_second == 1 else 60)]
        source.stop()
        assert list(frames) == []
        counters = source.counters()
    assert counters["lost"] == counters["frozen"] == 0
    # Skipped ones apart, the frames lie apart as the camera says.
    lasted_s = (taken[-1].captured_ns - taken[0].captured_ns) / NANOSECONDS
    assert lasted_s >= (len(taken) - 1) / frames_a_second - 0.5


def test_60_frames_a_second_lose_none_on_the_way_to_the_mailbox() -> None:
    with rtsp_server("h264", frames_a_second=60) as server:
        stamps_ns = _stamps_ns(server, 120)
    assert stamps_ns[-1] - stamps_ns[0] == pytest.approx(
        (len(stamps_ns) - 1) * NANOSECONDS / 60, abs=5 * MS
    )
