"""What vision tells the service manager: whether its models are loaded, and what its camera gives.

Nobody but who stands at the booth reads it; nothing of it is published. Numbers of vehicles are not
in it, nor, in hit-only mode, a frame rate: on a small board it drops while a plate is read.
"""

from collections.abc import Callable, Mapping
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.status_words import Saying
from edge_lpr.vision.capture import LiveSource
from edge_lpr.vision.contracts import NANOSECONDS, FrameSource

_MEASURE_NS: Final = 5 * NANOSECONDS
"""A frame rate is measured over this time."""

_STEP_S: Final = 10
"""An absence is told in steps of so many seconds."""

_MOST_S: Final = 999_999_990


def vision_status(
    source: FrameSource, clock: Clock, *, is_hourly: bool
) -> Callable[[], Mapping[Saying, str]]:
    """Return what says how vision is, once its models are loaded and its source is open.

    Args:
        source: Where frames come from.
        clock: Its monotonic time measures rates and absences.
        is_hourly: Whether nobody may tell when a vehicle passed.
    """
    if isinstance(source, LiveSource):
        return _CameraStatus(source, clock, is_hourly=is_hourly)
    return lambda: {"models_loaded": "", "replay": ""}


class _CameraStatus:
    """What a live camera gives; for one thread."""

    def __init__(self, camera: LiveSource, clock: Clock, *, is_hourly: bool) -> None:
        """Begin to measure.

        Args:
            camera: The camera.
            clock: Its monotonic time measures.
            is_hourly: Whether no rate is told.
        """
        self._camera = camera
        self._clock = clock
        self._is_hourly = is_hourly
        self._rate_hz: int | None = None
        self._frames, self._since_ns = 0, clock.monotonic_ns()
        self._away_ns: int | None = None

    def __call__(self) -> Mapping[Saying, str]:
        """Return how vision is now."""
        state, now_ns = self._camera.camera_state(), self._clock.monotonic_ns()
        self._measure(now_ns)
        if state != "away":
            self._away_ns = None
        if state == "away":
            self._away_ns = now_ns if self._away_ns is None else self._away_ns
            away_s = (now_ns - self._away_ns) // NANOSECONDS
            return _loaded("camera_away", str(min(away_s - away_s % _STEP_S, _MOST_S)))
        if state == "frozen":
            return _loaded("camera_frozen")
        if state == "dark":
            return _loaded("camera_dark")
        if state == "not_known" or self._rate_hz == 0:
            return _loaded("camera_silent")
        if self._rate_hz is None or self._is_hourly:
            return _loaded("camera_works")
        return _loaded("camera_delivers", str(self._rate_hz))

    def _measure(self, now_ns: int) -> None:
        """Count frames, if that was a while ago."""
        elapsed_ns = now_ns - self._since_ns
        if elapsed_ns < _MEASURE_NS:
            return
        frames = self._camera.counters()["frames"]
        self._rate_hz = round((frames - self._frames) * NANOSECONDS / elapsed_ns)
        self._frames, self._since_ns = frames, now_ns


def _loaded(saying: Saying, value: str = "") -> Mapping[Saying, str]:
    """Return that the models are loaded, and what the camera does."""
    return {"models_loaded": "", saying: value}
