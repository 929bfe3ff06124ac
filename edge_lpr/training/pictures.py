"""Reads picture files, and puts many pictures on one sheet for a person to look at."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.pictures import BgrImage


def read_picture(path: Path) -> BgrImage:
    """Read a picture file.

    Args:
        path: JPEG or PNG file.

    Returns:
        Picture, shape (H, W, 3), uint8, BGR.

    Raises:
        DataSetError: There is no readable picture.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataSetError(f"{path} is not a readable picture; check --data.")
    return picture.astype(np.uint8, copy=False)


def contact_sheet(pictures: Sequence[BgrImage], columns: int, cell_px: tuple[int, int]) -> BgrImage:
    """Put pictures side by side, so that a person can look at many.

    Args:
        pictures: Any number.
        columns: Pictures in a row.
        cell_px: Width and height that each is fitted into.

    Returns:
        One picture.
    """
    width, height = cell_px
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    for index, picture in enumerate(pictures):
        scale = min(width / picture.shape[1], height / picture.shape[0])
        size = (max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale)))
        fitted = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        top, left = index // columns * height, index % columns * width
        sheet[top : top + size[1], left : left + size[0]] = fitted
    return sheet
