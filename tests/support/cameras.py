"""Cameras for the tests: one that does what it is told, ffmpeg as a program, a real RTSP server."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from edge_lpr.core.settings import SourceSection
from edge_lpr.vision.adapters.pipe_camera import PipeProgram
from edge_lpr.vision.camera import CameraFrame
from edge_lpr.vision.contracts import BgrImage

DEADLINE_S = 20

SYSTEM_PYTHON = "/usr/bin/python3"
"""The one that Debian's packages, and with them GStreamer's bindings, belong to."""

SERVER_PROGRAM = Path(__file__).parent / "rtsp_server_program.py"

WIDTH_PX, HEIGHT_PX = 320, 240
"""Frames of ffmpeg and, at first, of the RTSP server."""


def flat_picture(level: int) -> BgrImage:
    """Return a small picture of one grey level."""
    return np.full((4, 4, 3), level, np.uint8)


class FakeCamera:
    """Gives numbered pictures, each as soon as it is allowed to; then it is lost."""

    def __init__(self, levels: Iterator[int]) -> None:
        self._levels = levels
        self.allowed = threading.Semaphore(0)
        self.is_closed = threading.Event()
        self.asked = 0

    def read(self) -> CameraFrame | None:
        self.asked += 1
        self.allowed.acquire(timeout=DEADLINE_S)
        level = next(self._levels, None)
        return None if level is None else CameraFrame(flat_picture(level), None)

    def interrupt(self) -> None:
        self.allowed.release()

    def close(self) -> None:
        self.is_closed.set()

    def last_words(self) -> str:
        return "the lens fell off"


def require_program(name: str) -> str:
    """Return a program's path; without it, skip on a laptop and fail where it is required."""
    path = shutil.which(name)
    return path if path is not None else _missing(name)


def _missing(what: str) -> str:
    """Skip or fail: see ``scripts/test``."""
    sentence = f"{what} is not installed; scripts/test installs it"
    if os.environ.get("EDGE_LPR_REQUIRE_CAMERAS") == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)


def ffmpeg_program(
    picture: str = "testsrc2", *, frames_a_second: int = 30, frames: int | None = None
) -> PipeProgram:
    """Return ffmpeg as a camera's program: what it draws, at the pace of a camera."""
    separator = ":" if "=" in picture else "="
    size = f"size={WIDTH_PX}x{HEIGHT_PX}:rate={frames_a_second}"
    command = (
        *(require_program("ffmpeg"), "-hide_banner", "-loglevel", "error", "-nostdin", "-re"),
        *("-f", "lavfi", "-i", f"{picture}{separator}{size}"),
        *(() if frames is None else ("-frames:v", str(frames))),
        *("-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"),
    )
    return PipeProgram(command, WIDTH_PX, HEIGHT_PX)


class RtspServer:
    """A real RTSP server of its own process; see ``rtsp_server_program.py`` for what it can do."""

    def __init__(self, codec: str, *, frames_a_second: int, first_stamp: int, port: int) -> None:
        arguments = (codec, str(port), str(frames_a_second), str(first_stamp))
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SERVER_PROGRAM), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    @property
    def settings(self) -> SourceSection:
        return SourceSection(kind="rtsp", address=f"rtsp://127.0.0.1:{self.port}/lane")

    def tell(self, name: str, value: str) -> None:
        """Change what is served."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name} {value}\n")
        self._process.stdin.flush()

    def hold_still(self) -> None:
        """Answer nothing from now on, with every connection open: as if the cable were pulled."""
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Be gone, as if the power were cut; may be called twice."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def rtsp_server(
    codec: str = "h264", *, frames_a_second: int = 15, first_stamp: int = 0, port: int = 0
) -> Iterator[RtspServer]:
    """Serve a stream, and be gone at the end."""
    _require_gstreamer()
    server = RtspServer(codec, frames_a_second=frames_a_second, first_stamp=first_stamp, port=port)
    try:
        yield server
    finally:
        server.kill()


def _require_gstreamer() -> None:
    """Skip or fail without GStreamer's RTSP server."""
    check = [SYSTEM_PYTHON, str(SERVER_PROGRAM), "--check"]
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run(check, stderr=subprocess.DEVNULL, check=False).returncode
    ):
        _missing("GStreamer's RTSP server")


def program_that(script: str) -> PipeProgram:
    """Return a small Python program as a camera's program."""
    return PipeProgram((sys.executable, "-c", script), WIDTH_PX, HEIGHT_PX)
