"""Shows a rendered plate as a camera would: from the side, by day or at night, with its faults."""

from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.camera import photograph_in_colour
from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.light import as_infrared, at_night
from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.synthesis.plates import RenderedPlate
from edge_lpr.synthesis.scenes import random_quad

_AROUND: Final = 1.4
"""Width of a view over the plate's."""

_INFRARED_SHARE: Final = 0.5
"""Share of views at night that an infra-red camera sees."""


def view_plate(
    plate: RenderedPlate, rng: np.random.Generator, *, width_px: int, night: bool = False
) -> tuple[BgrImage, Quad]:
    """Photograph a plate from a random direction.

    Args:
        plate: The plate.
        rng: Where every random choice comes from.
        width_px: Width the plate would have if it faced the camera, 24 or more.
        night: Whether headlights or an infra-red lamp are the only light.

    Returns:
        The photograph, shape (H, W, 3), uint8, in memory of its own, and the plate's corners in
        it, shape (4, 2), float32. A plate seen from far aside may reach beyond the photograph.
    """
    flat_px = plate.corners_px[2] - plate.corners_px[0] + 1
    aspect = float(flat_px[0] / flat_px[1])
    size_px = (round(_AROUND * width_px), round(max(_AROUND / aspect, 0.45) * width_px))
    centre_px = (size_px[0] / 2, size_px[1] / 2)
    quad = random_quad(rng, centre_px=centre_px, width_px=width_px, aspect=aspect)
    picture = at_night(plate.picture_bgr, plate.corners_px, rng) if night else plate.picture_bgr
    seen = _warp(picture, plate.corners_px, quad, size_px)
    if night and happens(_INFRARED_SHARE, rng):
        seen = cv2.cvtColor(as_infrared(seen, rng), cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    return photograph_in_colour(seen, rng), quad


def _warp(picture: BgrImage, corners_px: Quad, quad: Quad, size_px: tuple[int, int]) -> BgrImage:
    """Warp a plate with its surroundings, averaged down first where it would alias."""
    shrink = float(np.hypot(*(corners_px[1] - corners_px[0])) / np.hypot(*(quad[1] - quad[0])))
    if shrink > 1.5:  # noqa: PLR2004 - less is what linear sampling can do
        size = max(1, round(shrink))
        picture = cv2.blur(picture, (size, size)).astype(np.uint8, copy=False)
    transform = cv2.getPerspectiveTransform(corners_px, quad)
    return cv2.warpPerspective(picture, transform, size_px, borderMode=cv2.BORDER_REPLICATE).astype(
        np.uint8, copy=False
    )
