"""A frame's journey, from the camera to the tokeniser's socket.

1. capture: ``capture.py`` gives the next frame
2. pass over: ``motion.py`` tells frames in which nothing has moved
3. detect: ``detect.py`` finds the plates in the lanes
4. refine: ``refine.py`` looks at each closely, for its exact corners and whether it is a plate
5. rectify: ``rectify.py`` makes each flat by its four corners
6. read: ``read.py`` asks for that and spells each that is not decided yet
7. track: ``track.py`` joins the readings of one vehicle
8. vote: ``conclude.py`` asks ``vote.py`` what they say together, and publishes it once a passage
9. hand over: ``hand_over.py`` gives that to the tokeniser

This file names the stages in their order and does nothing else.
"""

from collections.abc import Iterable

from edge_lpr.core.log import Log
from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.conclude import PassageJudge
from edge_lpr.vision.contracts import (
    NANOSECONDS,
    Engine,
    Frame,
    Moment,
    Onlooker,
    ReadingConsumer,
)
from edge_lpr.vision.detect import DetectStage
from edge_lpr.vision.fault_limit import FaultLimit
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.lanes import WHOLE_PICTURE, Lanes
from edge_lpr.vision.motion import MotionGate
from edge_lpr.vision.read import ReadStage
from edge_lpr.vision.refine import RefineStage
from edge_lpr.vision.track import Track, Tracker


class Pipeline:
    """Turn the frames of one lane into one consensus a passage."""

    def __init__(
        self,
        engine: Engine,
        consumer: ReadingConsumer,
        settings: VisionSection,
        *,
        lanes: Lanes = WHOLE_PICTURE,
        funnel: Funnel,
        log: Log,
    ) -> None:
        """Line up the stages.

        Args:
            engine: Detector, corner finder and reader.
            consumer: Takes the consensus of each passage: the tokeniser's socket on a device, a
                list in the laboratory.
            settings: Limits of the stages; the source in it is not opened here.
            lanes: Where plates are looked for, and which way vehicles drive.
            funnel: Where every gain and loss is counted.
            log: Where failures of the engine are written.
        """
        self._gate = MotionGate(settings, lanes, funnel)
        self._detect = DetectStage(engine.detector, settings, lanes, funnel)
        self._refine = RefineStage(engine.corner_finder, settings, funnel)
        self._read = ReadStage(engine.reader, settings, funnel)
        self._tracker = Tracker(
            int(settings.passage_gap_s * NANOSECONDS), int(settings.read_again_s * NANOSECONDS)
        )
        self._judge = PassageJudge(settings, lanes, funnel)
        self._consumer = consumer
        self._funnel = funnel
        self._log = log
        self._onlookers: list[Onlooker] = []

    def show(self, onlooker: Onlooker) -> None:
        """Let somebody see every frame that is looked at, and the plates in it; before ``run``.

        Args:
            onlooker: Called in the thread of the frames, and so to be quick.
        """
        self._onlookers.append(onlooker)

    def run(self, source: Iterable[Moment]) -> None:
        """Follow every frame of a source to its end, and end the passages that are open then.

        Args:
            source: Frames in order, from ``capture.py`` or a list in a test.

        Raises:
            FrameSourceError: The source failed.
            DetectorError: The detector failed on ten frames in a row.
            CornerError: The corner finder failed on ten frames in a row.
            ReaderError: The reader failed on ten frames in a row.
        """
        fault_limit = FaultLimit(self._log)
        for moment in source:  # 1
            with fault_limit:
                if isinstance(moment, Frame):
                    self._follow(moment)
            now_ns = moment.captured_ns
            for track in self._tracker.due(now_ns):
                self._hand_over(track, now_ns)
            self._judge.forget_past(now_ns)
        for track in self._tracker.end():
            self._hand_over(track, track.last_seen_ns)

    def _follow(self, frame: Frame) -> None:
        """Take one frame from pixels to tracks."""
        tracker = self._tracker
        if self._gate.is_still(  # 2
            frame, is_settled=tracker.is_settled(), is_empty=tracker.is_empty()
        ):
            tracker.stay(frame)
            return
        detections = self._refine(frame, self._detect(frame))  # 3, 4
        for onlooker in self._onlookers:
            onlooker.see(frame, detections)
        readings = self._read(frame, detections, tracker.are_known(frame, detections))  # 5, 6
        begun = tracker.follow(frame, detections, readings)  # 7
        self._funnel.add("tracks", begun)
        self._gate.looked_at()

    def _hand_over(self, track: Track, now_ns: int) -> None:
        """Take one track from votes to the tokeniser."""
        consensus = self._judge.conclude(track, now_ns)  # 8
        if consensus is None:
            return
        is_taken = self._consumer.take(consensus)  # 9
        self._funnel.add("handed_over" if is_taken else "undelivered")
        consensus.wipe()
