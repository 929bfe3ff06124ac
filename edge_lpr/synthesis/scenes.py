"""Puts flat plate pictures into photographs so that their four corners are known exactly.

Photographs come with boxes only; corners are learnt from scenes made here. What is pasted (a
rendered plate or a tight real crop) and where is for the caller to say.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage, Quad

MAX_TURN_DEG: Final = 45.0
"""Furthest a plate is turned away from the camera, left or right; lane cameras see up to 45."""

MAX_TILT_DEG: Final = 30.0
"""Furthest a plate is seen from above or below."""

MAX_ROLL_DEG: Final = 20.0
"""Furthest a plate leans within the picture: cameras hang askew, and far cars stand on slopes."""

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""What words on vehicles and signs are made of."""

CAMERA_DISTANCE_WIDTHS: Final = 6.0
"""Distance of the imagined camera in plate widths: near enough that far edges look shorter."""


def random_quad(
    rng: np.random.Generator,
    *,
    centre_px: tuple[float, float],
    width_px: float,
    aspect: float,
    strength: float = 1.0,
) -> Quad:
    """Draw the corners of a plate seen from a random direction.

    Args:
        rng: Source of chance; the same state gives the same quad.
        centre_px: Where the middle of the plate falls, (x, y) in pixels.
        width_px: Width the plate would have if it faced the camera, positive.
        aspect: Width over height of the flat plate, positive.
        strength: 0 faces the camera, 1 uses the whole range of the angles above.

    Returns:
        Corners, shape (4, 2), float32, top-left, top-right, bottom-right, bottom-left.

    Source:
        A pinhole camera at ``CAMERA_DISTANCE_WIDTHS``; angles are triangular around zero
        because most drivers do drive straight on.
    """
    limits_deg = (MAX_TURN_DEG, MAX_TILT_DEG, MAX_ROLL_DEG)
    turn, tilt, roll = (
        np.deg2rad(rng.triangular(-limit, 0.0, limit)) * strength for limit in limits_deg
    )
    half_w, half_h = 0.5, 0.5 / aspect
    flat = np.array(
        [[-half_w, -half_h, 0], [half_w, -half_h, 0], [half_w, half_h, 0], [-half_w, half_h, 0]]
    )
    turned = flat @ _rotation(turn, tilt, roll).T
    depth = CAMERA_DISTANCE_WIDTHS / (CAMERA_DISTANCE_WIDTHS + turned[:, 2:3])
    corners = turned[:, :2] * depth * width_px + np.asarray(centre_px)
    quad: Quad = corners.astype(np.float32)
    return quad


def paste_plate(
    scene_bgr: BgrImage,
    plate_bgr: BgrImage,
    quad_px: Quad,
    *,
    light: NDArray[np.float32],
    blur_px: float = 0.0,
) -> None:
    """Draw a flat plate into a scene so that its corners fall on a quad.

    Args:
        scene_bgr: Picture to draw into, shape (H, W, 3), uint8. **Modified.**
        plate_bgr: The plate, exactly to its edges, shape (h, w, 3), uint8. Not modified.
        quad_px: Corners in pixels of the scene, shape (4, 2), float32. May reach outside.
        light: Gain and offset, shape (2, 3), one column a channel, applied to the plate.
        blur_px: Standard deviation of a defocus applied to the plate in the scene, in pixels.
    """
    margin = int(np.ceil(3 * blur_px)) + 2
    left, top, right, bottom = _patch_bounds(quad_px, margin, scene_bgr.shape[1::-1])
    if right - left < 1 or bottom - top < 1:
        return
    flat = _shrunk_for(plate_bgr, quad_px)
    height, width = flat.shape[:2]
    corners = np.array(
        [[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]],
        dtype=np.float32,
    )
    target = (quad_px - np.array([left, top], np.float32)).astype(np.float32)
    homography = cv2.getPerspectiveTransform(corners, target)
    size = (right - left, bottom - top)
    lit = np.clip(flat.astype(np.float32) * light[0] + light[1], 0, 255)
    warped = cv2.warpPerspective(lit, homography, size, borderMode=cv2.BORDER_REPLICATE)
    alpha: NDArray[Any] = np.zeros((size[1], size[0]), np.float32)
    cv2.fillConvexPoly(
        alpha, np.rint(target * 16).astype(np.int32), 1.0, lineType=cv2.LINE_AA, shift=4
    )
    if blur_px > 0:
        warped = cv2.GaussianBlur(warped, (0, 0), blur_px)
        alpha = cv2.GaussianBlur(alpha, (0, 0), blur_px)
    patch = scene_bgr[top:bottom, left:right]
    weight = alpha[..., None]
    patch[:] = np.rint(patch * (1 - weight) + warped * weight).astype(np.uint8)


