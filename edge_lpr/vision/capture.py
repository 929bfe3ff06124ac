"""Opens the source of frames that the settings name, and keeps live ones alive.

Replayed sources (video file, folder) give every frame, in order, and end. A live camera is read
by a thread of its own into a mailbox with one slot, because a frame that is late is worthless:
the newest one wins. What a vendor's library does to open and read is left to ``adapters/``.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import FrameSourceError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection
from edge_lpr.vision.contracts import BgrImage, Frame, FrameSource, Moment, Pause
from edge_lpr.vision.funnel import Funnel

FIRST_RETRY_S: Final = 1.0
"""Wait before a lost camera is opened again; doubled after each failure."""

LONGEST_RETRY_S: Final = 30.0
"""A camera that was switched on again is back within half a minute."""

_PAUSE_S: Final = 1.0
"""After this long without a frame a ``Pause`` is given, so that passages end."""

_STOP_S: Final = 2.0
"""Longest wait for the reading thread at the end; a hanging driver must not hold the process."""


class Camera(Protocol):
    """A camera that was opened."""

    def read(self) -> BgrImage | None:
        """Wait for the next frame and return it, in memory of its own; None if it is lost."""
        ...

    def close(self) -> None:
        """Let go of the camera."""
        ...


def open_source(settings: SourceSection, *, clock: Clock, funnel: Funnel, log: Log) -> FrameSource:
    """Open what the settings name.

    Args:
        settings: Kind and address of the source.
        clock: Stamps live frames.
        funnel: Where unreadable frames are counted.
        log: Where losing and finding the camera is written.

    Returns:
        The source; iterate it once, and ``stop`` it.

    Raises:
        NoSuchSourceError: There is no such file or folder, or there are no frames in it, or the
            address is none of a camera.
        FrameSourceError: The camera does not answer.
        KeyFileError: The camera's credentials file is missing or readable by others.
    """
    # Imported here, so that a device that replays nothing loads no decoder, and the reverse.
    from edge_lpr.vision.adapters import opencv_camera, opencv_files  # noqa: PLC0415

    if settings.kind == "video":
        return opencv_files.VideoFile(settings, log)
    if settings.kind == "folder":
        return opencv_files.FrameFolder(settings, funnel, log)
    return LiveSource(lambda: opencv_camera.open_camera(settings), clock, log)


class LiveSource:
    """Give the newest frame of a camera; when it is lost, open it again and again."""

    def __init__(self, open_camera: Callable[[], Camera], clock: Clock, log: Log) -> None:
        """Open the camera for the first time.

        Args:
            open_camera: Opens the camera, or raises ``FrameSourceError``.
            clock: Stamps frames.
            log: Where losing and finding the camera is written.

        Raises:
            FrameSourceError: The first attempt failed. Later ones are repeated in silence, but a
                camera that was never there is a fault of the installation.
        """
        self._open_camera = open_camera
        self._clock = clock
        self._log = log
        self._mailbox: tuple[BgrImage, int] | None = None
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._grab_until_stopped, args=(open_camera(),), name="camera", daemon=True
        )
        log.info("camera_opened", attempt=1)

    def __iter__(self) -> Iterator[Moment]:
        """Give the newest frame, or a ``Pause`` each second without one, until stopped."""
        self._thread.start()
        index = 0
        while not self._stopped.is_set():
            moment = self._next_moment(index)
            index += isinstance(moment, Frame)
            yield moment
        self._thread.join(_STOP_S)

    def stop(self) -> None:
        """Let the iteration end; safe in a signal handler."""
        # No lock here: the handler may have interrupted the very code that holds it.
        self._stopped.set()

    def _next_moment(self, index: int) -> Moment:
        """Take the frame from the mailbox, or wait for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._mailbox is not None, _PAUSE_S)
            taken, self._mailbox = self._mailbox, None
        if taken is None:
            return Pause(self._clock.monotonic_ns())
        image_bgr, captured_ns = taken
        return Frame(image_bgr, index, captured_ns)

    def _grab_until_stopped(self, camera: Camera | None) -> None:
        """Read the camera as fast as it gives frames; when it is lost, open it again."""
        while not self._stopped.is_set():
            if camera is None:
                camera = self._reopen()
                continue
            image_bgr = camera.read()
            if image_bgr is None:
                self._log.warning("camera_lost", detail="it gives no frames and is opened again")
                camera.close()
                camera = None
                continue
            with self._changed:
                self._mailbox = (image_bgr, self._clock.monotonic_ns())
                self._changed.notify()
        if camera is not None:
            camera.close()

    def _reopen(self) -> Camera | None:
        """Try to open the camera, waiting longer each time; None if stopped meanwhile."""
        wait_s, attempt = FIRST_RETRY_S, 1
        while not self._stopped.wait(wait_s):
            camera = self._try_to_open(attempt)
            if camera is not None:
                return camera
            wait_s, attempt = min(2 * wait_s, LONGEST_RETRY_S), attempt + 1
        return None

    def _try_to_open(self, attempt: int) -> Camera | None:
        """Open the camera once, and write how it went."""
        try:
            camera = self._open_camera()
        except FrameSourceError as error:
            self._log.warning("camera_away", attempt=attempt, detail=str(error))
            return None
        self._log.info("camera_opened", attempt=attempt)
        return camera
