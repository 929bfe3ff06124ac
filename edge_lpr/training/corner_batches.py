"""Draws what the corner network learns from: patches around plates, and around what is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.training.dataset import SceneRow, row_weight
from edge_lpr.training.detector_batches import Textures, with_random_light
from edge_lpr.training.detector_findings import Findings
from edge_lpr.training.detector_pasting import with_pasted_plates, with_pasted_things
from edge_lpr.training.detector_samples import (
    BOX_KNOWN,
    NOTHING_KNOWN,
    PlateTruth,
    sample_from,
)
from edge_lpr.training.pictures import PictureStore
from edge_lpr.vision.geometry import covered_share
from edge_lpr.vision.patch import PATCH_HEIGHT_PX, PATCH_WIDTH_PX, cut_patch

PASTED_SHARE: Final = 0.8
"""Share of photographs whose plates are replaced by such with known corners."""

THINGS_SHARE: Final = 0.6
"""Share of photographs that get things which are no plates."""

MOST_PLATES: Final = 3
MOST_OTHERS: Final = 3
"""Most patches with and without a plate from one photograph: decoding it costs as much as five."""

MIN_WIDTH_PX: Final = 18.0
"""Narrower plates show no corners."""

ALARMED_WEIGHT: Final = 2.0
"""How much more often a photograph with false alarms is drawn."""

BOX_SHIFT: Final = (0.07, 0.12)
BOX_GROWTH: Final = (0.14, 0.2)
"""Standard deviations of a detection's error: of its middle, in shares of the box's width and
height, and of the logarithm of its size."""

COARSE_SHARE: Final = 0.35
"""Share of patches that are made coarse, as far plates are."""

TOUCHING: Final = 0.1
"""A box that shares more with a plate is not "no plate"."""


@dataclass(frozen=True, slots=True)
class PatchBatch:
    """What one training step learns from."""

    pictures: NDArray[np.uint8]
    """Shape (N, 80, 160, 3), BGR."""
    corners: NDArray[np.float32]
    """Shape (N, 4, 2), in patch pixels; of a plate with a box only, the box's corners."""
    knowledge: NDArray[np.int64]
    """Shape (N,): what is known of the corners, as ``PlateTruth.knowledge``."""
    is_plate: NDArray[np.float32]
    """Shape (N,): 1 where there is a plate, else 0."""


class PatchSource:
    """Draws random batches of patches from labelled photographs."""

    def __init__(
        self,
        rows: Sequence[SceneRow],
        pictures: PictureStore,
        textures: Textures,
        findings: Findings,
    ) -> None:
        """Prepare the draw.

        Args:
            rows: Photographs to learn from, films already capped.
            pictures: Where the photographs are.
            textures: Flat plates, and things that are none, to paste.
            findings: What a detector found out about the photographs; may be nothing.
        """
        self._rows = rows
        self._pictures = pictures
        self._textures = textures
        self._findings = findings
        weights = np.array([row_weight(row) for row in rows])
        is_alarmed = np.array([row.image in findings.false_alarms for row in rows])
        weights *= np.where(is_alarmed, ALARMED_WEIGHT, 1.0)
        self._shares = weights / weights.sum()

    def draw(self, count: int, rng: np.random.Generator) -> PatchBatch:
        """Draw one batch.

        Args:
            count: Number of patches.
            rng: Source of chance.

        Returns:
            The batch.

        Raises:
            DataSetError: A photograph cannot be read.
        """
        drawn: list[tuple[BgrImage, PlateTruth | None]] = []
        while len(drawn) < count:
            drawn.extend(self._patches_of_one(rng))
        drawn = drawn[:count]
        nothing = np.zeros((4, 2), np.float32)
        return PatchBatch(
            pictures=np.stack([picture for picture, _ in drawn]),
            corners=np.stack([nothing if t is None else t.quad for _, t in drawn]),
            knowledge=np.array([NOTHING_KNOWN if t is None else t.knowledge for _, t in drawn]),
            is_plate=np.array([t is not None for _, t in drawn], np.float32),
        )

    def _patches_of_one(self, rng: np.random.Generator) -> list[tuple[BgrImage, PlateTruth | None]]:
        """Cut a few patches out of one photograph."""
        row = self._rows[int(rng.choice(len(self._rows), p=self._shares))]
        sample = sample_from(row, self._pictures.read(row.image))
        sample = self._findings.applied_to(sample, row.image)
        others = [
            np.array(box, np.float32) for box in self._findings.false_alarms.get(row.image, ())
        ]
        if happens(PASTED_SHARE, rng):
            sample = with_pasted_plates(sample, self._textures.plates, rng)
        if happens(THINGS_SHARE, rng):
            sample, things = with_pasted_things(sample, self._textures.things, rng)
            others = [*things, *others]
        if happens(0.5, rng):
            others.append(_random_box(sample.image_bgr, rng))
        others = [box for box in others if not _meets_plate(box, sample.truths)]
        wide = [t for t in sample.truths if t.box_xyxy[2] - t.box_xyxy[0] >= MIN_WIDTH_PX]
        patches: list[tuple[BgrImage, PlateTruth | None]] = [
            _plate_patch(sample.image_bgr, wide[place], rng)
            for place in rng.permutation(len(wide))[:MOST_PLATES]
        ]
        for place in rng.permutation(len(others))[:MOST_OTHERS]:
            picture = cut_patch(sample.image_bgr, _as_detected(others[place], rng)).picture_bgr
            patches.append((_seen(picture, rng), None))
        return patches


