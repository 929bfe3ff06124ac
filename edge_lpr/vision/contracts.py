"""The types that pass between the stages, and the protocols of what can be exchanged.

Nothing here reads a picture or a model: engines live in ``adapters/``, stages in the files
named after them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.settings import Direction

UNUSED_INDEX: Final = 0xFF
"""What stands where a class index is not, or no longer: in wiped and in unused places."""

NANOSECONDS: Final = 1_000_000_000
"""Nanoseconds in a second."""

BgrImage: TypeAlias = NDArray[np.uint8]
"""Picture of shape (H, W, 3), uint8, channels blue, green, red."""

Quad: TypeAlias = NDArray[np.float32]
"""Plate corners, shape (4, 2), (x, y) in frame pixels, whole numbers being pixel centres.

In the order top-left, top-right, bottom-right, bottom-left.
"""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Frame:
    """One picture from the camera. No ``repr``: tracebacks print those."""

    image_bgr: BgrImage
    """Pixels, owned by the frame; stages must not write to them."""
    index: int
    """Number of the frame in its source, from 0."""
    captured_ns: int
    """When it was taken, in nanoseconds on the monotonic clock.

    Replayed frames are on their source's own timeline, from 0.
    """


@dataclass(frozen=True, slots=True)
class Pause:
    """The camera gave no new frame for a while; time goes on, passages end."""

    captured_ns: int
    """When this was noticed, on the timeline of the frames."""


Moment: TypeAlias = Frame | Pause
"""What a source gives: a frame, or the news that there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A plate found in one frame."""

    quad_frame_px: Quad
    """Corners in frame pixels, clockwise from the plate's own top-left; may lie outside it."""
    box_xyxy: NDArray[np.float32]
    """Axis-aligned box, shape (4,), half-open, in frame pixels, inside the frame."""
    confidence: float
    """Detector's confidence, in [0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class PatchFinding:
    """What a corner finder sees in the patch around a detection."""

    corners_patch_px: Quad
    """Corners in pixels of the patch, its first pixel reaching from 0 to 1."""
    confidence: float
    """Probability that this is a plate, in [0, 1]."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Reading:
    """Text of one plate picture, as class indices. No ``repr``: it would print the plate."""

    class_indices: NDArray[np.uint8]
    """Shape (n,), 0 <= n <= 12, indices into ``PLATE_ALPHABET``; n = 0 is "no text seen"."""
    probabilities: NDArray[np.float32]
    """Shape (n, 36), probability of each character of the alphabet at each place, in [0, 1]; the
    one that was read is the likeliest."""
    weight: float = 1.0
    """How much it counts in a vote, above 0 to 1, by how large and sharp the plate was seen."""

    @property
    def confidences(self) -> NDArray[np.float32]:
        """Probability of each character that was read, shape (n,), in memory of its own."""
        # The likeliest character is the one that was read. Selecting by the class indices would
        # leave a copy of them in freed memory.
        confidences: NDArray[np.float32] = self.probabilities.max(axis=1)
        return confidences

    def is_empty(self) -> bool:
        """Return whether no text was seen."""
        return self.class_indices.size == 0

    def wipe(self) -> None:
        """Overwrite the text; the reading is of no use afterwards."""
        self.class_indices.fill(UNUSED_INDEX)
        self.probabilities.fill(0)


def empty_reading() -> Reading:
    """Return the reading of a plate on which no text was seen."""
    return Reading(np.empty(0, np.uint8), np.empty((0, len(PLATE_ALPHABET)), np.float32))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Consensus:
    """The voted reading of one passage. No ``repr``: it would print the plate."""

    class_indices: NDArray[np.uint8]
    """Shape (n,), 2 <= n <= 12, indices into ``PLATE_ALPHABET``."""
    agreeing_readings: int
    """How many readings of the passage say exactly this, 2 to 255."""
    confidence_bucket: int
    """0 (weak) to 3 (strong), from the share of readings that agree; see ``vote.py``."""
    lane: int
    """Number of the lane in which the plate was seen most, 1 to 16."""
    direction: Direction
    """Direction in which it moved; that of the lane where it hardly did."""
    first_frame: int
    """Index of the first frame of the passage."""
    last_frame: int
    """Index of the last frame in which the plate was seen so far."""
    last_seen_ns: int
    """When that frame was taken, on the timeline of the source."""

    def wipe(self) -> None:
        """Overwrite the text; the consensus is of no use afterwards."""
        self.class_indices.fill(UNUSED_INDEX)


class FrameSource(Protocol):
    """Gives frames in order until it ends or is stopped."""

    def __iter__(self) -> Iterator[Moment]:
        """Give each frame once, in order.

        Replayed sources give every frame and end. Live ones give the newest frame, skip what
        was not taken in time, give a ``Pause`` each second without a frame, and never end by
        themselves.

        Raises:
            FrameSourceError: There is nothing to read frames from; the message says what to do.
        """
        ...

    def stop(self) -> None:
        """Let the iteration end after the frame in hand; may be called from a signal handler."""
        ...


class ReadingConsumer(Protocol):
    """Takes what the passages were voted to be."""

    def take(self, consensus: Consensus) -> bool:
        """Take one passage's consensus.

        Args:
            consensus: Lent until return; the caller wipes it then, so copy what is to be kept.

        Returns:
            False if it could not be taken and is lost.
        """
        ...


class Onlooker(Protocol):
    """Measures what the frames are like, for whoever sees to the camera; changes nothing."""

    def see(self, frame: Frame, plates: Sequence[Detection]) -> None:
        """Look at a frame that was looked at for plates, and at those in it that are plates.

        Args:
            frame: Lent until return; its pixels are not modified, and no picture is kept of them.
            plates: With exact corners, before they are read; inside the lanes.
        """
        ...


class PlateDetector(Protocol):
    """Finds plates in a frame."""

    def detect(self, frame_bgr: BgrImage, *, long_side_px: int | None = None) -> list[Detection]:
        """Find the plates of one frame, most confident first.

        Args:
            frame_bgr: Whole frame or region of it, shape (H, W, 3), uint8, BGR. Not modified.
            long_side_px: Size to look at it in this time, instead of the usual one.

        Returns:
            Detections in pixels of ``frame_bgr``, overlapping ones already merged; empty when
            there is no plate.

        Raises:
            DetectorError: The engine failed; this is never reported as "no plate".
        """
        ...


class CornerFinder(Protocol):
    """Finds a plate's corners, and tells plates from what only looks like one from afar."""

    def find(self, patches_bgr: Sequence[BgrImage]) -> list[PatchFinding]:
        """Look at every patch of a batch.

        Args:
            patches_bgr: Patches as ``cut_patch`` makes them, each of shape (80, 160, 3), uint8,
                BGR. Not modified. May be empty.

        Returns:
            One finding a patch, in order, in memory of its own.

        Raises:
            CornerError: The engine failed; this is never reported as "no plate".
        """
        ...


class PlateReader(Protocol):
    """Reads rectified plates."""

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        """Read every plate of a batch.

        Args:
            plates_bgr: Rectified plates as ``rectify_plate`` makes them, each of shape
                (64, 192, 3), uint8, BGR. Not modified. May be empty.

        Returns:
            One reading a plate, in order.

        Raises:
            ReaderError: The engine failed; this is never reported as an empty reading.
        """
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """A detector, a corner finder and a reader that belong together."""

    detector: PlateDetector
    corner_finder: CornerFinder
    reader: PlateReader
