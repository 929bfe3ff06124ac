"""Measures how exactly the detector finds corners, on pasted plates it has never seen.

``python -m edge_lpr.training.corner_evaluation --data D [--pictures P]``. Photographs have boxes
only, so corners can be measured in made scenes alone: drawn plates in validation photographs.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.training.dataset import load_crops, load_scenes
from edge_lpr.training.detector_pasting import with_pasted_plates
from edge_lpr.training.detector_samples import CORNERS_KNOWN, Sample, sample_from
from edge_lpr.training.detector_textures import TIGHT_CROP_TABLES, draw_plates
from edge_lpr.training.measures import Proportion, match_boxes
from edge_lpr.training.pictures import read_picture
from edge_lpr.vision.contracts import PlateDetector
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.geometry import plate_size_px

SEED: Final = 20_260
"""Start of the random sequence; training starts from step numbers, which are smaller."""

DRAWN_PLATES: Final = 300
"""Drawn plates beside the real crops of the validation split."""

WIDTHS_PX: Final = (16, 40, 80, 160, 1280)
"""Limits of the groups of plate widths, in pixels of the photograph as stored."""


@dataclass(frozen=True, slots=True)
class CornerOutcome:
    """What became of the corners of one pasted plate."""

    width_px: float
    """Width of the plate as it appears."""
    error_px: float | None
    """Mean distance of the four corners; None if the plate was not detected."""
    error_share: float | None
    """The same as a share of the plate's height."""


def corner_outcomes(detector: PlateDetector, samples: Sequence[Sample]) -> list[CornerOutcome]:
    """Detect pasted plates and measure their corners.

    Args:
        detector: Finds plates.
        samples: Photographs with plates whose corners are known.

    Returns:
        One outcome for each such plate.

    Raises:
        DetectorError: The detector failed.
    """
    outcomes = []
    for sample in samples:
        detections = detector.detect(sample.image_bgr)
        truths = [t for t in sample.truths if t.knowledge == CORNERS_KNOWN]
        boxes = [truth.box_xyxy for truth in truths]
        pairs = match_boxes([detection.box_xyxy for detection in detections], boxes)
        found_by = {truth_index: found_index for found_index, truth_index in pairs.items()}
        for index, truth in enumerate(truths):
            width_px, height_px = plate_size_px(truth.quad)
            error_px = error_share = None
            if index in found_by:
                quad = detections[found_by[index]].quad_frame_px
                error_px = float(np.linalg.norm(quad - truth.quad, axis=1).mean())
                error_share = error_px / height_px
            outcomes.append(CornerOutcome(width_px, error_px, error_share))
    return outcomes


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.corner_evaluation")
    parser.add_argument("--data", type=Path, required=True, help="folder of the label files")
    parser.add_argument("--pictures", type=Path, help="folder of the pictures (DATA)")
    parser.add_argument("--models", type=Path, help="folder of models (those of the package)")
    arguments = parser.parse_args(argv)
    try:
        samples = _make_samples(arguments.data, arguments.pictures or arguments.data)
        nowhere = SourceSection(kind="folder", address=".")
        engine = load_engine(VisionSection(source=nowhere, models_folder=arguments.models))
        _print(corner_outcomes(engine.detector, samples))
    except (EdgeLprError, OSError) as error:
        print(f"corner_evaluation: {error}", file=sys.stderr)
        return 2
    return 0


def _make_samples(data: Path, pictures: Path) -> list[Sample]:
    """Paste unseen plates into the validation photographs."""
    rng = np.random.default_rng(SEED)
    textures = draw_plates(DRAWN_PLATES, data, rng)
    for crop in load_crops(data / "crops.jsonl"):
        if crop.split == "val" and crop.table in TIGHT_CROP_TABLES:
            textures.append(read_picture(pictures / crop.image))
    samples = []
    for row in load_scenes(data / "scenes-val.jsonl"):
        sample = sample_from(row, read_picture(pictures / row.image))
        samples.append(with_pasted_plates(sample, textures, rng))
    return samples


def _print(outcomes: Sequence[CornerOutcome]) -> None:
    """Print one line for each group of widths, and one for all."""
    for low, high in [*itertools.pairwise(WIDTHS_PX), (WIDTHS_PX[0], WIDTHS_PX[-1])]:
        group = [o for o in outcomes if low <= o.width_px < high]
        found = Proportion(sum(o.error_px is not None for o in group), len(group))
        pixels = [o.error_px for o in group if o.error_px is not None]
        shares = [o.error_share for o in group if o.error_share is not None]
        print(
            f"{low:4d} to {high:4d} px wide: {found.hits:3d} / {found.total:<3d} found;"
            f" corner error median {_at(pixels, 50):.2f} px, nine in ten {_at(pixels, 90):.2f} px;"
            f" of the height {_at(shares, 50):.1%}, {_at(shares, 90):.1%}"
        )


def _at(values: Sequence[float], percentile: float) -> float:
    """Take a percentile; 0 of nothing."""
    array: NDArray[np.float64] = np.asarray(values, np.float64)
    return float(np.percentile(array, percentile)) if len(array) else 0.0


if __name__ == "__main__":
    sys.exit(main())
