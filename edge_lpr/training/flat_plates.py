"""Plates laid flat on sheets of one size, so that many of them fit one tensor.

A sheet keeps what is around the plate: whoever photographs it again needs that for corners which
are a little off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH
from edge_lpr.synthesis.pictures import GreyImage
from edge_lpr.training.reader_photographs import Sample

SHEET_PX: Final = (384, 160)
"""Width and height of a sheet."""

PLATE_PX: Final = (64.0, 32.0, 320.0, 128.0)
"""Left, top, right and bottom of the plate on it: a third more than the reader sees of a plate,
and a quarter to a third of its size around it. Edges, not middles of pixels."""


@dataclass(frozen=True, slots=True)
class FlatPlates:
    """Plates on sheets, and what is known of them."""

    sheets: torch.Tensor
    """Shape (N, 160, 384), uint8."""
    insides: torch.Tensor
    """Shape (N, 4), float32: left, top, right and bottom of what the picture showed, in sheet
    pixels; beyond it the sheet repeats its edge."""
    aspects: torch.Tensor
    """Shape (N,), float32: width over height of each plate."""
    classes: torch.Tensor
    """Shape (N, 12), int64: CTC classes of each text, and zeros behind it."""
    lengths: torch.Tensor
    """Shape (N,), int64: characters of each text."""

    def __len__(self) -> int:
        """Count the plates."""
        return len(self.sheets)


def lay_flat(samples: Sequence[Sample]) -> FlatPlates:
    """Lay plates flat; their corners must be those of a box, as all samples' are.

    Args:
        samples: One or more plates. Not modified.

    Returns:
        The plates, in memory of their own.
    """
    laid = [_sheet(sample) for sample in samples]
    sides = np.stack([sample.corners_px[2] - sample.corners_px[0] + 1 for sample in samples])
    classes = np.zeros((len(samples), MAX_PLATE_LENGTH), np.int64)
    for row, sample in zip(classes, samples, strict=True):
        row[: sample.classes.size] = sample.classes
    return FlatPlates(
        sheets=torch.from_numpy(np.stack([sheet for sheet, _ in laid])),
        insides=torch.tensor([inside for _, inside in laid], dtype=torch.float32),
        aspects=torch.from_numpy((sides[:, 0] / sides[:, 1]).astype(np.float32)),
        classes=torch.from_numpy(classes),
        lengths=torch.tensor([sample.classes.size for sample in samples]),
    )


def _sheet(sample: Sample) -> tuple[GreyImage, tuple[float, float, float, float]]:
    """Lay one plate on its sheet, and say where the picture ends on it."""
    rows, columns = sample.picture.shape
    # Corners are middles of pixels; what follows counts from edges.
    left, top = sample.corners_px[0]
    right, bottom = sample.corners_px[2] + 1
    across = (PLATE_PX[2] - PLATE_PX[0]) / float(right - left)
    down = (PLATE_PX[3] - PLATE_PX[1]) / float(bottom - top)
    picture = sample.picture
    fold = (max(1, int(1 / across)), max(1, int(1 / down)))
    if max(fold) > 1:
        # A warp looks at four pixels only, whatever the scale.
        blurred = cv2.blur(picture, fold, borderType=cv2.BORDER_REPLICATE)
        picture = blurred.astype(np.uint8, copy=False)
    x0, y0 = PLATE_PX[0] - across * float(left), PLATE_PX[1] - down * float(top)
    matrix = np.array(
        [[across, 0, x0 + across / 2 - 0.5], [0, down, y0 + down / 2 - 0.5]], np.float32
    )
    sheet = cv2.warpAffine(
        picture, matrix, SHEET_PX, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    inside = (x0, y0, x0 + across * columns, y0 + down * rows)
    return sheet.astype(np.uint8, copy=False), inside
