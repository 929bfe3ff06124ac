"""Collects the flat plates that are pasted into photographs: tight real crops and drawn ones."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.formats import FORMATS, draw_printed_text
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.styles import UNITED_STATES
from edge_lpr.training.dataset import CropRow
from edge_lpr.training.pictures import read_picture
from edge_lpr.training.typefaces import load_typefaces

TIGHT_CROP_TABLES: Final = {"eu_crops": 1, "eu2_crops": 2, "bench_usocr": 2}
"""Collections whose crops end at the plate's own edges (seen on contact sheets), and how often
each crop is taken: American and two-line plates are few."""

DRAWN_SHARES: Final = {
    "us": 0.26,
    "eu": 0.14,
    "gb": 0.06,
    "ro": 0.04,
    "br": 0.2,
    "ar": 0.1,
    "in": 0.1,
    "world": 0.1,
}
"""Share of each group of formats among drawn plates: most where real tight crops are missing."""

DRAWN_PLATES: Final = 1600
"""Drawn plates in the collection; about as many as real ones, after a few seconds."""

BLANK_SHARE: Final = 0.75
"""How often an American plate is printed on a photographed blank, where there are any."""


def load_textures(
    crops: Sequence[CropRow], pictures: Path, data: Path, rng: np.random.Generator
) -> list[BgrImage]:
    """Collect flat plates, cut exactly at their edges.

    Args:
        crops: Plate crops; only tight ones of the train split are taken.
        pictures: Folder that the crops' paths are relative to.
        data: Folder that may hold ``fonts`` and ``us-blank-plates``.
        rng: Source of chance for the drawn ones.

    Returns:
        Plates, shape (h, w, 3), uint8 each; some are there twice.

    Raises:
        DataSetError: A crop cannot be read.
    """
    textures: list[BgrImage] = []
    for crop in crops:
        times = TIGHT_CROP_TABLES.get(crop.table, 0)
        if crop.split == "train" and times:
            textures.extend([read_picture(pictures / crop.image)] * times)
    return textures + draw_plates(DRAWN_PLATES, data, rng)


def draw_plates(count: int, data: Path, rng: np.random.Generator) -> list[BgrImage]:
    """Draw plates of many countries.

    Args:
        count: How many.
        data: Folder that may hold ``fonts`` and ``us-blank-plates``.
        rng: Source of chance.

    Returns:
        Plates, cut exactly at their edges.
    """
    fonts = data / "fonts"
    typefaces = list(load_typefaces(fonts if fonts.is_dir() else None).values())
    blanks = tuple(read_picture(path) for path in sorted((data / "us-blank-plates").glob("*.jpg")))
    drawn = []
    for group in rng.choice(list(DRAWN_SHARES), size=count, p=list(DRAWN_SHARES.values())):
        plate_format = FORMATS[group][int(rng.integers(len(FORMATS[group])))]
        style = plate_format.styles[int(rng.integers(len(plate_format.styles)))]
        if style is UNITED_STATES and blanks and happens(BLANK_SHARE, rng):
            style = replace(style, blanks=blanks)
        plate = render_plate(
            draw_printed_text(plate_format, rng),
            style,
            typefaces[int(rng.integers(len(typefaces)))],
            rng,
            height_px=int(rng.integers(48, 128)),
        )
        # The renderer's corners are centres of pixels.
        (left, top), (right, bottom) = np.rint(plate.corners_px[[0, 2]]).astype(int)
        drawn.append(plate.picture_bgr[top : bottom + 1, left : right + 1].copy())
    return drawn
