"""A picture to learn from, the plates in it, and what is known of each.

Coordinates are continuous: the first pixel reaches from 0 to 1.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.training.dataset import SceneRow
from edge_lpr.vision.geometry import quad_of_box

CORNERS_BELIEVED: Final = 3
"""Four corners that a detector saw, and that the labelled box does not contradict."""

CORNERS_KNOWN: Final = 2
"""Four exact corners."""

BOX_KNOWN: Final = 1
"""Only the box that the corners must fill."""

NOTHING_KNOWN: Final = 0
"""The window cuts the box, so it says nothing about the corners."""


@dataclass(frozen=True, slots=True)
class PlateTruth:
    """One plate in a picture."""

    box_xyxy: NDArray[np.float32]
    """Shape (4,), continuous pixels."""
    quad: Quad
    """Corners in continuous pixels; meaningless unless ``knowledge`` is one of corners."""
    knowledge: int
    """``CORNERS_KNOWN``, ``CORNERS_BELIEVED``, ``BOX_KNOWN`` or ``NOTHING_KNOWN``."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture and the plates in it."""

    image_bgr: BgrImage
    """Shape (H, W, 3), uint8."""
    truths: tuple[PlateTruth, ...]
    """Every plate that should be found."""


def sample_from(row: SceneRow, picture_bgr: BgrImage) -> Sample:
    """Pair a photograph with its labels.

    Args:
        row: Its label row.
        picture_bgr: The photograph. Not copied.

    Returns:
        The sample; corners are unknown.
    """
    truths = []
    for plate in row.plates:
        left, top, width, height = plate.box_xywh
        box = np.array([left, top, left + width, top + height], dtype=np.float32)
        truths.append(PlateTruth(box, quad_of_box(box), BOX_KNOWN))
    return Sample(picture_bgr, tuple(truths))
