"""Makes a rectified plate the picture that the reader sees, alike for every engine."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import ReaderError
from edge_lpr.vision.contracts import BgrImage
from edge_lpr.vision.models import ReaderEntry


def gray_plate(plate_bgr: BgrImage, entry: ReaderEntry) -> NDArray[np.uint8]:
    """Take the colours off a plate.

    Args:
        plate_bgr: Rectified plate, shape (height, width, 3), uint8, BGR. Not modified.
        entry: The size that the reader takes.

    Returns:
        Grey values, shape (height, width), uint8, in memory of their own.

    Raises:
        ReaderError: The plate has another size.
    """
    wanted = (entry.height_px, entry.width_px, 3)
    if plate_bgr.shape != wanted:
        raise ReaderError(f"a plate has shape {plate_bgr.shape} instead of {wanted}")
    return np.asarray(cv2.cvtColor(plate_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
