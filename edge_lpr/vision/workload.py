"""Measures how long each stage takes and how busy the thread of the frames is."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from edge_lpr.core.check_words import Verdict
from edge_lpr.handoff.diagnosis_message import Check, bounded_check
from edge_lpr.vision.contracts import (
    BgrImage,
    Detection,
    Engine,
    Moment,
    PatchFinding,
    Reading,
)

SLOW_MS: Final = 150.0
TOO_SLOW_MS: Final = 250.0
"""Of a frame with a plate. A vehicle at 30 km/h is in the picture for about a second, and three
readings that agree take four frames of it."""

_SAMPLES: Final = 50
_FEWEST: Final = 5
_NS_PER_MS: Final = 1_000_000

_Result = TypeVar("_Result")


class Workload:
    """Times an engine and the frames. The measuring is for one thread, ``checks`` for any."""

    def __init__(self, engine: Engine) -> None:
        """Wrap an engine.

        Args:
            engine: The one that works.
        """
        self.engine = Engine(
            detector=_TimedDetector(engine, self),
            corner_finder=_TimedCorners(engine, self),
            reader=_TimedReader(engine, self),
        )
        """The same engine, timed."""
        self._stages_ms: dict[str, deque[float]] = {
            name: deque(maxlen=_SAMPLES) for name in ("detect", "refine", "read", "frame")
        }
        self._has_read = False
        self._busy: deque[tuple[float, float]] = deque(maxlen=_SAMPLES)

    def watch(self, source: Iterable[Moment]) -> Iterator[Moment]:
        """Pass moments on, and measure how long whoever takes them is busy with each.

        Args:
            source: Moments; waiting for one is not work.

        Yields:
            Each moment, as it is.
        """
        asked_ns = time.monotonic_ns()
        for moment in source:
            given_ns = time.monotonic_ns()
            self._has_read = False
            yield moment
            done_ns = time.monotonic_ns()
            busy_ms, whole_ms = (done_ns - given_ns) / _NS_PER_MS, (done_ns - asked_ns) / _NS_PER_MS
            self._busy.append((busy_ms, whole_ms))
            if self._has_read:
                self._stages_ms["frame"].append(busy_ms)
            asked_ns = done_ns

    def measure(self, stage: str, work: Callable[[], _Result]) -> _Result:
        """Do a piece of work, and note how long it took.

        Args:
            stage: Which.
            work: Does it.
        """
        began_ns = time.monotonic_ns()
        result = work()
        self._stages_ms[stage].append((time.monotonic_ns() - began_ns) / _NS_PER_MS)
        self._has_read = self._has_read or stage == "read"
        return result

    def checks(self) -> Sequence[Check]:
        """Say how fast it is."""
        middle = {name: _median(list(samples)) for name, samples in self._stages_ms.items()}
        busy = list(self._busy)
        whole_ms = sum(whole for _, whole in busy)
        share = sum(work for work, _ in busy) / whole_ms if whole_ms else 0.0
        verdict: Verdict = "not_known"
        if len(self._stages_ms["frame"]) >= _FEWEST:
            verdict = "good"
            if middle["frame"] > SLOW_MS:
                verdict = "bad" if middle["frame"] > TOO_SLOW_MS else "warning"
        return (
            bounded_check(
                "speed",
                verdict,
                detect_tenth_ms=round(10 * middle["detect"]),
                refine_tenth_ms=round(10 * middle["refine"]),
                read_tenth_ms=round(10 * middle["read"]),
                frame_tenth_ms=round(10 * middle["frame"]),
                busy_permille=round(1000 * share),
            ),
        )


def _median(samples: list[float]) -> float:
    """Return the middle one; 0 of none."""
    return sorted(samples)[len(samples) // 2] if samples else 0.0


class _TimedDetector:
    """A detector, timed."""

    def __init__(self, engine: Engine, workload: Workload) -> None:
        self._detector, self._workload = engine.detector, workload

    def detect(self, frame_bgr: BgrImage, *, long_side_px: int | None = None) -> list[Detection]:
        """Find the plates of one frame; see ``PlateDetector``."""
        return self._workload.measure(
            "detect", lambda: self._detector.detect(frame_bgr, long_side_px=long_side_px)
        )


class _TimedCorners:
    """A corner finder, timed."""

    def __init__(self, engine: Engine, workload: Workload) -> None:
        self._finder, self._workload = engine.corner_finder, workload

    def find(self, patches_bgr: Sequence[BgrImage]) -> list[PatchFinding]:
        """Look at every patch of a batch; see ``CornerFinder``."""
        if not patches_bgr:
            return self._finder.find(patches_bgr)
        return self._workload.measure("refine", lambda: self._finder.find(patches_bgr))


class _TimedReader:
    """A reader, timed."""

    def __init__(self, engine: Engine, workload: Workload) -> None:
        self._reader, self._workload = engine.reader, workload

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        """Read every plate of a batch; see ``PlateReader``."""
        if not plates_bgr:
            return self._reader.read(plates_bgr)
        return self._workload.measure("read", lambda: self._reader.read(plates_bgr))
