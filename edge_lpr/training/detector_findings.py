"""What a detector itself found out about its training photographs, kept from one start to the next.

How it finds out is in ``detector_review.py``; here is only what is remembered and how it is used.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.scenes import paint_out
from edge_lpr.training.detector_samples import BOX_KNOWN, CORNERS_BELIEVED, Sample

Numbers: TypeAlias = tuple[float, ...]
"""Boxes are left, top, right, bottom; quads are x and y of the corners, clockwise from top left.
All in continuous pixels of the photograph."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is believed of photographs beyond their labels."""

    false_alarms: Mapping[str, tuple[Numbers, ...]] = field(default_factory=dict)
    """By photograph without a plate: boxes that were taken for one."""
    unlabelled: Mapping[str, tuple[Numbers, ...]] = field(default_factory=dict)
    """By photograph with plates: boxes of what may be plates that nobody labelled."""
    corners: Mapping[str, Mapping[str, Numbers]] = field(default_factory=dict)
    """By photograph, then by the number of the labelled plate in its row: the plate's quad."""

    def applied_to(self, sample: Sample, image: str) -> Sample:
        """Add what is believed to a labelled photograph.

        Args:
            sample: Whole photograph with its labels, in the order of the row. Not modified.
            image: The photograph's path in its row.

        Returns:
            The sample, believed corners in it; what may be a plate without a label is painted out,
            so that it is neither taught as a plate nor as background.
        """
        corners = self.corners.get(image, {})
        truths = tuple(
            replace(truth, quad=_quad(corners[str(number)]), knowledge=CORNERS_BELIEVED)
            if str(number) in corners and truth.knowledge == BOX_KNOWN
            else truth
            for number, truth in enumerate(sample.truths)
        )
        picture = sample.image_bgr
        doubtful = self.unlabelled.get(image, ())
        if doubtful:
            picture = picture.copy()
        for box in doubtful:
            paint_out(picture, np.array(box, np.float32))
        return Sample(picture, truths)


def save_findings(findings: Findings, path: Path) -> None:
    """Write findings, whole or not at all.

    Args:
        findings: What is believed.
        path: File to write or replace.
    """
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(findings)), encoding="utf-8")
    part.replace(path)


def load_findings(path: Path) -> Findings:
    """Read what ``save_findings`` wrote.

    Args:
        path: File.

    Returns:
        The findings.

    Raises:
        DataSetError: The file is missing or is something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Findings(
            _boxes(content["false_alarms"]),
            _boxes(content["unlabelled"]),
            {image: _numbers(quads, 8) for image, quads in content["corners"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataSetError(f"{path} holds no findings ({error!r}); remove it.") from error


def _boxes(untrusted: dict[str, Any]) -> dict[str, tuple[Numbers, ...]]:
    """Check lists of boxes by photograph."""
    return {
        image: tuple(_numbers(dict(enumerate(boxes)), 4).values())
        for image, boxes in untrusted.items()
    }


def _numbers(untrusted: dict[Any, Any], count: int) -> dict[Any, Numbers]:
    """Check tuples of so many numbers."""
    checked = {name: tuple(float(value) for value in row) for name, row in untrusted.items()}
    if any(len(row) != count for row in checked.values()):
        raise ValueError(f"not {count} numbers")
    return checked


def _quad(numbers: Numbers) -> NDArray[np.float32]:
    """Turn eight numbers into corners."""
    return np.array(numbers, np.float32).reshape(4, 2)
