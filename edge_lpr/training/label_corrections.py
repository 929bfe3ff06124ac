"""Corrects labels that are known to be wrong, for training.

``label_corrections.json`` names the pictures, their labelled texts, and what a person saw instead.
Figures are measured against the public labels as they are; audited ones are printed beside them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

from edge_lpr.training.dataset import BoxXywh, KnownPlates, PlateLabel, SceneRow

_Boxes: TypeAlias = Mapping[str, tuple[BoxXywh, ...]]
"""Boxes (left, top, width, height) by picture."""

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
    boxes: _Boxes
    """By picture: labelled boxes that enclose no plate, or not all of one."""
    signs: _Boxes = field(default_factory=dict)
    """What a detector took for a plate that nobody labelled, and a person saw to be none: names of
    makers, words on vans and buses, street signs, lamps."""
    validation_texts: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    """Wrong texts of the validation split, likewise; for the audited figures alone."""
    validation_boxes: _Boxes = field(default_factory=dict)
    """Wrong boxes of the validation split, likewise."""
    validation_plates: _Boxes = field(default_factory=dict)
    """Plates of the validation split that nobody labelled, or only by a wrong box."""

    def correct_texts(self, row: KnownPlates) -> KnownPlates:
        """Put the true texts in a row.

        Args:
            row: Plates of a picture, as labelled. Not modified.

        Returns:
            The row with true texts; None for texts that are not to be learnt, and for those whose
            box is wrong: what it cuts out would not show them.
        """
        known = self.texts.get(row.image, {})
        wrong = self.boxes.get(row.image, ())
        if not known and not wrong:
            return row
        plates = [
            (box, None if _is_among(box, wrong) or text is None else known.get(text, text))
            for box, text in row.plates
        ]
        return replace(row, plates=tuple(plates))

    def audit_boxes(self, row: SceneRow) -> SceneRow:
        """Put right the boxes of a photograph of the validation split.

        Args:
            row: Photograph, as labelled. Not modified.

        Returns:
            The row without wrong boxes and with the plates that nobody labelled.
        """
        wrong = self.validation_boxes.get(row.image, ())
        kept = [plate for plate in row.plates if not _is_among(plate.box_xywh, wrong)]
        added = [PlateLabel(b, None, None) for b in self.validation_plates.get(row.image, ())]
        return replace(row, plates=(*kept, *added))

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
        return any(_is_among(plate.box_xywh, wrong) for plate in row.plates)


@cache
def load_corrections() -> LabelCorrections:
    """Read the corrections that ship with the package.

    Returns:
        Corrections to the collections that ``docs/model-card.md`` names.
    """
    shipped = files("edge_lpr.training").joinpath("label_corrections.json")
    content = json.loads(shipped.read_text(encoding="utf-8"))
    return LabelCorrections(
        texts=content["texts"],
        boxes=_boxes_from(content["boxes"]),
        signs=_boxes_from(content["signs"]),
        validation_texts=content["validation_texts"],
        validation_boxes=_boxes_from(content["validation_boxes"]),
        validation_plates=_boxes_from(content["validation_plates"]),
    )


def _boxes_from(listed: Mapping[str, list[list[float]]]) -> _Boxes:
    """Turn lists of numbers into boxes."""
    return {
        image: tuple((left, top, width, height) for left, top, width, height in boxes)
        for image, boxes in listed.items()
    }


def _is_among(box: BoxXywh | None, wrong: Sequence[BoxXywh]) -> bool:
    """Tell whether a box is one of the wrong ones, whose numbers may be rounded otherwise."""
    return box is not None and any(
        all(abs(a - b) < _SAME_BOX_PX for a, b in zip(box, other, strict=True)) for other in wrong
    )
