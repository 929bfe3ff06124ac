"""Hands each consensus to the tokeniser, as the 64-byte reading of ``handoff/``.

And, in another message, how vision is.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.hourly import HourlyCounters
from edge_lpr.core.settings import SourceSection
from edge_lpr.core.vision_counts import VISION_COUNTERS, CameraState
from edge_lpr.core.watchdog import Heart
from edge_lpr.handoff.reading_message import ReadingMessage
from edge_lpr.handoff.reading_sender import ReadingSender, Reporter
from edge_lpr.handoff.vision_report import MAXIMUM_COUNT, VisionReport
from edge_lpr.vision.contracts import Consensus
from edge_lpr.vision.funnel import Funnel

_LOOK_AROUND_S: Final = 0.5
"""How often a replay that waits for room in the queue looks whether it should stop."""


class TokeniserConsumer:
    """Queue every consensus for the tokeniser.

    A live camera does not wait: with a full queue the newest reading is lost, and counted. A
    replay waits, so that the same frames always give the same sightings.
    """

    def __init__(
        self,
        sender: ReadingSender,
        source: SourceSection,
        clock: Clock,
        *,
        heart: Heart | None = None,
    ) -> None:
        """Take the end of the handoff.

        Args:
            sender: Sends from a thread of its own; drained by the caller at the end.
            source: Whether it is live.
            clock: Says what time it is for replayed frames.
            heart: Of the frame loop; beats while a replay waits for room.
        """
        self._sender = sender
        self._clock = clock
        self._source = source
        self._heart = heart
        self._stopped = threading.Event()

    def take(self, consensus: Consensus) -> bool:
        """Queue one passage's consensus.

        Args:
            consensus: Copied; the caller wipes its own.

        Returns:
            False if the queue was full, and the consensus is lost.

        Raises:
            HandoffError: The sending thread has died.
        """
        reading = ReadingMessage(
            lane=consensus.lane,
            direction=consensus.direction,
            confidence_bucket=consensus.confidence_bucket,
            agreeing_readings=consensus.agreeing_readings,
            class_indices=bytearray(consensus.class_indices.data),
        )
        is_taken = self._offer(reading, consensus.last_seen_ns)
        if not is_taken:
            reading.wipe()
        return is_taken

    def stop(self) -> None:
        """Wait for room no longer; safe in a signal handler."""
        self._stopped.set()

    def _offer(self, reading: ReadingMessage, last_seen_ns: int) -> bool:
        """Queue a reading, for replays as soon as there is room."""
        if self._source.is_live:
            return self._sender.offer(reading, last_seen_ns=last_seen_ns)
        # A replayed frame's own time says nothing about now: it counts as seen at this moment.
        while not self._sender.offer_and_wait(
            reading, last_seen_ns=self._clock.monotonic_ns(), timeout_s=_LOOK_AROUND_S
        ):
            if self._heart is not None:
                self._heart.beat()
            if self._stopped.is_set():
                return False
        return True


def whole_funnel(funnel: Funnel, delivery: Mapping[str, int]) -> dict[str, int]:
    """Return all counters, with what became of the readings that were handed over.

    Args:
        funnel: What the frame loop has counted.
        delivery: What the sender has counted.
    """
    counters = funnel.counters()
    counters["handed_over"] = delivery["handed_over"] + delivery["refused_by_tokeniser"]
    counters["undelivered"] += delivery["undelivered"]
    return counters


def reporter_of(funnel: Funnel, camera_state: Callable[[], CameraState] | None) -> Reporter:
    """Return what says how vision is: the camera's state, and numbers.

    Args:
        funnel: What the frame loop counts.
        camera_state: Returns what a live camera gives; ``None`` for a replay, which is as good as
            its frames.
    """

    def report(delivery: Mapping[str, int]) -> VisionReport:
        counters = whole_funnel(funnel, delivery)
        replay: CameraState = "good" if counters["frames"] else "not_known"
        return VisionReport(
            camera=replay if camera_state is None else camera_state(),
            counters={name: min(number, MAXIMUM_COUNT) for name, number in counters.items()},
        )

    return report


class HourlyReporter:
    """Reports like another one, and remembers for the log what it said first in an hour.

    In hit-only mode the log of a minute must not tell when a vehicle passed. The tokeniser counts
    when it has this very report (``core/hourly.py``).
    """

    def __init__(self, reporter: Reporter, clock: Clock) -> None:
        """Begin with zeros.

        Args:
            reporter: Makes the reports.
            clock: Tells the hour.
        """
        self._reporter = reporter
        self._said: Mapping[str, int] = dict.fromkeys(VISION_COUNTERS, 0)
        self.counters = HourlyCounters(lambda: self._said, clock)
        """Returns the counters of the last full hour."""

    def __call__(self, delivery: Mapping[str, int]) -> VisionReport:
        """Return how vision is.

        Args:
            delivery: What the sender has counted.
        """
        report = self._reporter(delivery)
        self._said = report.counters
        self.counters.count()
        return report
