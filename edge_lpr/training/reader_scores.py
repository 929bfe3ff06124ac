"""How many plates of the validation split the reader reads, by source."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import GreyImage
from edge_lpr.training.reader_augment import READER_SIZE_PX
from edge_lpr.training.reader_samples import (
    SOURCE_GROUPS,
    cut_plate,
    encode_text,
    read_rows,
    to_reader_input,
)

_FOLD = np.arange(37, dtype=np.uint8)
_FOLD[ord("O") - 54] = 1
_FOLD[ord("I") - 54] = 2
_DEVICE_MARGIN = 0.04
"""What the device leaves around a plate when it flattens it."""


@dataclass(frozen=True, slots=True)
class ValidationSet:
    """Plates that no training step has seen."""

    pictures: GreyImage
    """Shape (N, 64, 192), uint8."""
    labels: tuple[NDArray[np.uint8], ...]
    """CTC classes."""
    groups: tuple[str, ...]
    """Source of each."""


def load_validation(data: Path, pictures: Path) -> ValidationSet:
    """Read the validation split: crops as they are, scenes by their boxes with a margin.

    Args:
        data: Folder of ``crops.jsonl`` and ``scenes-val.jsonl``.
        pictures: Folder that their ``image`` fields are relative to.

    Returns:
        The plates that have a text.
    """
    rows = [
        (row["image"], row["text"], None, "")
        for row in read_rows(data / "crops.jsonl")
        if row["split"] == "val"
    ] + [
        (row["image"], plate["text"], plate["box"], "scene_")
        for row in read_rows(data / "scenes-val.jsonl")
        for plate in row["plates"]
        if plate["text"]
    ]
    seen: list[GreyImage] = []
    labels: list[NDArray[np.uint8]] = []
    groups: list[str] = []
    for image, text, box, prefix in rows:
        picture = cv2.imread(str(pictures / image), cv2.IMREAD_GRAYSCALE)
        label = encode_text(text)
        if picture is None or label is None:
            continue
        seen.append(_flat(picture.astype(np.uint8, copy=False), box))
        labels.append(label)
        groups.append(prefix + SOURCE_GROUPS[image.split("/")[0]])
    return ValidationSet(np.stack(seen), tuple(labels), tuple(groups))


def _flat(picture: GreyImage, box: list[float] | None) -> GreyImage:
    """Squash a crop, or a box with the device's margin, to the reader's size."""
    if box is not None:
        cut, corners = cut_plate(picture, box)
        (x0, y0), (x1, y1) = corners[0], corners[2] + 1
        dx, dy = _DEVICE_MARGIN * (x1 - x0), _DEVICE_MARGIN * (y1 - y0)
        picture = cut[
            max(0, round(y0 - dy)) : round(y1 + dy), max(0, round(x0 - dx)) : round(x1 + dx)
        ]
    return cv2.resize(picture, READER_SIZE_PX, interpolation=cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    )


def decode(logits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Read CTC scores greedily.

    Args:
        logits: Shape (T, 37).

    Returns:
        Classes 1 to 36 in order.
    """
    best = logits.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=0) != 0)
    runs = best[starts].astype(np.uint8)
    read: NDArray[np.uint8] = runs[runs > 0]
    return read


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
        Classes of each.
    """
    device = next(model.parameters()).device
    readings: list[NDArray[np.uint8]] = []
    for start in range(0, len(pictures), batch_size):
        batch = torch.from_numpy(to_reader_input(pictures[start : start + batch_size])).to(device)
        readings += [decode(logits) for logits in model(batch).float().cpu().numpy()]
    return readings


def score(
    readings: list[NDArray[np.uint8]], validation: ValidationSet
) -> dict[str, tuple[int, int, int]]:
    """Count plates read exactly.

    Args:
        readings: What was read, in the set's order.
        validation: The truth.

    Returns:
        For each source and ``all``: plates, exact ones, exact ones with O = 0 and I = 1.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for reading, label, group in zip(readings, validation.labels, validation.groups, strict=True):
        exact = np.array_equal(reading, label)
        folded = np.array_equal(_FOLD[reading], _FOLD[label])
        for name in (group, "all"):
            for slot, hit in enumerate((True, exact, folded)):
                counts[name][slot] += hit
    return {name: (c[0], c[1], c[2]) for name, c in sorted(counts.items())}
