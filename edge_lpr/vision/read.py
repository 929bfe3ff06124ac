"""Reads the rectified plates of a frame."""

from collections.abc import Sequence

from edge_lpr.core.alphabet import MIN_PLATE_LENGTH
from edge_lpr.core.errors import ReaderError
from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.contracts import BgrImage, PlateReader, Reading, empty_reading
from edge_lpr.vision.funnel import Funnel


class ReadStage:
    """Run the reader, and empty the readings that are not to be trusted."""

    def __init__(self, reader: PlateReader, settings: VisionSection, funnel: Funnel) -> None:
        """Take the engine and the limit.

        Args:
            reader: Reads rectified plates.
            settings: Least confidence of a reading.
            funnel: Where readings and their losses are counted.
        """
        self._reader = reader
        self._minimum_confidence = settings.minimum_reading_confidence
        self._funnel = funnel

    def __call__(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        """Read each plate.

        Args:
            plates_bgr: Rectified plates. Not modified.

        Returns:
            One reading a plate, in order; empty where no text was seen or its least certain
            character is below the limit, so that the plate can be followed all the same.

        Raises:
            ReaderError: The engine failed; this is counted, and is not "no text".
        """
        try:
            readings = self._reader.read(plates_bgr)
        except ReaderError:
            self._funnel.add("reader_failures")
            raise
        self._funnel.add("readings", len(readings))
        return [self._trusted(reading) for reading in readings]

    def _trusted(self, reading: Reading) -> Reading:
        """Pass a reading on, or count it and put an empty one in its place."""
        if (
            reading.class_indices.size >= MIN_PLATE_LENGTH
            and float(reading.confidences.min()) >= self._minimum_confidence
        ):
            return reading
        self._funnel.add("unsure")
        reading.wipe()
        return empty_reading()