def write_word(scene_bgr: BgrImage, rng: np.random.Generator) -> None:
    """Write a word straight onto a scene, as on vans, buses and signs, with no plate under it.

    A detector that only sees text on plates takes every text for one.

    Args:
        scene_bgr: Picture, shape (H, W, 3), uint8. **Modified.**
        rng: Source of chance.
    """
    height, width = scene_bgr.shape[:2]
    word = "".join(LETTERS[i] for i in rng.integers(len(LETTERS), size=rng.integers(3, 10)))
    face = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)[int(rng.integers(2))]
    scale = float(np.exp(rng.uniform(np.log(0.4), np.log(0.004 * width))))
    place = (int(rng.integers(-20, width)), int(rng.integers(10, height + 10)))
    colour = [int(value) for value in rng.integers(0, 256, 3)]
    thickness = max(1, round(scale * rng.uniform(1, 4)))
    cv2.putText(scene_bgr, word, place, face, scale, colour, thickness, cv2.LINE_AA)


def paint_out(scene_bgr: BgrImage, box_xyxy: NDArray[np.float32]) -> None:
    """Blur a region of a scene until no character is left in it.

    Args:
        scene_bgr: Picture, shape (H, W, 3), uint8. **Modified.**
        box_xyxy: Region in pixels, shape (4,); may reach outside, may be empty.
    """
    height, width = scene_bgr.shape[:2]
    left, top = np.floor(box_xyxy[:2]).astype(int) - 1
    right, bottom = np.ceil(box_xyxy[2:]).astype(int) + 1
    left, right = np.clip([left, right], 0, width)
    top, bottom = np.clip([top, bottom], 0, height)
    if right - left < 1 or bottom - top < 1:
        return
    patch = scene_bgr[top:bottom, left:right]
    small = cv2.resize(patch, (3, 2), interpolation=cv2.INTER_AREA)
    patch[:] = cv2.resize(small, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)


def _rotation(turn: float, tilt: float, roll: float) -> NDArray[np.float64]:
    """Build the rotation: first roll, then tilt, then turn."""
    cos, sin = np.cos([turn, tilt, roll]), np.sin([turn, tilt, roll])
    about_y = np.array([[cos[0], 0, sin[0]], [0, 1, 0], [-sin[0], 0, cos[0]]])
    about_x = np.array([[1, 0, 0], [0, cos[1], -sin[1]], [0, sin[1], cos[1]]])
    about_z = np.array([[cos[2], -sin[2], 0], [sin[2], cos[2], 0], [0, 0, 1]])
    rotation: NDArray[np.float64] = about_y @ about_x @ about_z
    return rotation


def _patch_bounds(
    quad_px: Quad, margin_px: int, size_px: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Find the part of a scene that a plate touches: left, top, right, bottom."""
    low = np.floor(quad_px.min(axis=0)).astype(int) - margin_px
    high = np.ceil(quad_px.max(axis=0)).astype(int) + margin_px
    left, right = np.clip([low[0], high[0]], 0, size_px[0])
    top, bottom = np.clip([low[1], high[1]], 0, size_px[1])
    return int(left), int(top), int(right), int(bottom)


def _shrunk_for(plate_bgr: BgrImage, quad_px: Quad) -> BgrImage:
    """Shrink a plate to about its size in the scene, because warping alone would alias."""
    edges = np.linalg.norm(quad_px - np.roll(quad_px, 1, axis=0), axis=1)
    width = max(2, int(np.ceil(max(edges[1], edges[3]))))
    height = max(2, int(np.ceil(max(edges[0], edges[2]))))
    if width >= plate_bgr.shape[1] and height >= plate_bgr.shape[0]:
        return plate_bgr
    size = (min(width, plate_bgr.shape[1]), min(height, plate_bgr.shape[0]))
    return cv2.resize(plate_bgr, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
