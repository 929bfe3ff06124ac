"""Opens the source of frames that the settings name, and hands out what live ones give.

Replayed sources (video file, folder) give every frame, in order, and end. A live camera is read
by a thread of its own into a mailbox with one slot, because a frame that is late is worthless:
the newest one wins. What keeps the camera alive is ``camera_keeper.py``'s; what a vendor's library
or program does to open and read is left to ``adapters/``.
"""

import threading
from collections.abc import Iterator
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import FrameSourceError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection
from edge_lpr.core.vision_counts import CameraState
from edge_lpr.vision.camera import Camera, CameraOpener
from edge_lpr.vision.camera_keeper import CameraKeeper, KeptFrame
from edge_lpr.vision.contracts import Frame, FrameSource, Moment, Pause
from edge_lpr.vision.funnel import Funnel

_PAUSE_S: Final = 1.0
"""After this long without a frame a ``Pause`` is given, so that passages end."""

_STOP_S: Final = 2.0
"""Longest wait for the reading thread at the end; a hanging driver must not hold the process."""


def open_source(
    settings: SourceSection, *, clock: Clock, funnel: Funnel, log: Log, is_hourly: bool = False
) -> FrameSource:
    """Open what the settings name.

    Args:
        settings: Kind and address of the source.
        clock: Stamps live frames.
        funnel: Where unreadable frames are counted.
        log: Where losing and finding the camera is written.
        is_hourly: Whether a camera's numbers are written once an hour alone (``CameraLog``).

    Returns:
        The source; iterate it once, and ``stop`` it.

    Raises:
        NoSuchSourceError: There is no such file or folder, or there are no frames in it, or the
            address is none of a camera, or the camera's program is not installed.
        FrameSourceError: The camera does not answer.
        KeyFileError: The camera's credentials file is missing or readable by others.
    """
    # Imported here, so that a device that replays nothing loads no decoder, and the reverse.
    from edge_lpr.vision.adapters import opencv_files  # noqa: PLC0415

    if settings.kind == "video":
        return opencv_files.VideoFile(settings, log)
    if settings.kind == "folder":
        return opencv_files.FrameFolder(settings, funnel, log)
    return LiveSource(lambda: open_camera(settings), clock, log, is_hourly=is_hourly)


def open_camera(settings: SourceSection) -> Camera:
    """Open the live camera that the settings name, once.

    Args:
        settings: Kind and address of the camera.

    Returns:
        The camera, opened.

    Raises:
        NoSuchSourceError: The address is none of a camera, or its program is not installed.
        FrameSourceError: There is no such camera, or it does not answer.
        KeyFileError: The camera's credentials file is missing or readable by others.
    """
    from edge_lpr.vision.adapters import csi_camera, opencv_camera  # noqa: PLC0415 - as above

    if settings.kind in ("csi-rpi", "csi-jetson"):
        return csi_camera.open_camera(settings)
    return opencv_camera.open_camera(settings)


class LiveSource:
    """Give the newest frame of a camera; when it is lost, wait until it is back."""

    def __init__(
        self, open_camera: CameraOpener, clock: Clock, log: Log, *, is_hourly: bool = False
    ) -> None:
        """Open the camera for the first time.

        Args:
            open_camera: Opens the camera, or raises ``FrameSourceError``.
            clock: Stamps frames.
            log: Where losing and finding the camera is written, and its counters each minute.
            is_hourly: Whether these are written as they stood at the last full hour.

        Raises:
            FrameSourceError: The first attempt failed.
            KeyFileError: The camera's credentials file is missing or readable by others.
        """
        self._clock = clock
        self._keeper = CameraKeeper(open_camera, clock, log, is_hourly=is_hourly)
        self._mailbox: KeptFrame | None = None
        self._changed = threading.Condition()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._fill_mailbox, name="camera", daemon=True)

    def __iter__(self) -> Iterator[Moment]:
        """Give the newest frame, or a ``Pause`` each second without one, until stopped.

        Raises:
            FrameSourceError: The camera's driver hangs, which a new process alone can end.
        """
        self._thread.start()
        index = 0
        try:
            while not self._is_stopped:
                moment = self._next_moment(index)
                index += isinstance(moment, Frame)
                yield moment
        finally:
            # Also when whoever takes the frames has failed: a camera's program ends with us.
            self.stop()
            self._keeper.interrupt()
            self._thread.join(_STOP_S)
            self._keeper.log.report_now()

    def stop(self) -> None:
        """Let the iteration end; safe in a signal handler."""
        self._is_stopped = True
        self._keeper.stop()

    def camera_state(self) -> CameraState:
        """Return what the camera gives now; for any thread."""
        return self._keeper.state()

    def counters(self) -> dict[str, int]:
        """Return what the camera gave so far, by what became of it; see ``CameraCount``."""
        return self._keeper.log.counters()

    def _next_moment(self, index: int) -> Moment:
        """Take the frame from the mailbox, or wait for one."""
        self._keeper.log.report()
        with self._changed:
            self._changed.wait_for(lambda: self._mailbox is not None, _PAUSE_S)
            taken, self._mailbox = self._mailbox, None
        if taken is not None:
            image_bgr, captured_ns = taken
            return Frame(image_bgr, index, captured_ns)
        if self._keeper.is_hanging():
            raise FrameSourceError("the camera's driver hangs; if it goes on, restart the device")
        if not self._thread.is_alive() and not self._is_stopped:
            raise FrameSourceError("the camera's thread has failed; its failure is in the log")
        return Pause(self._clock.monotonic_ns())

    def _fill_mailbox(self) -> None:
        """Read the camera as fast as it gives frames; the newest one replaces the one before."""
        for kept in self._keeper.frames():
            with self._changed:
                if self._mailbox is not None:
                    self._keeper.log.count("skipped")
                self._mailbox = kept
                self._changed.notify()
