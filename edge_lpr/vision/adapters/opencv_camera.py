"""Opens cameras with OpenCV: a local one by its index, an IP camera by its RTSP address."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import cv2
import numpy as np

from edge_lpr.core.errors import FrameSourceError, KeyFileError, NoSuchSourceError
from edge_lpr.core.secret_file import named_in_settings, read_secret_file
from edge_lpr.core.settings import SourceSection
from edge_lpr.core.stream_address import without_secrets
from edge_lpr.vision.adapters.opencv_quiet import silence_opencv
from edge_lpr.vision.camera import OPEN_TIMEOUT_S, READ_TIMEOUT_S, CameraFrame

MAXIMUM_CREDENTIALS_BYTES: Final = 512
"""Longest ``user:password`` line."""

_LANE_WIDTH_PX: Final = 1280
_LANE_HEIGHT_PX: Final = 720
"""Asked of a local camera, whose default is often 640 x 480; it gives the nearest it has."""

_NANOSECONDS_A_MS: Final = 1_000_000

_FFMPEG_OPTIONS_NAME: Final = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_FFMPEG_OPTIONS: Final = (
    # TCP, because a lost UDP packet smears the plate; no buffers, because old frames are worthless.
    "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"
    # Frames that FFmpeg looks at to guess rate and format are lost to us: two seconds of them at 15
    # a second, five at one, unless it is told not to.
    "|fpsprobesize;0|analyzeduration;500000"
)


class OpencvCamera:
    """A camera that OpenCV has opened."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        """Take over an opened capture.

        Args:
            capture: Owned from now on.
        """
        self._capture = capture

    def read(self) -> CameraFrame | None:
        """Wait for the next frame, with the stamp that the driver or the stream gives it.

        Waits ``READ_TIMEOUT_S`` for an IP camera; ten seconds, which OpenCV has fixed, for a local
        one.
        """
        try:
            is_read, image_bgr = self._capture.read()
        except cv2.error:
            # A frame that cannot be converted, such as one for which there is no memory.
            return None
        if not is_read or image_bgr is None:
            return None
        stamp_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        # 0 is what OpenCV says when there is no stamp, -1 when it does not know the property.
        stream_ns = round(stamp_ms * _NANOSECONDS_A_MS) if stamp_ms > 0 else None
        return CameraFrame(np.asarray(image_bgr, np.uint8), stream_ns)

    def interrupt(self) -> None:
        """Do nothing: OpenCV offers no way, and its time-outs are short."""

    def last_words(self) -> str:
        """Return nothing: OpenCV does not say why."""
        return ""

    def close(self) -> None:
        """Let go of the camera; may be called twice."""
        self._capture.release()


def open_camera(settings: SourceSection) -> OpencvCamera:
    """Open the camera that the settings name.

    Args:
        settings: Kind ``camera`` with an index, or ``rtsp`` with an address and perhaps a file
            with credentials.

    Returns:
        The camera.

    Raises:
        NoSuchSourceError: The address is none of a camera.
        FrameSourceError: There is no such camera, or it does not answer.
        KeyFileError: The credentials file is missing, or others can read it.
    """
    silence_opencv()
    capture = _open_rtsp(settings) if settings.kind == "rtsp" else _open_local(settings.address)
    if not capture.isOpened():
        capture.release()
        raise FrameSourceError(_sentence(settings))
    return OpencvCamera(capture)


def _open_local(address: str) -> cv2.VideoCapture:
    """Open a camera of this machine by its index."""
    if not address.isdecimal():
        raise NoSuchSourceError(
            f"vision.source.address is {address!r}, but a camera has an index: 0 for /dev/video0"
        )
    capture = cv2.VideoCapture(int(address))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, _LANE_WIDTH_PX)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, _LANE_HEIGHT_PX)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture


def _open_rtsp(settings: SourceSection) -> cv2.VideoCapture:
    """Open an IP camera."""
    scheme, separator, rest = settings.address.partition("://")
    if separator == "" or scheme not in ("rtsp", "rtsps"):
        raise NoSuchSourceError(
            "vision.source.address is no RTSP address; it looks like rtsp://192.0.2.7:554/stream"
        )
    if settings.credentials_file is not None:
        rest = f"{_read_credentials(settings.credentials_file)}@{rest}"
    limits = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(OPEN_TIMEOUT_S * 1000)),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(READ_TIMEOUT_S * 1000)),
    ]
    with _ffmpeg_options():
        return cv2.VideoCapture(f"{scheme}://{rest}", cv2.CAP_FFMPEG, limits)


@contextmanager
def _ffmpeg_options() -> Iterator[None]:
    """Set FFmpeg's options for one opening; there is no other way than the environment.

    Taken back at once, because a video file that is opened with them loses frames.
    """
    os.environ[_FFMPEG_OPTIONS_NAME] = _FFMPEG_OPTIONS
    try:
        yield
    finally:
        del os.environ[_FFMPEG_OPTIONS_NAME]


def _read_credentials(file: Path) -> str:
    """Return ``user:password`` as an address can hold it.

    A ``str`` that cannot be wiped, because OpenCV takes no other: it opens one camera, no token.
    """
    with named_in_settings("vision.source.credentials_file", "write user:password there"):
        untrusted_bytes = bytes(read_secret_file(file, MAXIMUM_CREDENTIALS_BYTES))
    try:
        user, separator, password = untrusted_bytes.decode().strip().partition(":")
    except UnicodeDecodeError:
        # From None: the cause would quote the password.
        raise KeyFileError(f"{file}: is no text; write user:password on one line") from None
    if separator == "" or "\n" in password:
        raise KeyFileError(f"{file}: must hold user:password on one line")
    return f"{quote(user, safe='')}:{quote(password, safe='')}"


def _sentence(settings: SourceSection) -> str:
    """Say which camera is missing and what to do; without credentials."""
    if settings.kind == "rtsp":
        return (
            f"{without_secrets(settings.address)}: the camera does not answer; check its power, "
            "cable, address and credentials"
        )
    return (
        f"camera {settings.address}: there is none, or another program has it; plug it in, look "
        "with `ls /dev/video*`, and set vision.source.address to its number"
    )
