"""Drawn plates to train the reader on, a few of them replaced before every batch."""

from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.light import as_infrared, at_night
from edge_lpr.synthesis.pictures import BgrImage, GreyImage, Quad
from edge_lpr.synthesis.plates import RenderedPlate
from edge_lpr.training.drawn_plates import PlatePress, Press
from edge_lpr.training.reader_augment import RENDERED
from edge_lpr.training.reader_labels import encode_text
from edge_lpr.training.reader_photographs import Sample

_PRESS: Final = Press(
    shares={
        "us": 0.33,
        "ca": 0.02,
        "mx": 0.02,
        "eu": 0.29,
        "gb": 0.08,
        "ro": 0.04,
        "br": 0.08,
        "ar": 0.05,
        "in": 0.05,
        "world": 0.04,
    },
    hershey_share=0.2,
    heights_px=(56, 112),
    rivals_share=0.35,
)
"""The United States have the most looks and the fewest pictures."""

_NIGHT_SHARE: Final = 0.15
_INFRARED_SHARE: Final = 0.25

_LEAST_CONTRAST: Final = 12.0
"""Standard deviation of grey levels in a plate's middle below which nothing can be read."""


class Renderings:
    """A pool of drawn plates."""

    def __init__(
        self,
        typefaces: Mapping[str, Typeface],
        blanks: Sequence[BgrImage],
        rng: np.random.Generator,
        size: int = 3000,
    ) -> None:
        """Take what plates are made of; the pool fills as it is used.

        Args:
            typefaces: Faces by name, as ``load_typefaces`` gives them.
            blanks: Empty United States plates; may be none.
            rng: Where the randomness comes from.
            size: Plates kept.
        """
        self._press = PlatePress(typefaces, blanks, _PRESS)
        self._rng = rng
        self._size = size
        self._samples: list[Sample] = []

    def draw_many(self, count: int, fresh: int) -> list[Sample]:
        """Draw plates, after rendering some new ones.

        Args:
            count: Plates to draw.
            fresh: New ones to render; they are among those drawn.

        Returns:
            Plates, shared with the pool; all of them new while the pool is empty.
        """
        rng = self._rng
        new = [self.render() for _ in range(min(fresh, count) if self._samples else count)]
        old = [self._samples[rng.integers(len(self._samples))] for _ in range(count - len(new))]
        for sample in new:
            if len(self._samples) < self._size:
                self._samples.append(sample)
            else:
                self._samples[rng.integers(self._size)] = sample
        return new + old

    def render(self) -> Sample:
        """Render one plate and see it in one channel.

        Returns:
            A new plate, which the pool does not keep.
        """
        plate = self._press.draw(self._rng)
        classes = encode_text(plate.text)
        if classes is None:
            raise ValueError("a format gives texts that are no plates")
        return Sample(_seen_in_grey(plate, self._rng), plate.corners_px, classes, RENDERED)


def _seen_in_grey(plate: RenderedPlate, rng: np.random.Generator) -> GreyImage:
    """See a plate by day or at night, in the light of an eye or of another sensor."""
    picture: BgrImage = plate.picture_bgr
    if happens(_NIGHT_SHARE, rng):
        picture = at_night(picture, plate.corners_px, rng)
    if happens(_INFRARED_SHARE, rng):
        seen = as_infrared(picture, rng)
        if _is_legible(seen, plate.corners_px):
            return seen
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def _is_legible(seen: GreyImage, corners_px: Quad) -> bool:
    """Tell whether letters stand out: red on white is white on white for some sensors."""
    (left, top), (right, bottom) = corners_px[[0, 2]].astype(int)
    rows, columns = (bottom - top) // 4, (right - left) // 6
    middle = seen[top + rows : bottom - rows, left + columns : right - columns]
    return float(middle.std()) > _LEAST_CONTRAST
