"""Keeps one live camera open: reads it, judges what it gives, and opens it again when it fails.

How a camera is opened and read is its adapter's; who takes the frames, and when, is
``capture.py``'s.
"""

import threading
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import FrameSourceError, KeyFileError
from edge_lpr.core.log import Log
from edge_lpr.core.vision_counts import CameraState
from edge_lpr.vision.camera import Camera, CameraFrame, CameraOpener
from edge_lpr.vision.camera_log import CameraLog
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage
from edge_lpr.vision.picture_watch import Look, PictureWatch
from edge_lpr.vision.stream_clock import StreamClock

FIRST_RETRY_S: Final = 0.5
"""Wait before a lost camera is opened again; doubled after each failure."""

LONGEST_RETRY_S: Final = 2.0
"""A camera that is back gives its first frame within ten seconds: at worst this wait and the time
that it takes to open, or an attempt that was just too early (``OPEN_TIMEOUT_S``) and both."""

_STEADY_NS: Final = 10 * NANOSECONDS
"""A camera that has given frames for so long is opened again quickly when it is lost."""

HANGS_AFTER_NS: Final = 12 * NANOSECONDS
"""Opening and reading have time-outs of their own, all of ten seconds or less; a hang shall be over
within 15 s, the next process's start included."""

_STATES: Final[Mapping[Look, CameraState]] = {
    Look.LIVE: "good",
    Look.FROZEN: "frozen",
    Look.BLACK: "dark",
}

KeptFrame: TypeAlias = tuple[BgrImage, int]
"""A frame and when it was taken, in nanoseconds on the monotonic clock."""


class CameraKeeper:
    """Give the frames of a camera, whatever happens to it; for one thread."""

    def __init__(
        self, open_camera: CameraOpener, clock: Clock, log: Log, *, is_hourly: bool = False
    ) -> None:
        """Open the camera for the first time.

        Args:
            open_camera: Opens the camera.
            clock: Stamps frames.
            log: Where losing and finding the camera is written.
            is_hourly: Whether its numbers are written once an hour alone (``CameraLog``).

        Raises:
            FrameSourceError: The first attempt failed. Later ones are repeated, but a camera that
                was never there is a fault of the installation.
            KeyFileError: The camera's credentials are missing or readable by others.
        """
        self.log = CameraLog(log, clock, is_hourly=is_hourly)
        self._open_camera = open_camera
        self._clock = clock
        self._stopped = threading.Event()
        self._watch = PictureWatch()
        self._look = Look.LIVE
        self._retry_s = FIRST_RETRY_S
        self._last_captured_ns = clock.monotonic_ns()
        self._camera: Camera | None = None
        self._stream_clock = StreamClock()
        self._opened_ns = 0
        self._busy_since_ns: int | None = None
        self._take_over(open_camera(), attempt=1)

    def frames(self) -> Iterator[KeptFrame]:
        """Give frames as they come, without end, until stopped; then close the camera.

        Yields:
            Frame and time; the times go up.
        """
        try:
            while not self._stopped.is_set():
                if self._camera is None:
                    self._reopen()
                    continue
                frame = self._read(self._camera)
                if frame is None and not self._stopped.is_set():
                    self._lose("camera_lost", self._camera.last_words() or "it gives no frames")
                kept = None if frame is None else self._judge(frame)
                if kept is not None:
                    yield kept
        finally:
            self._close()

    def stop(self) -> None:
        """Let ``frames`` end; safe in a signal handler."""
        # No lock here: the handler may have interrupted the very code that holds it.
        self._stopped.set()

    def interrupt(self) -> None:
        """Let a read that still waits end; for any thread."""
        camera = self._camera
        if camera is not None:
            camera.interrupt()

    def state(self) -> CameraState:
        """Return what the camera gives now; for any thread."""
        if self._camera is None or self.is_hanging():
            return "away"
        if self.log.counters()["frames"] == 0:
            return "not_known"
        return _STATES[self._look]

    def is_hanging(self) -> bool:
        """Return whether the camera's driver has not come back for longer than it may."""
        since_ns = self._busy_since_ns
        return since_ns is not None and self._clock.monotonic_ns() - since_ns > HANGS_AFTER_NS

    def _read(self, camera: Camera) -> CameraFrame | None:
        """Read the next frame, and let others see that we wait."""
        self._busy_since_ns = self._clock.monotonic_ns()
        frame = camera.read()
        self._busy_since_ns = None
        return frame

    def _judge(self, frame: CameraFrame) -> KeptFrame | None:
        """Count and stamp a frame; None if it is a repetition that is held back."""
        arrival_ns = self._clock.monotonic_ns()
        self.log.count("frames")
        if arrival_ns - self._opened_ns >= _STEADY_NS:
            self._retry_s = FIRST_RETRY_S
        look = self._watch.look(frame.image_bgr, arrival_ns)
        self._tell_of(look)
        if look is Look.FROZEN:
            self.log.count("frozen")
            if self._watch.is_due_to_reopen(arrival_ns):
                self._lose("camera_frozen", "it gives the same picture again and again")
            return None
        if look is Look.BLACK:
            self.log.count("black")
        return frame.image_bgr, self._stamp(frame, arrival_ns)

    def _tell_of(self, look: Look) -> None:
        """Write down that the picture has become black, or is to be seen again."""
        if look is Look.BLACK and self._look is not Look.BLACK:
            self.log.fault("camera_black", "lens covered, or a night without a lamp")
        if look is Look.LIVE and self._look is not Look.LIVE:
            self.log.fault("camera_sees", "its picture is neither frozen nor black any more")
        self._look = look

    def _stamp(self, frame: CameraFrame, arrival_ns: int) -> int:
        """Return when a frame was taken, later than the one before."""
        faults = self._stream_clock.faults
        captured_ns = self._stream_clock.captured_ns(frame.stream_ns, arrival_ns)
        if self._stream_clock.faults > faults:
            self.log.count("stamp_faults")
            self.log.fault("camera_stamps", "time stamps make no sense; the time of arrival serves")
        self._last_captured_ns = max(self._last_captured_ns + 1, captured_ns)
        return self._last_captured_ns

    def _lose(self, event: str, detail: str) -> None:
        """Close a camera that has failed, so that it is opened again."""
        self.log.count("lost")
        self.log.fault(event, f"{detail}; it is opened again")
        self._close()

    def _close(self) -> None:
        """Let go of the camera."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _reopen(self) -> None:
        """Try to open the camera until that works, waiting longer each time, or we are stopped."""
        attempt = 1
        while not self._stopped.wait(self._retry_s):
            self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)
            self._busy_since_ns = self._clock.monotonic_ns()
            try:
                camera = self._open_camera()
            except (FrameSourceError, KeyFileError) as error:
                self.log.away(attempt, str(error))
            else:
                self._take_over(camera, attempt)
                return
            finally:
                self._busy_since_ns = None
            attempt += 1

    def _take_over(self, camera: Camera, attempt: int) -> None:
        """Begin with a camera that was just opened; its clock is not known yet."""
        self._camera = camera
        self._stream_clock = StreamClock()
        self._opened_ns = self._clock.monotonic_ns()
        self._watch.camera_opened_again(self._opened_ns)
        self.log.opened(attempt)
