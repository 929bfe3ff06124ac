"""Runs the device's whole vision process over frames from memory, and listens at both ends.

Consensuses go to a list in place of the tokeniser; and what the reader makes of each single frame
is noted on the way, to be compared with what a vote makes of many.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.log import Log
from edge_lpr.core.settings import LaneSection, VisionSection
from edge_lpr.training.passage_outcomes import Sighted, SingleReading
from edge_lpr.vision.contracts import (
    BgrImage,
    Consensus,
    Engine,
    Frame,
    PlateReader,
    Reading,
)
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.lanes import WHOLE_PICTURE, Lanes
from edge_lpr.vision.pipeline import Pipeline
from edge_lpr.vision.read import is_plate


@dataclass(slots=True, repr=False)
class PassageRun:
    """What came of a stretch of frames. No ``repr``: it holds plates."""

    sightings: list[Sighted] = field(default_factory=list)
    """What would have been published, in order."""
    singles: list[SingleReading] = field(default_factory=list)
    """What single frames were read as."""
    counters: dict[str, int] = field(default_factory=dict)
    """The funnel."""


def run_passages(
    frames: Iterable[Frame],
    engine: Engine,
    settings: VisionSection,
    lane: LaneSection | None = None,
) -> PassageRun:
    """Run the vision process over frames.

    Args:
        frames: In order; each is let go of when the next is asked for.
        engine: Its models.
        settings: The device's settings.
        lane: Where the lane is in the picture; the whole picture if left out.

    Returns:
        What would have been published, and what was read on the way.

    Raises:
        DetectorError: The detector failed again and again.
        ReaderError: The reader failed again and again.
    """
    run, funnel = PassageRun(), Funnel()
    ear = _ListeningReader(engine.reader, settings.minimum_reading_confidence, run.singles)
    pipeline = Pipeline(
        replace(engine, reader=ear),
        _SightingList(run.sightings, tells_direction=lane is not None and lane.arrow is not None),
        settings,
        lanes=WHOLE_PICTURE if lane is None else Lanes((lane,)),
        funnel=funnel,
        log=Log("vision"),
    )
    pipeline.run(ear.following(frames))
    run.counters = funnel.counters()
    return run


class _SightingList:
    """Takes consensuses in place of the tokeniser."""

    def __init__(self, sightings: list[Sighted], *, tells_direction: bool) -> None:
        """Take the list to fill, and whether the lane has an arrow to tell directions by."""
        self._sightings = sightings
        self._tells_direction = tells_direction

    def take(self, consensus: Consensus) -> bool:
        """Copy a consensus; it is never full."""
        self._sightings.append(
            Sighted(
                consensus.first_frame,
                consensus.last_frame,
                spelled(consensus.class_indices.tolist()),
                consensus.direction if self._tells_direction else None,
            )
        )
        return True


class _ListeningReader:
    """A reader that also notes what it says of each frame at the first look."""

    def __init__(
        self, reader: PlateReader, minimum_confidence: float, singles: list[SingleReading]
    ) -> None:
        """Take the reader to listen to, what counts as a reading, and the list to fill."""
        self._reader = reader
        self._minimum_confidence = minimum_confidence
        self._singles = singles
        self._frame = -1
        self._was_looked_at = True

    def following(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on and remember which is being read."""
        for frame in frames:
            self._frame, self._was_looked_at = frame.index, False
            yield frame

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        """Read; see ``PlateReader.read``. Second looks at an unsure plate are not noted."""
        readings = self._reader.read(plates_bgr)
        if not self._was_looked_at and plates_bgr:
            self._was_looked_at = True
            self._singles += [
                SingleReading(self._frame, spelled(reading.class_indices.tolist()))
                for reading in readings
                if is_plate(reading.confidences, self._minimum_confidence)
            ]
        return readings


def spelled(class_indices: Sequence[int]) -> str:
    """Spell a plate.

    Args:
        class_indices: Indices into ``PLATE_ALPHABET``.

    Returns:
        Its text, laboratory only.
    """
    return bytes(PLATE_ALPHABET[index] for index in class_indices).decode("ascii")
