"""Batches for the reader: half photographs, half drawn plates, by fixed shares of sources."""

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.formats import FORMATS, draw_printed_text, draw_vanity_text
from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.pictures import GreyImage, Quad
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.styles import UNITED_STATES
from edge_lpr.training.reader_augment import (
    PHOTOGRAPHED,
    RENDERED,
    Roughness,
    photograph,
)
from edge_lpr.training.typefaces import load_typefaces

SOURCE_GROUPS = {
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
"""Group of each folder of photographs, as the figures are given."""

PHOTOGRAPH_SHARES = {
    "us": 0.24,
    "eu": 0.22,
    "eu_two_line": 0.07,
    "street": 0.23,
    "ro": 0.08,
    "br": 0.10,
    "ar": 0.04,
    "in": 0.02,
}
"""Share of each group among the photographs of a batch."""

RENDERED_SHARES = {
    "us": 0.36,
    "eu": 0.28,
    "gb": 0.07,
    "ro": 0.04,
    "br": 0.09,
    "ar": 0.05,
    "in": 0.05,
    "world": 0.06,
}
"""Share of each group of formats among the drawn plates."""

_HERSHEY_SHARE = 0.2
_VANITY_SHARE = 0.4
_BLANK_SHARE = 0.75
_MOST_OF_ONE_PLATE = 6
"""Romanian photographs are frames of a film: more of one car than this teach that car by heart."""


@dataclass(frozen=True, slots=True, repr=False)
class Sample:
    """A plate to photograph."""

    picture: GreyImage
    """Plate with some surroundings, shape (H, W), uint8."""
    corners_px: Quad
    """The plate's corners in it."""
    labels: NDArray[np.uint8]
    """Classes of its text, 1 to 36; 0 is CTC's blank."""
    roughness: Roughness
    """How strongly to change it."""


def encode_text(text: str) -> NDArray[np.uint8] | None:
    """Turn a label into CTC classes.

    Args:
        text: Label as it stands in a data set; accents are dropped, separators too.

    Returns:
        Classes 1 to 36, or ``None`` for a text that no plate has.
    """
    plain = unicodedata.normalize("NFKD", text.upper())
    letters = [c for c in plain if c.isascii() and c.isalnum()]
    if not 2 <= len(letters) <= 12:  # noqa: PLR2004 - the alphabet's limits
        return None
    return np.array([ord(c) - 47 if c.isdigit() else ord(c) - 54 for c in letters], np.uint8)


class Photographs:
    """All photographs with text of the training split, in memory."""

    def __init__(self, data: Path, pictures: Path) -> None:
        """Read them.

        Args:
            data: Folder of ``crops.jsonl`` and ``scenes-train.jsonl``.
            pictures: Folder that their ``image`` fields are relative to.
        """
        self._groups: dict[str, list[Sample]] = defaultdict(list)
        for row in read_rows(data / "crops.jsonl"):
            if row["split"] == "train":
                self._add(row["image"], row["text"], None, pictures)
        for row in read_rows(data / "scenes-train.jsonl"):
            for plate in row["plates"]:
                if plate["text"]:
                    self._add(row["image"], plate["text"], plate["box"], pictures)
        self._romania = _thin(self._groups["ro"])

    def _add(self, image: str, text: str, box: list[float] | None, pictures: Path) -> None:
        """Add one plate if it can be read at all."""
        labels = encode_text(text)
        picture = cv2.imread(str(pictures / image), cv2.IMREAD_GRAYSCALE)
        if labels is None or picture is None:
            return
        cut, corners = cut_plate(picture.astype(np.uint8, copy=False), box)
        if corners[2, 1] - corners[0, 1] >= 9:  # noqa: PLR2004 - nobody can read less
            group = SOURCE_GROUPS[image.split("/", maxsplit=1)[0]]
            self._groups[group].append(Sample(cut, corners, labels, PHOTOGRAPHED))

    def draw(self, rng: np.random.Generator) -> Sample:
        """Draw one, group first."""
        names = list(PHOTOGRAPH_SHARES)
        group = names[rng.choice(len(names), p=np.array(list(PHOTOGRAPH_SHARES.values())))]
        samples = self._romania if group == "ro" else self._groups[group]
        return samples[rng.integers(len(samples))]


def read_rows(path: Path) -> Iterator[dict]:  # type: ignore[type-arg]
    """Read a label file row by row."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def cut_plate(picture: GreyImage, box: list[float] | None) -> tuple[GreyImage, Quad]:
    """Cut a plate and a third of its size around it out of a photograph.

    Args:
        picture: Photograph, shape (H, W), uint8.
        box: Plate as x, y, width, height in pixels; ``None`` when the picture is the plate.

    Returns:
        The piece, in memory of its own, and the box's corners in it.
    """
    height, width = picture.shape
    x, y, w, h = box or (0.0, 0.0, float(width), float(height))
    x0, y0 = max(0, round(x - 0.3 * w)), max(0, round(y - 0.3 * h))
    x1, y1 = min(width, round(x + 1.3 * w)), min(height, round(y + 1.3 * h))
    left, top, right, bottom = x - x0, y - y0, x + w - x0 - 1, y + h - y0 - 1
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return picture[y0:y1, x0:x1].copy(), corners


def _thin(samples: list[Sample]) -> list[Sample]:
    """Keep at most six photographs of one plate, evenly spread."""
    by_text: dict[bytes, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_text[sample.labels.tobytes()].append(sample)
    kept: list[Sample] = []
    for same in by_text.values():
        step = max(1.0, len(same) / _MOST_OF_ONE_PLATE)
        kept += [same[int(i * step)] for i in range(min(len(same), _MOST_OF_ONE_PLATE))]
    return kept


class RenderedPool:
    """Drawn plates, a few of them replaced before every batch."""

    def __init__(self, data: Path, rng: np.random.Generator, size: int = 3000) -> None:
        """Load typefaces and blank plates; the pool fills as it is used.

        Args:
            data: Folder that may hold ``fonts`` and ``us-blank-plates``.
            rng: Where the randomness comes from.
            size: Plates kept.
        """
        fonts = data / "fonts"
        self._typefaces = load_typefaces(fonts if fonts.is_dir() else None)
        blanks = [
            cv2.imread(str(path)) for path in sorted((data / "us-blank-plates").glob("*.jpg"))
        ]
        usable = tuple(blank.astype(np.uint8, copy=False) for blank in blanks if blank is not None)
        self._blank_style = replace(UNITED_STATES, blanks=usable)
        self._rng = rng
        self._size = size
        self._samples: list[Sample] = []

    def draw_many(self, count: int, fresh: int) -> list[Sample]:
        """Draw plates, after rendering some new ones.

        Args:
            count: Plates to draw.
            fresh: New ones to render; they are among those drawn.

        Returns:
            Samples, shared with the pool.
        """
        new = [self._render() for _ in range(min(fresh, count))]
        wanted = count - len(new) if self._samples else 0
        old = [self._samples[self._rng.integers(len(self._samples))] for _ in range(wanted)]
        for sample in new:
            if len(self._samples) < self._size:
                self._samples.append(sample)
            else:
                self._samples[self._rng.integers(self._size)] = sample
        return new + old

    def _render(self) -> Sample:
        """Render one plate of a random format."""
        rng = self._rng
        names = list(RENDERED_SHARES)
        group = names[rng.choice(len(names), p=np.array(list(RENDERED_SHARES.values())))]
        plate_format = FORMATS[group][rng.integers(len(FORMATS[group]))]
        style = plate_format.styles[rng.integers(len(plate_format.styles))]
        vanity = group == "us" and happens(_VANITY_SHARE, rng)
        printed = draw_vanity_text(rng) if vanity else draw_printed_text(plate_format, rng)
        if style is UNITED_STATES and self._blank_style.blanks and happens(_BLANK_SHARE, rng):
            style = self._blank_style
        height_px = int(rng.integers(56, 112))
        plate = render_plate(printed, style, self._typeface(rng), rng, height_px=height_px)
        labels = encode_text(plate.text)
        if labels is None:
            return self._render()
        grey = cv2.cvtColor(plate.picture_bgr, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
        return Sample(grey, plate.corners_px, labels, RENDERED)

    def _typeface(self, rng: np.random.Generator) -> Typeface:
        """Draw a typeface: OpenCV's own in a fixed share, as the demonstration is set in them."""
        hershey = happens(_HERSHEY_SHARE, rng)
        names = [n for n in self._typefaces if n.startswith("hershey-") == hershey]
        return self._typefaces[names[rng.integers(len(names))] if names else "hershey-simplex-0.14"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one training step learns from."""

    pictures: NDArray[np.float32]
    """Shape (N, 1, 64, 192), in [-1, 1]."""
    labels: NDArray[np.int64]
    """All labels one after the other, CTC classes."""
    lengths: NDArray[np.int64]
    """Shape (N,), label lengths."""


def make_batch(
    photographs: Photographs, pool: RenderedPool, rng: np.random.Generator, *, size: int, fresh: int
) -> Batch:
    """Prepare a batch, half photographs and half drawn plates.

    Args:
        photographs: Real plates.
        pool: Drawn plates.
        rng: Where the randomness comes from.
        size: Plates in the batch.
        fresh: Plates to draw anew for it.

    Returns:
        The batch.
    """
    samples = [photographs.draw(rng) for _ in range(size // 2)]
    samples += pool.draw_many(size - len(samples), fresh)
    seen = np.stack([photograph(s.picture, s.corners_px, s.roughness, rng) for s in samples])
    return Batch(
        pictures=to_reader_input(seen),
        labels=np.concatenate([s.labels for s in samples]).astype(np.int64),
        lengths=np.array([s.labels.size for s in samples], np.int64),
    )


def to_reader_input(pictures: GreyImage) -> NDArray[np.float32]:
    """Scale grey plates, shape (N, 64, 192), to the network's input range."""
    return ((pictures.astype(np.float32) / 255.0 - 0.5) / 0.5)[:, None]
