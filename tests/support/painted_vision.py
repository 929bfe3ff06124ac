"""Vision's whole way from a frame to the tokeniser, over painted plates that come on a pipe.

The stages, the votes, the messages and the reader with its bound tensors are the real ones; only
what finds a plate and what the network makes of it are painted. So the process that is searched
for plates reads a thousand different ones in minutes, and no text of them was ever in it: they
come as pixels.

Started with the readings' socket as its argument. Reads frames from standard input: a line with
``NUMBER NANOSECONDS``, then the pixels; a line ``-`` instead asks to be told, when the tokeniser
has answered everything, how much that was and the digest of it.
"""

import hashlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.log import Log, start_logging
from edge_lpr.core.settings import LaneSection, SourceSection, VisionSection
from edge_lpr.handoff.reading_sender import ReadingSender
from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader
from edge_lpr.vision.contracts import Consensus, Engine, Frame, Moment
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.hand_over import TokeniserConsumer
from edge_lpr.vision.lanes import Lanes
from edge_lpr.vision.models import load_models
from edge_lpr.vision.pipeline import Pipeline
from edge_lpr.vision.rectify import RECTIFIED_HEIGHT_PX, RECTIFIED_MARGIN, RECTIFIED_WIDTH_PX
from tests.support.fakes import LEVEL_STEP, PaintedCornerFinder, PaintedPlateDetector

SIZE_PX: Final = (640, 360)
LANES: Final = 4
ANSWER_S: Final = 300.0
"""Longest wait for what is queued: a busy machine takes seconds for a token."""

_STRIPES: Final = 12
_CERTAIN: Final = 12.0
"""Logit of the class that a stripe spells; the others have 0."""


class StripedPlateReader(OnnxPlateReader):
    """The real reader, whose network's output is replaced in place by what the stripes spell."""

    _pictures: ClassVar[list[NDArray[np.uint8]]] = []
    """Of the batch at hand."""

    def _as_input(self, plate_bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
        self._pictures.append(plate_bgr)
        return super()._as_input(plate_bgr)

    def _run(self, plates: NDArray[np.float32], logits: NDArray[np.float32]) -> None:
        super()._run(plates, logits)
        logits.fill(0)
        for plate_bgr, plate_logits in zip(self._pictures, logits, strict=True):
            _spell(plate_bgr, plate_logits)
        self._pictures.clear()


def _spell(plate_bgr: NDArray[np.uint8], logits: NDArray[np.float32]) -> None:
    """Write what the stripes spell to a plate's logits, one number at a time."""
    inset = RECTIFIED_MARGIN / (1 + 2 * RECTIFIED_MARGIN)
    logits[:, 0] = _CERTAIN / 2
    for stripe in range(_STRIPES):
        centre = inset + (1 - 2 * inset) * (stripe + 0.5) / _STRIPES
        column = round(centre * (RECTIFIED_WIDTH_PX - 1))
        place = round(int(plate_bgr[RECTIFIED_HEIGHT_PX // 2, column, 0]) / LEVEL_STEP)
        if place < logits.shape[1] - 1:
            logits[2 * stripe, place + 1] = _CERTAIN


def plate_digest(class_indices: bytes | memoryview) -> int:
    """Return what stands for a plate where nobody may have its text."""
    return int.from_bytes(hashlib.blake2b(class_indices, digest_size=8).digest(), "big")


class WitnessingConsumer(TokeniserConsumer):
    """Hands readings to the tokeniser, and can tell by a digest of them all which ones."""

    digest = 0

    def take(self, consensus: Consensus) -> bool:
        self.digest ^= plate_digest(consensus.class_indices.data)
        return super().take(consensus)


def _moments(sender: ReadingSender, consumer: WitnessingConsumer) -> Iterator[Moment]:
    """Take frames from standard input, and answer questions between them."""
    pipe = sys.stdin.buffer
    assert isinstance(pipe, io.BufferedReader)
    while line := pipe.readline():
        if line == b"-\n":
            answered = sender.wait_until_sent(ANSWER_S)
            taken = sender.counters()["handed_over"] if answered else -1
            sys.stdout.write(f"{taken} {consumer.digest}\n")
            sys.stdout.flush()
            continue
        number, captured_ns = map(int, line.split())
        picture = np.zeros((SIZE_PX[1], SIZE_PX[0], 3), np.uint8)
        pipe.readinto(picture.data.cast("B"))
        yield Frame(picture, number, captured_ns)


def main() -> None:
    """Follow the frames to their end."""
    readings_socket = Path(sys.argv[1])
    start_logging("WARNING")
    log, clock, funnel = Log("vision"), SystemClock(), Funnel()
    settings = VisionSection(
        source=SourceSection(kind="folder", address="frames"),
        faintly_read=0.0,  # stripes are not as steep as letters
        motion_gate=False,
        repeat_window_s=0,
    )
    lanes = Lanes(
        [
            LaneSection.model_validate(
                {"number": lane + 1, "region": tuple(map(tuple, lane_region(lane)))}
            )
            for lane in range(LANES)
        ]
    )
    reader = StripedPlateReader(load_models(None).reader, threads=1)
    engine = Engine(PaintedPlateDetector(), PaintedCornerFinder(), reader)
    sender = ReadingSender(readings_socket, log, clock)
    consumer = WitnessingConsumer(sender, settings.source, clock)
    pipeline = Pipeline(engine, consumer, settings, lanes=lanes, funnel=funnel, log=log)
    pipeline.run(_moments(sender, consumer))
    sender.drain(ANSWER_S)


def lane_region(lane: int) -> list[list[float]]:
    """Return the part of the picture that is a lane."""
    left, right = lane / LANES, (lane + 1) / LANES
    return [[left, 0.0], [right, 0.0], [right, 1.0], [left, 1.0]]
