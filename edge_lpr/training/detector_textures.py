"""Collects the flat plates that are pasted into photographs: tight real crops and drawn ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.hard_negatives import draw_thing
from edge_lpr.synthesis.light import at_night
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.training.dataset import CropRow
from edge_lpr.training.drawn_plates import PlatePress, Press, load_materials
from edge_lpr.training.pictures import read_picture

TIGHT_CROP_TABLES: Final = {"eu_crops": 1, "eu2_crops": 2, "bench_usocr": 2}
"""Collections whose crops end at the plate's own edges (seen on contact sheets), and how often
each crop is taken: American and two-line plates are few."""

_PRESS: Final = Press(
    shares={
        "us": 0.26,
        "ca": 0.03,
        "mx": 0.03,
        "eu": 0.14,
        "gb": 0.06,
        "ro": 0.02,
        "br": 0.18,
        "ar": 0.09,
        "in": 0.1,
        "world": 0.09,
    },
    hershey_share=0.2,
    heights_px=(48, 128),
)
"""Most where real tight crops are missing."""

_NIGHT_SHARE: Final = 0.12
"""Share of drawn plates that shine in a headlight, a hot spot on them or not."""

DRAWN_PLATES: Final = 1600
"""Drawn plates in the collection; about as many as real ones, after a few seconds."""


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
    press = PlatePress(*load_materials(data), _PRESS)
    drawn = []
    for _ in range(count):
        plate = press.draw(rng)
        picture = plate.picture_bgr
        if happens(_NIGHT_SHARE, rng):
            picture = at_night(picture, plate.corners_px, rng)
        # The renderer's corners are centres of pixels.
        (left, top), (right, bottom) = np.rint(plate.corners_px[[0, 2]]).astype(int)
        drawn.append(picture[top : bottom + 1, left : right + 1].copy())
    return drawn


def draw_things(count: int, data: Path, rng: np.random.Generator) -> list[BgrImage]:
    """Draw signs, stickers and the like, which are pasted as plates are but have no label.

    Args:
        count: How many.
        data: Folder that may hold fonts.
        rng: Source of chance.

    Returns:
        Flat pictures, exactly to their edges.
    """
    typefaces = list(load_materials(data)[0].values())
    return [draw_thing(rng, typefaces[int(rng.integers(len(typefaces)))]) for _ in range(count)]
