"""Real plates to train the reader on, grouped so that each kind gets its share."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.pictures import BgrImage, GreyImage, Quad
from edge_lpr.training.dataset import KnownPlates, load_known_plates
from edge_lpr.training.label_corrections import load_corrections
from edge_lpr.training.pictures import read_picture
from edge_lpr.training.reader_augment import PHOTOGRAPHED, Roughness
from edge_lpr.training.reader_labels import encode_text

SOURCE_GROUPS: Final = {
    "bench_usocr": "us",
    "eu_crops": "eu",
    "eu2_crops": "eu_two_line",
    "brazil_crops": "br",
    "argentina_crops": "ar",
    "romania_rl": "ro",
    "alwyn_in": "in",
    "cars433": "street",
    "openimages_plates": "street",
    "renan_rxg4e": "street",
}
"""Group of each collection; a collection that is not here is a group of its own."""

_SHARES: Final = {
    "us": 0.24,
    "eu": 0.22,
    "eu_two_line": 0.07,
    "street": 0.23,
    "ro": 0.08,
    "br": 0.10,
    "ar": 0.04,
    "in": 0.02,
}
"""Share of each group: by how much its goal asks for, not by how many pictures there are."""

_OTHER_SHARE: Final = 0.20
"""Share of a group that is not listed: whoever adds pictures wants them learnt."""

_MOST_OF_ONE_PLATE: Final = 6
"""More photographs of one plate, as films have them, teach that plate by heart."""

_LEAST_HEIGHT_PX: Final = 9
"""Nobody can read a plate that is lower."""


@dataclass(frozen=True, slots=True, repr=False)
class Sample:
    """A plate to photograph again."""

    picture: GreyImage
    """Plate with some surroundings, shape (H, W), uint8."""
    corners_px: Quad
    """The plate's corners in it."""
    classes: NDArray[np.uint8]
    """CTC classes of its text."""
    roughness: Roughness
    """How strongly to change it."""


class Photographs:
    """Photographed plates with text, in memory, drawn by their groups' shares."""

    def __init__(self, groups: dict[str, list[Sample]]) -> None:
        """Take plates by group; empty groups are left out.

        Args:
            groups: Plates of each group; ``load_photographs`` reads them.
        """
        self._groups = {name: _thin(samples) for name, samples in sorted(groups.items()) if samples}
        shares = np.array([_SHARES.get(name, _OTHER_SHARE) for name in self._groups])
        self._bounds = np.cumsum(shares) / max(float(shares.sum()), 1e-9)

    def __len__(self) -> int:
        """Count the plates."""
        return sum(len(samples) for samples in self._groups.values())

    def draw(self, rng: np.random.Generator) -> Sample:
        """Draw one plate, its group first.

        Args:
            rng: Where the randomness comes from.

        Returns:
            The plate, shared and not to be written to.
        """
        chosen = int(np.searchsorted(self._bounds, rng.random(), side="right"))
        samples = list(self._groups.values())[min(chosen, len(self._groups) - 1)]
        return samples[rng.integers(len(samples))]

    def with_shares(self) -> Iterator[tuple[Sample, float]]:
        """List the plates with how often ``draw`` draws each.

        Yields:
            A plate, shared and not to be written to, and its share of all draws.
        """
        group_shares = np.diff(self._bounds, prepend=0.0)
        for samples, share in zip(self._groups.values(), group_shares, strict=True):
            for sample in samples:
                yield sample, float(share) / len(samples)


def load_photographs(labels: Path, pictures: Path) -> Photographs:
    """Read every plate with text of the training split, known wrong labels put right.

    Args:
        labels: Folder of ``crops.jsonl`` and ``scenes-train.jsonl``; either may be missing.
        pictures: Folder that their ``image`` fields are relative to.

    Returns:
        The plates.

    Raises:
        DataSetError: A label file or a picture cannot be read, or a box lies outside its picture.
    """
    corrections = load_corrections()
    groups: dict[str, list[Sample]] = defaultdict(list)
    for labelled in [
        *_load_if_there(labels / "crops.jsonl", split="train"),
        *_load_if_there(labels / "scenes-train.jsonl", split=None),
    ]:
        row = corrections.correct_texts(labelled)
        if any(text for _, text in row.plates):
            picture = read_picture(pictures / row.image)
            try:
                groups[group_of(row.table)] += _samples(picture, row.plates)
            except ValueError as error:
                raise DataSetError(f"{row.image}: {error}; correct its label.") from error
    return Photographs(groups)


def group_of(table: str) -> str:
    """Name the group of a collection.

    Args:
        table: First folder of a row's picture path.

    Returns:
        The group.
    """
    return SOURCE_GROUPS.get(table, table)


def _load_if_there(path: Path, *, split: str | None) -> list[KnownPlates]:
    """Read a label file; whoever trains on one kind of picture alone has only one of them."""
    return load_known_plates(path, split=split) if path.exists() else []


def cut_plate(
    picture_bgr: BgrImage, box_xywh: tuple[float, float, float, float] | None
) -> tuple[GreyImage, Quad]:
    """Cut a plate and a third of its size around it out of a photograph.

    Args:
        picture_bgr: Photograph, shape (H, W, 3), uint8. Not modified.
        box_xywh: The plate's left, top, width and height; ``None`` where the picture is the plate.

    Returns:
        The piece in grey, in memory of its own, and the box's corners in it.

    Raises:
        ValueError: The box lies outside the photograph.
    """
    height, width = picture_bgr.shape[:2]
    x, y, w, h = box_xywh or (0.0, 0.0, float(width), float(height))
    x0, y0 = max(0, round(x - 0.3 * w)), max(0, round(y - 0.3 * h))
    x1, y1 = min(width, round(x + 1.3 * w)), min(height, round(y + 1.3 * h))
    if x0 >= x1 or y0 >= y1:
        raise ValueError("a box lies outside the picture")
    left, top, right, bottom = x - x0, y - y0, x + w - x0 - 1, y + h - y0 - 1
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    grey = cv2.cvtColor(picture_bgr[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY)
    return grey.astype(np.uint8, copy=False), corners


def _samples(
    picture_bgr: BgrImage,
    plates: Sequence[tuple[tuple[float, float, float, float] | None, str | None]],
) -> list[Sample]:
    """Cut the plates that can be read at all out of a photograph."""
    samples: list[Sample] = []
    for box_xywh, text in plates:
        classes = encode_text(text or "")
        if classes is not None and (box_xywh is None or box_xywh[3] > _LEAST_HEIGHT_PX):
            cut, corners = cut_plate(picture_bgr, box_xywh)
            samples.append(Sample(cut, corners, classes, PHOTOGRAPHED))
    return samples


def _thin(samples: Sequence[Sample]) -> list[Sample]:
    """Keep at most six photographs of one plate, evenly spread."""
    same_plate: dict[bytes, list[Sample]] = defaultdict(list)
    for sample in samples:
        same_plate[sample.classes.tobytes()].append(sample)
    kept: list[Sample] = []
    for same in same_plate.values():
        count = min(len(same), _MOST_OF_ONE_PLATE)
        kept += [same[i * len(same) // count] for i in range(count)]
    return kept
