"""How many plates of the validation split the reader reads, by group."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage, GreyImage
from edge_lpr.training.dataset import load_known_plates
from edge_lpr.training.pictures import read_picture
from edge_lpr.training.reader_augment import flatten_exactly
from edge_lpr.training.reader_labels import decode_logits, encode_text, fold_classes
from edge_lpr.training.reader_photographs import group_of
from edge_lpr.training.reader_samples import to_reader_input
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.rectify import RECTIFIED_MARGIN


@dataclass(frozen=True, slots=True)
class ValidationSet:
    """Plates that no training step has seen."""

    pictures: GreyImage
    """Shape (N, 64, 192), uint8."""
    classes: tuple[NDArray[np.uint8], ...]
    """CTC classes of each text."""
    groups: tuple[str, ...]
    """Group of each; those cut out of scenes start with ``scene-``."""


@dataclass(frozen=True, slots=True)
class Score:
    """Plates read exactly."""

    plates: int
    """How many were to be read."""
    exact: int
    """How many were read exactly."""
    folded: int
    """How many were read exactly but for O as 0 and I as 1."""


def load_validation(labels: Path, pictures: Path) -> ValidationSet:
    """Read the validation split: crops as they are, scenes by their boxes with a margin.

    Args:
        labels: Folder of ``crops.jsonl`` and ``scenes-val.jsonl``; either may be missing.
        pictures: Folder that their ``image`` fields are relative to.

    Returns:
        The plates that have a text; may be none.

    Raises:
        DataSetError: A label file or a picture cannot be read.
    """
    plates = [
        *_flat_plates(labels / "crops.jsonl", pictures, split="val", prefix=""),
        *_flat_plates(labels / "scenes-val.jsonl", pictures, split=None, prefix="scene-"),
    ]
    stacked = (
        np.stack([plate[0] for plate in plates]) if plates else np.zeros((0, 64, 192), np.uint8)
    )
    return ValidationSet(stacked, tuple(p[1] for p in plates), tuple(p[2] for p in plates))


def _flat_plates(
    labels: Path, pictures: Path, *, split: str | None, prefix: str
) -> Iterator[tuple[GreyImage, NDArray[np.uint8], str]]:
    """Flatten the plates of one label file, each with its classes and group."""
    for row in load_known_plates(labels, split=split) if labels.exists() else []:
        named = [(box, encode_text(text)) for box, text in row.plates if text]
        picture_bgr = read_picture(pictures / row.image) if named else None
        for box, classes in named:
            if picture_bgr is not None and classes is not None:
                yield _flat(picture_bgr, box), classes, prefix + group_of(row.table)


def _flat(picture_bgr: BgrImage, box_xywh: tuple[float, float, float, float] | None) -> GreyImage:
    """Flatten the plate in a box with the device's margin, or squash the whole picture."""
    height, width = picture_bgr.shape[:2]
    x, y, width_px, height_px = box_xywh or (0.0, 0.0, max(1, width - 1), max(1, height - 1))
    box = np.array([x, y, x + width_px, y + height_px], np.float32)
    margin = RECTIFIED_MARGIN if box_xywh else 0.0
    return flatten_exactly(picture_bgr, quad_of_box(box), margin)


@torch.inference_mode()
def read_all(
    model: torch.nn.Module, pictures: GreyImage, batch_size: int = 64
) -> list[NDArray[np.uint8]]:
    """Read many plates.

    Args:
        model: Network in evaluation mode.
        pictures: Shape (N, 64, 192), uint8.
        batch_size: Plates at a time.

    Returns:
        CTC classes of each text.
    """
    device = next(model.parameters()).device
    readings: list[NDArray[np.uint8]] = []
    for start in range(0, len(pictures), batch_size):
        batch = torch.from_numpy(to_reader_input(pictures[start : start + batch_size]))
        logits = model(batch.to(device)).float().cpu().numpy()
        readings += [decode_logits(plate_logits) for plate_logits in logits]
    return readings


def score(
    readings: Sequence[NDArray[np.uint8]],
    classes: Sequence[NDArray[np.uint8]],
    groups: Sequence[str],
) -> dict[str, Score]:
    """Count plates read exactly.

    Args:
        readings: CTC classes that were read.
        classes: CTC classes of the true texts.
        groups: Group of each plate.

    Returns:
        Scores by group, and of ``all``.
    """
    counts: dict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for reading, truth, group in zip(readings, classes, groups, strict=True):
        exact = np.array_equal(reading, truth)
        folded = np.array_equal(fold_classes(reading), fold_classes(truth))
        for name in (group, "all"):
            plates, all_exact, all_folded = counts[name]
            counts[name] = (plates + 1, all_exact + exact, all_folded + folded)
    return {name: Score(*count) for name, count in sorted(counts.items())}
