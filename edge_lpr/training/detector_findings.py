"""What a detector itself found out about its training photographs, kept from one start to the next.

How it finds out is in ``detector_review.py``; here is only what is remembered and how it is used.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.scenes import paint_out
from edge_lpr.training.dataset import BoxXywh
from edge_lpr.training.detector_samples import BOX_KNOWN, CORNERS_BELIEVED, Sample
from edge_lpr.vision.geometry import intersection_over_union

_SAME_THING: Final = 0.3
"""Overlap from which two boxes show the same: another detector draws another box around a sign."""

Numbers: TypeAlias = tuple[float, ...]
"""Boxes are left, top, right, bottom; quads are x and y of the corners, clockwise from top left.
All in continuous pixels of the photograph."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is believed of photographs beyond their labels."""

    false_alarms: Mapping[str, tuple[Numbers, ...]] = field(default_factory=dict)
    """By photograph: boxes that were taken for a plate and are none."""
    unlabelled: Mapping[str, tuple[Numbers, ...]] = field(default_factory=dict)
    """By photograph with plates: boxes of what may be plates that nobody labelled."""
    corners: Mapping[str, Mapping[str, Numbers]] = field(default_factory=dict)
    """By photograph, then by the number of the labelled plate in its row: the plate's quad."""

    def reviewed(self, signs: Mapping[str, Sequence[BoxXywh]]) -> "Findings":
        """Believe a person who looked at what may be plates without a label.

        Args:
            signs: By photograph: boxes (left, top, width, height) of what is no plate.

        Returns:
            The findings; signs are false alarms in them, and no longer plates without a label.
        """
        alarms, unlabelled = dict(self.false_alarms), dict(self.unlabelled)
        for image, boxes in signs.items():
            known = tuple((x, y, x + w, y + h) for x, y, w, h in boxes)
            alarms[image] = (*alarms.get(image, ()), *known)
            left = tuple(box for box in self.unlabelled.get(image, ()) if not _meets(box, known))
            unlabelled[image] = left
        return replace(self, false_alarms=alarms, unlabelled=unlabelled)

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


def _meets(box: Numbers, others: Iterable[Numbers]) -> bool:
    """Tell whether a box shows the same as one of others."""
    mine = np.array(box, np.float32)
    return any(
        intersection_over_union(mine, np.array(other, np.float32)) > _SAME_THING for other in others
    )


def _quad(numbers: Numbers) -> NDArray[np.float32]:
    """Turn eight numbers into corners."""
    return np.array(numbers, np.float32).reshape(4, 2)
