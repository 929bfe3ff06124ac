"""Decides by rules why a plate was not read, from what was found and what the label says.

The rules are coarse on purpose: a person who has looked at the picture can overrule them.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.training.measures import edit_distance, fold_shapes
from edge_lpr.training.predictions import FoundPlate, PicturePrediction
from edge_lpr.vision.geometry import intersection_over_union

UNREADABLE_WIDTH_PX: Final = 24.0
"""Narrower plates, once the photograph has the detector's size, leave a character 3 px."""

TWO_LINE_ASPECT: Final = 1.75
"""Plates that are not this many times as wide as high mostly have two lines; American ones, with
one, have 2.0."""

_LABEL_OVERLAP: Final = 0.1
"""From this overlap on, a right reading below the IoU of a match says that the box is wrong."""

_SLOGAN_DISTANCE: Final = 0.8
"""From this share of different characters on, another text was read than the plate's."""


class Cause(Enum):
    """Why a plate was not read as its label says; the value is the heading of its table row."""

    TOO_SMALL = "too small to read"
    MISSED = "missed"
    LABEL_WRONG = "label wrong"
    CORNERS = "bad corners"
    TWO_LINE = "two lines"
    SLOGAN = "slogan or another text read"
    UNSURE = "too unsure to be reported"
    MISREAD = "misread character"
    LENGTH = "extra or missing character"


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """A labelled plate that was not read as its label says, O = 0 and I = 1 apart."""

    image: str
    """Path of its picture."""
    label: str
    """What the label says."""
    box_xyxy: NDArray[np.float32] | None
    """Labelled box in pixels of the picture; None where the picture is the plate."""
    found: FoundPlate | None
    """The detection that stands for it."""
    read_at_label: str
    """What is read where the label says that the plate is."""
    picture: PicturePrediction
    """All that was found in the picture."""
    size_px: tuple[int, int]
    """Width and height of the picture."""


def is_read(reading: str, label: str) -> bool:
    """Tell whether a reading says what the label says, with O = 0 and I = 1.

    Args:
        reading: A-Z0-9, may be empty.
        label: A-Z0-9.

    Returns:
        Whether they are the same.
    """
    return fold_shapes(reading) == fold_shapes(label)


def decide_cause(failure: Failure, long_side_px: int) -> Cause:
    """Say why a plate was not read.

    Args:
        failure: The plate and what was found instead.
        long_side_px: Longest side of the picture that the detector sees.

    Returns:
        The first cause whose rule fits.
    """
    if failure.found is None:
        return _why_missed(failure, long_side_px)
    if failure.box_xyxy is not None and is_read(failure.read_at_label, failure.label):
        return Cause.CORNERS
    if _width_seen_px(failure, long_side_px) < UNREADABLE_WIDTH_PX:
        return Cause.TOO_SMALL
    return _why_misread(failure, failure.found.text)


def _why_missed(failure: Failure, long_side_px: int) -> Cause:
    """Say why no detection stands for a plate."""
    box = failure.box_xyxy
    if box is not None and any(
        is_read(plate.text, failure.label)
        and intersection_over_union(plate.box_xyxy, box) >= _LABEL_OVERLAP
        for plate in failure.picture.plates
    ):
        return Cause.LABEL_WRONG
    is_tiny = _width_seen_px(failure, long_side_px) < UNREADABLE_WIDTH_PX
    return Cause.TOO_SMALL if is_tiny else Cause.MISSED


def _why_misread(failure: Failure, reading: str) -> Cause:
    """Say why a detected plate was read otherwise, though not for its corners."""
    if not reading:
        return Cause.UNSURE
    distance = edit_distance(fold_shapes(reading), fold_shapes(failure.label))
    if _aspect(failure) < TWO_LINE_ASPECT:
        return Cause.TWO_LINE
    if reading.isalpha() and distance >= _SLOGAN_DISTANCE * max(len(reading), len(failure.label)):
        return Cause.SLOGAN
    return Cause.MISREAD if len(reading) == len(failure.label) else Cause.LENGTH


def _width_seen_px(failure: Failure, long_side_px: int) -> float:
    """Return how wide the detector saw a plate; of a crop, its own width."""
    if failure.box_xyxy is None:
        return float(failure.size_px[0])
    left, _, right, _ = failure.box_xyxy.tolist()
    return float(right - left) * min(1.0, long_side_px / max(failure.size_px))


def _aspect(failure: Failure) -> float:
    """Return how many times as wide as high a plate is."""
    if failure.box_xyxy is None:
        return failure.size_px[0] / failure.size_px[1]
    left, top, right, bottom = failure.box_xyxy.tolist()
    return float((right - left) / max(1e-6, bottom - top))
