"""Replays video files and folders of frames with OpenCV: every frame, in order."""

import threading
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_lpr.core.errors import NoSuchSourceError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection
from edge_lpr.vision.adapters.opencv_quiet import silence_opencv
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage, Frame
from edge_lpr.vision.funnel import Funnel

PICTURE_SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png"})
"""Endings of the files in a folder that are frames; others are passed over."""

MAXIMUM_PICTURE_BYTES: Final = 64 * 1024 * 1024
"""An uncompressed 4K frame has 24 MB."""

_FASTEST_HZ: Final = 240.0
"""Frame rates above are a mistake of the video's header."""


class FrameFolder:
    """Give the pictures of a folder, sorted by name.

    A picture that cannot be read is counted and passed over; it keeps its place in time.
    """

    def __init__(self, settings: SourceSection, funnel: Funnel, log: Log) -> None:
        """List the folder.

        Args:
            settings: Address is the folder; the frame rate spaces its pictures in time.
            funnel: Where unreadable pictures are counted.
            log: Where the source's begin and end are written.

        Raises:
            NoSuchSourceError: There is no such folder, or no picture in it.
        """
        silence_opencv()
        folder = Path(settings.address)
        try:
            self._files = sorted(
                file for file in folder.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES
            )
        except OSError as error:
            raise NoSuchSourceError(
                f"{folder}: is no folder that can be read ({error.strerror}); "
                "give a folder of frames"
            ) from error
        if not self._files:
            raise NoSuchSourceError(
                f"{folder}: holds no frames; give a folder with pictures named in their order "
                f"({', '.join(sorted(PICTURE_SUFFIXES))})"
            )
        self._frame_rate_hz = settings.frame_rate_hz
        self._funnel = funnel
        self._log = log
        self._stopped = threading.Event()
        log.info("source_opened", kind="folder", frame_rate_hz=self._frame_rate_hz)

    def __iter__(self) -> Iterator[Frame]:
        """Give every readable picture, in order."""
        for index, file in enumerate(self._files):
            if self._stopped.is_set():
                return
            image_bgr = _read_picture(file)
            if image_bgr is None:
                self._count_unreadable(file)
            else:
                yield Frame(image_bgr, index, _moment_ns(index, self._frame_rate_hz))
        self._log.info("source_ended", kind="folder")

    def stop(self) -> None:
        """Let the iteration end; safe in a signal handler."""
        self._stopped.set()

    def _count_unreadable(self, file: Path) -> None:
        """Count a broken picture, and name the first one in the log."""
        if self._funnel.counters()["unreadable_frames"] == 0:
            self._log.warning("frame_unreadable", file=file.name)
        self._funnel.add("unreadable_frames")


class VideoFile:
    """Give the frames of a video file."""

    def __init__(self, settings: SourceSection, log: Log) -> None:
        """Open the file and read its first frame, because many files open that are no videos.

        Args:
            settings: Address is the file; the frame rate serves if the video does not say its
                own.
            log: Where the source's begin and end are written.

        Raises:
            NoSuchSourceError: There is no such file, or no frame in it.
        """
        silence_opencv()
        file = Path(settings.address)
        # Asked first, because OpenCV takes a name with % for a pattern and one with : for a URL.
        if not file.is_file():
            raise NoSuchSourceError(f"{file}: is no file; give the path of a video")
        self._capture = cv2.VideoCapture(str(file.absolute()), cv2.CAP_FFMPEG)
        self._first = _read_frame(self._capture)
        if self._first is None:
            self._capture.release()
            raise NoSuchSourceError(
                f"{file}: is no video that can be read; give an MP4, AVI or MKV file, "
                "or a folder of frames"
            )
        said_hz = self._capture.get(cv2.CAP_PROP_FPS)
        self._frame_rate_hz = said_hz if 0 < said_hz <= _FASTEST_HZ else settings.frame_rate_hz
        self._log = log
        self._stopped = threading.Event()
        log.info("source_opened", kind="video", frame_rate_hz=round(self._frame_rate_hz, 3))

    def __iter__(self) -> Iterator[Frame]:
        """Give every frame, in order."""
        image_bgr, index = self._first, 0
        self._first = None
        while image_bgr is not None and not self._stopped.is_set():
            yield Frame(image_bgr, index, _moment_ns(index, self._frame_rate_hz))
            image_bgr, index = _read_frame(self._capture), index + 1
        if image_bgr is None:
            self._report_end(index)
        self._capture.release()

    def stop(self) -> None:
        """Let the iteration end; safe in a signal handler."""
        self._stopped.set()

    def _report_end(self, frames: int) -> None:
        """Say that the video has ended, and how long its header said it was."""
        announced = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        # Only written down: headers of sound videos are often wrong by a few frames.
        counters = {"frames": frames, "announced": int(announced) if isfinite(announced) else 0}
        self._log.info("source_ended", kind="video", counters=counters)


def _moment_ns(index: int, frame_rate_hz: float) -> int:
    """Return when a frame was taken on the timeline of its source."""
    return round(index * NANOSECONDS / frame_rate_hz)


def _read_frame(capture: cv2.VideoCapture) -> BgrImage | None:
    """Return the next frame of a video in memory of its own, or None at its end."""
    is_read, image_bgr = capture.read()
    return np.asarray(image_bgr, np.uint8) if is_read else None


def _read_picture(file: Path) -> BgrImage | None:
    """Return a picture, or None if it cannot be read."""
    try:
        if file.stat().st_size > MAXIMUM_PICTURE_BYTES:
            return None
        image_bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    return None if image_bgr is None else np.asarray(image_bgr, np.uint8)
