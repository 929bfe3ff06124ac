"""The vision process: ``python -m edge_lpr.vision --settings FILE``.

Puts the parts together, starts them, and stops them in order; what happens to a frame is in
``pipeline.py``.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import cv2

from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.log import Log
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.service import StopRequest, run_service
from edge_lpr.core.settings import BoothSettings
from edge_lpr.core.status_words import StatusWords
from edge_lpr.core.watchdog import Heart, Watchdog
from edge_lpr.handoff.diagnosis_desk import open_desk
from edge_lpr.handoff.reading_sender import ReadingSender
from edge_lpr.vision.aim_view import AimView
from edge_lpr.vision.answers import CameraChecks, FunnelChecks, VisionAnswers
from edge_lpr.vision.beyond import BeyondLanes
from edge_lpr.vision.capture import LiveSource, open_source
from edge_lpr.vision.card_view import CardView
from edge_lpr.vision.contracts import NANOSECONDS, Moment
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.frame_size import report_frame_size
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.hand_over import (
    HourlyReporter,
    TokeniserConsumer,
    reporter_of,
    whole_funnel,
)
from edge_lpr.vision.lanes import Lanes
from edge_lpr.vision.optics import Optics
from edge_lpr.vision.pipeline import Pipeline
from edge_lpr.vision.self_test import SelfTest
from edge_lpr.vision.status import vision_status
from edge_lpr.vision.workload import Workload

_FUNNEL_EVERY_NS: Final = 60 * NANOSECONDS

_REPLAY_DRAIN_NS: Final = 60 * NANOSECONDS
"""A full queue of 32 readings takes 16 s at the tokeniser's pace; a slow start comes on top."""

_FIRST_FRAME_S: Final = 60.0
"""Libraries allocate and compile at the first frame: several seconds on a busy board."""

_LOOK_AROUND_S: Final = 0.5
"""How often a replay that waits for the tokeniser looks whether it should stop."""

_STOP_DRAIN_S: Final = 5.0
"""An orderly stop may take this long to deliver what is queued."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the vision process until its source ends or a signal stops it.

    Args:
        arguments: Command line without the program's name; that of the process if left out.

    Returns:
        Exit status, see ``core/service.py``.
    """
    return run_service("vision", "Reads the plates that a camera sees.", serve, arguments)


def serve(settings: BoothSettings, log: Log, stop: StopRequest) -> None:
    """Put the parts together, follow the source to its end, and deliver what is left."""
    clock, notifier, funnel = SystemClock(), ServiceNotifier(), Funnel()
    watchdog = Watchdog(notifier, log, clock)
    heart = watchdog.heart("frames")
    cv2.setNumThreads(settings.vision.inference_threads)
    words = StatusWords(notifier, clock)
    words.say({"models_loading": ""}, is_step=True)
    engine = load_engine(settings.vision)
    workload, self_test, optics = Workload(engine), SelfTest(engine), Optics(clock)
    words.say({"models_loaded": "", "camera_opening": ""}, is_step=True)
    # In hit-only mode nobody may read in the log when a vehicle passed.
    is_hourly = settings.tokeniser.mode == "hit-only"
    source = open_source(
        settings.vision.source, clock=clock, funnel=funnel, log=log, is_hourly=is_hourly
    )
    reporter = reporter_of(funnel, source.camera_state if isinstance(source, LiveSource) else None)
    hourly = HourlyReporter(reporter, clock) if is_hourly else None
    sender = ReadingSender(
        settings.vision.readings_socket,
        log,
        clock,
        reporter=hourly or reporter,
        heart=watchdog.heart("reading-sender"),
        tells_of_readings=hourly is None,
    )
    consumer = TokeniserConsumer(sender, settings.vision.source, clock, heart=heart)
    lanes = Lanes(settings.lanes)
    pipeline = Pipeline(
        workload.engine, consumer, settings.vision, lanes=lanes, funnel=funnel, log=log
    )
    beyond = BeyondLanes(engine, settings.vision, lanes, clock)
    stop.tell(source.stop)
    stop.tell(consumer.stop)
    told = hourly.counters if hourly else lambda: whole_funnel(funnel, sender.counters())
    status = vision_status(source, clock, is_hourly=is_hourly)
    camera = CameraChecks(source, clock, is_hourly=is_hourly)
    funnel_checks = FunnelChecks(told, clock, is_hourly=is_hourly)
    aim = AimView(settings.lanes, told, clock)
    # Whoever holds the card stands beside the lane: its numbers are those of now.
    card = CardView(funnel.counters, clock)
    for onlooker in (aim, optics, beyond, card):
        pipeline.show(onlooker)
    makers = (camera, optics.checks, beyond.checks, self_test.checks, workload.checks)
    answers = VisionAnswers((*makers, funnel_checks), aim, card)
    desk = open_desk(settings.vision.diagnosis_socket, answers, log, watchdog.heart("diagnosis"))
    notifier.ready()
    log.info("started")
    with watchdog.watching(lambda: words.say(status())):
        try:
            moments = report_frame_size(source, clock, log)
            noted = workload.watch(_noted(moments, camera, funnel_checks, self_test))
            pipeline.run(_watched(noted, clock, heart, lambda: log.info("funnel", counters=told())))
            _deliver_replay(sender, clock, heart, stop)
        finally:
            notifier.stopping()
            if desk is not None:
                desk.close()
            sender.drain(_STOP_DRAIN_S)
            log.info("funnel", counters=told())
    log.info("stopped")


def _noted(
    source: Iterable[Moment], camera: CameraChecks, funnel: FunnelChecks, self_test: SelfTest
) -> Iterator[Moment]:
    """Pass the moments of a source on, and do between them what diagnosis asks for."""
    for moment in source:
        camera.note(moment)
        funnel.note()
        self_test.turn()
        yield moment


def _watched(
    source: Iterable[Moment], clock: Clock, heart: Heart, report: Callable[[], None]
) -> Iterator[Moment]:
    """Pass the moments of a source on; give signs of life and report every minute on the way."""
    report_at_ns = clock.monotonic_ns() + _FUNNEL_EVERY_NS
    heart.beat(next_within_s=_FIRST_FRAME_S)
    for moment in source:
        yield moment
        heart.beat()
        if clock.monotonic_ns() >= report_at_ns:
            report_at_ns += _FUNNEL_EVERY_NS
            report()


def _deliver_replay(sender: ReadingSender, clock: Clock, heart: Heart, stop: StopRequest) -> None:
    """Give the tokeniser time to take what is queued, unless a stop is wanted meanwhile."""
    give_up_ns = clock.monotonic_ns() + _REPLAY_DRAIN_NS
    while not stop.event.is_set() and clock.monotonic_ns() < give_up_ns:
        if sender.wait_until_sent(_LOOK_AROUND_S):
            return
        heart.beat()


if __name__ == "__main__":
    sys.exit(main())
