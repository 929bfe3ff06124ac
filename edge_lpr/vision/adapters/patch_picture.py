"""Makes patches what the corner network takes, and findings of what it puts out, for any engine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import CornerError
from edge_lpr.vision.contracts import BgrImage, PatchFinding
from edge_lpr.vision.patch import PATCH_HEIGHT_PX, PATCH_WIDTH_PX

_SHAPE = (PATCH_HEIGHT_PX, PATCH_WIDTH_PX, 3)


def as_input(patches_bgr: Sequence[BgrImage]) -> NDArray[np.float32]:
    """Stack patches for the network.

    Args:
        patches_bgr: At least one, each of shape (80, 160, 3), uint8, BGR. Not modified.

    Returns:
        Shape (N, 3, 80, 160), float32, RGB in [0, 1], in memory of its own.

    Raises:
        CornerError: A patch has another size.
    """
    for patch_bgr in patches_bgr:
        if patch_bgr.shape != _SHAPE:
            raise CornerError(f"a patch has the shape {patch_bgr.shape} instead of {_SHAPE}")
    planes = np.stack(patches_bgr)[..., ::-1].transpose(0, 3, 1, 2)
    scaled: NDArray[np.float32] = planes * np.float32(1 / 255)
    return np.ascontiguousarray(scaled)


def findings_from(
    corners: NDArray[np.float32], odds: NDArray[np.float32], count: int
) -> list[PatchFinding]:
    """Make findings of the network's output.

    Args:
        corners: Shape (N, 4, 2), float32, in patch pixels. Not modified.
        odds: Shape (N,), float32, log-odds of being a plate. Not modified.
        count: Patches that were looked at.

    Returns:
        One finding a patch, in memory of its own.

    Raises:
        CornerError: The output has another shape, or is no number.
    """
    if corners.shape != (count, 4, 2) or odds.shape != (count,):
        raise CornerError(
            f"the output has the shapes {corners.shape} and {odds.shape} "
            f"instead of {(count, 4, 2)} and {(count,)}"
        )
    if not (np.isfinite(corners).all() and np.isfinite(odds).all()):
        raise CornerError("the output is no number")
    confidences = 1 / (1 + np.exp(-np.clip(odds.astype(np.float64), -30, 30)))
    return [
        PatchFinding(quad.astype(np.float32), float(confidence))
        for quad, confidence in zip(corners, confidences, strict=True)
    ]
