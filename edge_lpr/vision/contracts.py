"""The types that pass between the stages, and the two protocols an engine implements.

Nothing here reads a picture or a model: engines live in ``adapters/``, stages in the files
named after them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

BgrImage: TypeAlias = NDArray[np.uint8]
"""Picture of shape (H, W, 3), uint8, channels blue, green, red."""

Quad: TypeAlias = NDArray[np.float32]
"""Plate corners, shape (4, 2), (x, y) in frame pixels.

In the order top-left, top-right, bottom-right, bottom-left.
"""


@dataclass(frozen=True, slots=True, repr=False)
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
class Detection:
    """A plate found in one frame."""

    quad_frame_px: Quad
    """Corners in frame pixels, clockwise from the plate's own top-left; may lie outside it."""
    box_xyxy: NDArray[np.float32]
    """Axis-aligned box, shape (4,), half-open, in frame pixels, inside the frame."""
    confidence: float
    """Detector's confidence, in [0, 1]."""


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """Text of one plate picture, as class indices. No ``repr``: it would print the plate."""

    class_indices: NDArray[np.uint8]
    """Shape (n,), 0 <= n <= 12, indices into ``PLATE_ALPHABET``; n = 0 is "no text seen"."""
    confidences: NDArray[np.float32]
    """Shape (n,), probability of each character, in [0, 1]."""


class PlateDetector(Protocol):
    """Finds plates in a frame."""

    def detect(self, frame_bgr: BgrImage) -> list[Detection]:
        """Find the plates of one frame, most confident first.

        Args:
            frame_bgr: Whole frame or region of it, shape (H, W, 3), uint8, BGR. Not modified.

        Returns:
            Detections in pixels of ``frame_bgr``, overlapping ones already merged; empty when
            there is no plate.

        Raises:
            DetectorError: The engine failed; this is never reported as "no plate".
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
