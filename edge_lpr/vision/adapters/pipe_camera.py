"""Reads raw frames from the pipe of a child program: CSI cameras, which OpenCV's wheel cannot open.

Which program that is, and with which arguments, is ``csi_camera.py``'s. The program ends with us:
it is killed when the camera is closed, and its pipe breaks should we die without closing it.
"""

import fcntl
import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import FrameSourceError, NoSuchSourceError
from edge_lpr.vision.camera import READ_TIMEOUT_S, CameraFrame

START_TIMEOUT_S: Final = 8.0
"""A CSI camera's program finds its sensor and sets up the image processor before the first frame:
one to two seconds, and some more on a cold start of a Jetson."""

MAXIMUM_WORDS_BYTES: Final = 2048
"""As much of the end of a program's complaints is kept."""

_MAXIMUM_WORDS_CHARACTERS: Final = 160
"""As much of the last complaint goes to the log."""

_STOP_S: Final = 1.0
"""After this long a program that was asked to end is killed."""

_PIPE_BYTES: Final = 1 << 20
"""The largest pipe that anybody may ask for: fewer changes from one program to the other."""


FRAMES_FILE: Final = "{frames_file}"
"""Stands in a command for the number of the file that frames are written to."""


@dataclass(frozen=True, slots=True)
class PipeProgram:
    """A program that writes frames, one after the other."""

    command: tuple[str, ...]
    """Program and arguments, never run by a shell. Frames come on standard output, or, if one of
    the arguments holds ``FRAMES_FILE``, on a file of their own."""
    width_px: int
    """Width of a frame, even."""
    height_px: int
    """Height of a frame, even. A frame is planar YUV 4:2:0 (I420) without padding."""

    @property
    def name(self) -> str:
        """The program as a person would call it."""
        return Path(self.command[0]).name


class PipeCamera:
    """A running program that writes frames."""

    def __init__(self, program: PipeProgram) -> None:
        """Start the program.

        Args:
            program: The program.

        Raises:
            NoSuchSourceError: There is no such program, or it may not be run.
        """
        self._program = program
        self._frame_yuv = np.empty((program.height_px * 3 // 2, program.width_px), np.uint8)
        self._words = b""
        self._first: CameraFrame | None = None
        self._frames, frames_end = os.pipe()
        with suppress(OSError):
            # Without it reading takes some more turns; unprivileged users share a total of pipes.
            fcntl.fcntl(self._frames, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._complaints, complaints_end = os.pipe()
        try:
            self._child = _start(program, frames_end, complaints_end)
        except OSError as error:
            os.close(self._frames)
            os.close(self._complaints)
            raise NoSuchSourceError(
                f"{program.name}: cannot be run ({error.strerror}); install the camera's program"
            ) from error
        finally:
            # The program alone writes: when it ends, so do the pipes.
            os.close(frames_end)
            os.close(complaints_end)
        for file in (self._frames, self._complaints):
            os.set_blocking(file, False)

    def read(self) -> CameraFrame | None:
        """Wait for a whole frame; raw frames carry no time stamp."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return self._read(READ_TIMEOUT_S)

    def has_first_frame(self) -> bool:
        """Wait for the first frame, and keep it for ``read``; False if there will be none."""
        self._first = self._read(START_TIMEOUT_S)
        return self._first is not None

    def _read(self, timeout_s: float) -> CameraFrame | None:
        """Wait for a whole frame, and make it a picture."""
        if not self._fill(self._frame_yuv, time.monotonic() + timeout_s):
            return None
        # Into memory of its own: the only copy after the pipe, and the conversion needs it anyway.
        image_bgr = cv2.cvtColor(self._frame_yuv, cv2.COLOR_YUV2BGR_I420)
        return CameraFrame(np.asarray(image_bgr, np.uint8), None)

    def interrupt(self) -> None:
        """Kill the program, which ends a waiting read."""
        self._child.kill()

    def close(self) -> None:
        """End the program and take its pipes down; may be called twice."""
        if self._frames < 0:
            return
        self._child.terminate()
        try:
            self._child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        os.close(self._frames)
        os.close(self._complaints)
        self._frames = -1

    def last_words(self) -> str:
        """Return how the program ended, or that it fell silent, with its last complaint."""
        self._hear()
        try:
            status: int | None = self._child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            status = None
        self._hear()
        return f"{self._program.name} {_ending(status)}{_quoted(self._words)}"

    def _fill(self, frame: NDArray[np.uint8], deadline_s: float) -> bool:
        """Read until the frame is full; False if the program ends or is too slow."""
        rest = frame.data.cast("B")
        poll = select.poll()
        poll.register(self._frames, select.POLLIN)
        poll.register(self._complaints, select.POLLIN)
        while rest.nbytes > 0:
            wait_ms = max(0, round((deadline_s - time.monotonic()) * 1000))
            ready = dict(poll.poll(wait_ms))
            if not ready:
                return False
            if self._complaints in ready and not self._hear():
                poll.unregister(self._complaints)
            if self._frames in ready:
                count = os.readv(self._frames, [rest])
                if count == 0:
                    return False
                rest = rest[count:]
        return True

    def _hear(self) -> bool:
        """Take what the program complains of, so that it never waits for us; False at its end."""
        with suppress(BlockingIOError):
            while untrusted_words := os.read(self._complaints, MAXIMUM_WORDS_BYTES):
                self._words = (self._words + untrusted_words)[-MAXIMUM_WORDS_BYTES:]
            return False
        return True


def open_pipe_camera(program: PipeProgram) -> PipeCamera:
    """Start a program and wait for its first frame.

    Args:
        program: The program.

    Returns:
        The camera.

    Raises:
        NoSuchSourceError: There is no such program, or it may not be run.
        FrameSourceError: It gives no frame; the message is what it said.
    """
    camera = PipeCamera(program)
    if not camera.has_first_frame():
        words = camera.last_words()
        camera.close()
        raise FrameSourceError(words)
    return camera


def _start(program: PipeProgram, frames_end: int, complaints_end: int) -> subprocess.Popen[bytes]:
    """Start a camera's program with the ends of its pipes."""
    command = [part.replace(FRAMES_FILE, str(frames_end)) for part in program.command]
    has_own_file = command != list(program.command)
    return subprocess.Popen(  # noqa: S603 - a fixed program and no shell, see csi_camera.py
        command,
        stdin=subprocess.DEVNULL,
        stdout=complaints_end if has_own_file else frames_end,
        stderr=complaints_end,
        pass_fds=(frames_end,) if has_own_file else (),
    )


def _ending(status: int | None) -> str:
    """Say how a program ended."""
    if status is None:
        return "gives no more frames"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"has ended with status {status}"


def _quoted(untrusted_words: bytes) -> str:
    """Return a program's last line, in characters that a log can hold."""
    lines = untrusted_words.decode("ascii", "replace").splitlines()
    line = next((line.strip() for line in reversed(lines) if line.strip()), "")
    line = "".join(sign if " " <= sign <= "~" else "?" for sign in line)
    return f", saying: {line[-_MAXIMUM_WORDS_CHARACTERS:]}" if line else ""
