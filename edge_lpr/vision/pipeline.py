"""A frame's journey, from the camera to the tokeniser's socket.

1. capture: ``capture.py`` gives the next frame
2. detect: ``detect.py`` finds its plates
3. refine: ``refine.py`` looks at each closely, for its exact corners and whether it is a plate
4. rectify: ``rectify.py`` makes each flat by its four corners
5. read: ``read.py`` asks for that and spells each as class indices, twice where it is unsure
6. track: ``track.py`` joins the readings of one vehicle
7. vote: ``conclude.py`` asks ``vote.py`` what they agree on, once a passage
8. hand over: ``hand_over.py`` gives that to the tokeniser

This file names the stages in their order and does nothing else.
"""

from collections.abc import Iterable

from edge_lpr.core.log import Log
from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.conclude import PassageJudge
from edge_lpr.vision.contracts import NANOSECONDS, Engine, Frame, Moment, ReadingConsumer
from edge_lpr.vision.detect import DetectStage
from edge_lpr.vision.fault_limit import FaultLimit
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.read import ReadStage
from edge_lpr.vision.refine import RefineStage
from edge_lpr.vision.repeat_memory import RepeatMemory
from edge_lpr.vision.track import Track, Tracker


class Pipeline:
    """Turn the frames of one lane into one consensus a passage."""

    def __init__(
        self,
        engine: Engine,
        consumer: ReadingConsumer,
        settings: VisionSection,
        *,
        funnel: Funnel,
        log: Log,
    ) -> None:
        """Line up the stages.

        Args:
            engine: Detector, corner finder and reader.
            consumer: Takes the consensus of each passage: the tokeniser's socket on a device, a
                list in the laboratory.
            settings: Limits of the stages; the source in it is not opened here.
            funnel: Where every gain and loss is counted.
            log: Where failures of the engine are written.
        """
        memory = RepeatMemory(int(settings.repeat_window_s * NANOSECONDS))
        self._detect = DetectStage(engine.detector, settings, funnel)
        self._refine = RefineStage(engine.corner_finder, settings, funnel)
        self._read = ReadStage(engine.reader, settings, funnel)
        self._tracker = Tracker(int(settings.passage_gap_s * NANOSECONDS))
        self._judge = PassageJudge(settings.agreeing_readings, memory, funnel)
        self._consumer = consumer
        self._funnel = funnel
        self._log = log

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
            for track in self._tracker.due(moment.captured_ns):
                self._hand_over(track)
            self._judge.forget_past(moment.captured_ns)
        for track in self._tracker.end():
            self._hand_over(track)

    def _follow(self, frame: Frame) -> None:
        """Take one frame from pixels to tracks."""
        detections = self._refine(frame, self._detect(frame))  # 2, 3
        readings = self._read(frame, detections)  # 4, 5
        self._tracker.follow(frame, detections, readings)  # 6

    def _hand_over(self, track: Track) -> None:
        """Take one due track from votes to the tokeniser."""
        consensus = self._judge.conclude(track)  # 7
        if consensus is None:
            return
        is_taken = self._consumer.take(consensus)  # 8
        self._funnel.add("handed_over" if is_taken else "undelivered")
        consensus.wipe()
