"""Corrects labels that are known to be wrong, for training only.

``label_corrections.json`` names the pictures, their labelled texts, and what a person saw instead.
Figures are measured against the public labels as they are; nothing here touches those.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

from edge_lpr.training.dataset import BoxXywh, KnownPlates, SceneRow

_SAME_BOX_PX: Final = 1.0
"""Boxes whose numbers differ by less are the same; label files round to a tenth of a pixel."""


@dataclass(frozen=True, slots=True)
class LabelCorrections:
    """What is known to be wrong in public label files."""

    texts: Mapping[str, Mapping[str, str | None]]
    """By picture: labelled text to the true one.

    None where the text cannot be told, or where it shows a vehicle that the validation split
    shows too: such a plate is not read in training.
    """
    boxes: Mapping[str, tuple[BoxXywh, ...]]
    """By picture: labelled boxes (left, top, width, height) that enclose no plate, or not all of
    one."""

    def correct_texts(self, row: KnownPlates) -> KnownPlates:
        """Put the true texts in a row.

        Args:
            row: Plates of a picture, as labelled. Not modified.

        Returns:
            The row with true texts; None for texts that are not to be learnt.
        """
        known = self.texts.get(row.image)
        if known is None:
            return row
        plates = tuple((box, known.get(text, text) if text else text) for box, text in row.plates)
        return replace(row, plates=plates)

    def has_wrong_box(self, row: SceneRow) -> bool:
        """Tell whether a photograph has a box that would teach the detector something wrong.

        A wrong box has a right one near it that nobody drew, so the whole photograph is to be left
        out: without the box its plate would be taught as background.

        Args:
            row: Photograph, as labelled.

        Returns:
            True if one of its boxes is known to be wrong.
        """
        wrong = self.boxes.get(row.image, ())
        return any(_is_same(plate.box_xywh, box) for plate in row.plates for box in wrong)


@cache
def load_corrections() -> LabelCorrections:
    """Read the corrections that ship with the package.

    Returns:
        Corrections to the collections that ``docs/model-card.md`` names.
    """
    shipped = files("edge_lpr.training").joinpath("label_corrections.json")
    content = json.loads(shipped.read_text(encoding="utf-8"))
    boxes = {
        image: tuple((left, top, width, height) for left, top, width, height in wrong)
        for image, wrong in content["boxes"].items()
    }
    return LabelCorrections(content["texts"], boxes)


def _is_same(one: BoxXywh, two: BoxXywh) -> bool:
    """Tell whether two boxes are one."""
    return all(abs(a - b) < _SAME_BOX_PX for a, b in zip(one, two, strict=True))