def _plate_patch(
    image_bgr: BgrImage, truth: PlateTruth, rng: np.random.Generator
) -> tuple[BgrImage, PlateTruth]:
    """Cut the patch around a plate that a detector found more or less exactly."""
    patch = cut_patch(image_bgr, _as_detected(truth.box_xyxy, rng))
    quad = patch.from_frame(truth.quad)
    limits = np.array([PATCH_WIDTH_PX, PATCH_HEIGHT_PX], np.float32)
    is_inside = bool(((quad >= 0) & (quad <= limits)).all())
    is_cut = truth.knowledge == BOX_KNOWN and _ends_at_edge(truth.box_xyxy, image_bgr)
    knowledge = truth.knowledge if is_inside and not is_cut else NOTHING_KNOWN
    picture = patch.picture_bgr
    if happens(0.3, rng):
        picture = np.ascontiguousarray(picture[:, ::-1])
        quad = quad[[1, 0, 3, 2]].copy()
        quad[:, 0] = PATCH_WIDTH_PX - quad[:, 0]
    return _seen(picture, rng), PlateTruth(truth.box_xyxy, quad, knowledge)


def _as_detected(box_xyxy: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Move and stretch a box as a detector errs."""
    size = box_xyxy[2:] - box_xyxy[:2]
    middle = (box_xyxy[2:] + box_xyxy[:2]) / 2 + rng.normal(0, BOX_SHIFT) * size
    half = size / 2 * np.exp(rng.normal(0, BOX_GROWTH))
    return np.concatenate([middle - half, middle + half]).astype(np.float32)


def _seen(picture_bgr: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Make a patch coarse at times, and put it into another light."""
    if happens(COARSE_SHARE, rng):
        factor = float(rng.uniform(0.25, 0.8))
        size = (round(PATCH_WIDTH_PX * factor), round(PATCH_HEIGHT_PX * factor))
        small = cv2.resize(picture_bgr, size, interpolation=cv2.INTER_AREA)
        whole = (PATCH_WIDTH_PX, PATCH_HEIGHT_PX)
        picture_bgr = np.asarray(cv2.resize(small, whole, interpolation=cv2.INTER_LINEAR), np.uint8)
    return with_random_light(picture_bgr, rng)


def _random_box(image_bgr: BgrImage, rng: np.random.Generator) -> Quad:
    """Draw a box of a plate's shape anywhere."""
    height, width = image_bgr.shape[:2]
    box_width = float(np.exp(rng.uniform(np.log(MIN_WIDTH_PX), np.log(0.5 * width))))
    half = np.array([box_width, box_width / rng.uniform(1.2, 5.0)]) / 2
    middle = np.array([rng.uniform(0, width), rng.uniform(0, height)])
    return np.concatenate([middle - half, middle + half]).astype(np.float32)


def _meets_plate(box_xyxy: NDArray[np.float32], truths: Sequence[PlateTruth]) -> bool:
    """Tell whether a box touches a plate."""
    return any(covered_share(box_xyxy, truth.box_xyxy) > TOUCHING for truth in truths)


def _ends_at_edge(box_xyxy: NDArray[np.float32], image_bgr: BgrImage) -> bool:
    """Tell whether the photograph's edge may cut a labelled plate."""
    height, width = image_bgr.shape[:2]
    return bool((box_xyxy[:2] < 1).any() or box_xyxy[2] > width - 1 or box_xyxy[3] > height - 1)
