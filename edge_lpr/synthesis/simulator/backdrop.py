"""Draws the lane that stands still: ground, kerbs, walls, signs, trees, sky.

Training pastes plates into photographs and draws its negatives in ``synthesis/hard_negatives.py``
and ``synthesis/scenes.py``; nothing of that is used here.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.glyphs import GLYPH_HEIGHT_PX, LineSetting, Typeface, set_line
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.simulator.camera import LaneCamera
from edge_lpr.synthesis.simulator.conditions import Condition, light_scene
from edge_lpr.synthesis.simulator.texture import cloud_noise

_FAR_M: Final = 60.0
_NEAR_M: Final = 1.2
_PHASES: Final = 8
"""Positions of the leaves that are drawn ahead."""

_SIGNS: Final = ("STOP", "LANE 3", "CUSTOMS", "30", "PASSPORTS READY", "EXIT 12", "NO ENTRY")
"""Words that are no plates and must not be published."""


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """A lane without vehicles, as the camera sees it but without noise."""

    picture_bgr: BgrImage
    """Shape (H, W, 3), uint8."""
    leaves: tuple[BgrImage, ...]
    """Pictures of the same tree with its leaves in other places."""
    leaves_at: tuple[int, int]
    """Pixel of the first corner of those pictures, (x, y)."""


def draw_backdrop(
    camera: LaneCamera, condition: Condition, typeface: Typeface, rng: np.random.Generator
) -> Backdrop:
    """Draw a lane.

    Args:
        camera: Whose view is drawn.
        condition: Light and weather.
        typeface: What signs are lettered in.
        rng: Where the randomness comes from.

    Returns:
        The lane.
    """
    picture = _draw_sky(camera, rng)
    _draw_skyline(picture, camera, rng)
    _draw_ground(picture, camera, rng, is_wet=condition.rain)
    _draw_kerbs(picture, camera, rng)
    _draw_booth(picture, camera, typeface, rng)
    at, tree, mask = _draw_tree(camera, rng)
    left, top = at
    place = picture[top : top + tree.shape[0], left : left + tree.shape[1]]
    leaves = []
    for phase in range(_PHASES):
        moved, moved_mask = _swayed(tree, phase), _swayed(mask, phase)
        here = place.copy()
        cv2.copyTo(moved, (moved_mask > 127).astype(np.uint8), here)  # noqa: PLR2004 - half
        leaves.append(_finish(here, camera, condition, (left, top)))
    whole = _finish(picture, camera, condition, (0, 0))
    whole[top : top + tree.shape[0], left : left + tree.shape[1]] = leaves[0]
    return Backdrop(whole, tuple(leaves), at)


def _finish(
    picture: BgrImage, camera: LaneCamera, condition: Condition, at: tuple[int, int]
) -> BgrImage:
    """Light a picture, or a part of it, and see it through a lens."""
    lit = light_scene(picture, condition)
    if condition.infrared:
        # The lamp beside the camera lights what is near and in the middle.
        y, x = np.ogrid[0 : lit.shape[0], 0 : lit.shape[1]]
        across = (x + at[0]) / camera.width_px - 0.5
        down = (y + at[1]) / camera.height_px - 0.75
        spot = (2.4 * np.exp(-(across**2) / 0.10 - down**2 / 0.16) + 0.25).astype(np.float32)
        lit = np.clip(lit * spot[:, :, None], 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(lit, (3, 3), 0.8).astype(np.uint8, copy=False)


def _draw_sky(camera: LaneCamera, rng: np.random.Generator) -> BgrImage:
    """Draw clouds over the whole picture."""
    shape = (camera.height_px, camera.width_px)
    clouds = cloud_noise(shape, rng, coarsest_px=camera.width_px / 4)[:, :, None]
    blue, white = np.array((225, 190, 150), np.float32), np.array((228, 226, 222), np.float32)
    sky: BgrImage = (blue + clouds * (white - blue)).astype(np.uint8)
    return sky


def _horizon(camera: LaneCamera) -> int:
    """Return the row in which the ground ends."""
    far = camera.project(np.array([[0.0, 0.0, _FAR_M]]))
    return int(np.clip(far[0, 1], 1, camera.height_px - 2))


def _draw_skyline(picture: BgrImage, camera: LaneCamera, rng: np.random.Generator) -> None:
    """Draw roofs, walls and windows above the end of the lane."""
    horizon, x = _horizon(camera), 0
    while x < camera.width_px:
        width = round(camera.width_px * rng.uniform(0.06, 0.2))
        top = round(horizon - camera.height_px * rng.uniform(0.03, 0.3))
        shade = rng.uniform(70, 190) * rng.uniform(0.9, 1.1, 3)
        colour = [int(value) for value in np.clip(shade, 0, 255)]
        cv2.rectangle(picture, (x, top), (x + width, horizon + 8), colour, -1)
        step = max(8, round(camera.width_px * rng.uniform(0.012, 0.03)))
        dark = [round(0.55 * value) for value in colour]
        for row in range(top + step // 2, horizon - step // 2, step):
            for column in range(x + step // 2, x + width - step // 2, step):
                cv2.rectangle(
                    picture, (column, row), (column + step // 3, row + step // 2), dark, -1
                )
        x += width


def _draw_ground(
    picture: BgrImage, camera: LaneCamera, rng: np.random.Generator, *, is_wet: bool
) -> None:
    """Lay asphalt with its cracks, patches and tracks; wet asphalt mirrors the sky."""
    height, width = picture.shape[:2]
    horizon = _horizon(camera)
    base = rng.uniform(80, 130)
    rows = height - horizon
    # Grain shrinks with the distance: coarse noise is stretched by rows as the lane is.
    flat = cloud_noise((512, 512), rng, coarsest_px=64, octaves=6)
    depth = camera.height_m / np.maximum(0.02, (np.arange(rows) + 1) / camera.focal_px)
    x = ((np.arange(width) - width / 2)[None, :] * depth[:, None] / camera.focal_px * 60) % 511
    y = np.broadcast_to((depth[:, None] * 60) % 511, x.shape)
    grain = cv2.remap(flat, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    ground = base + 60 * (grain - 0.5)[:, :, None] + np.array((2, 0, -2), np.float32)
    if is_wet:
        mirrored = picture[max(0, horizon - rows) : horizon][::-1]
        shown = cv2.GaussianBlur(cv2.resize(mirrored, (width, rows)), (0, 0), 9)
        ground = 0.72 * ground * 0.8 + 0.28 * shown
    picture[horizon:] = np.clip(ground, 0, 255).astype(np.uint8)
    for side in (-0.8, 0.8):  # darker where tyres run
        track = np.array([[side - 0.2, 0, _NEAR_M], [side + 0.2, 0, _NEAR_M],
                          [side + 0.2, 0, _FAR_M], [side - 0.2, 0, _FAR_M]])  # fmt: skip
        layer = np.zeros((height, width), np.uint8)
        cv2.fillPoly(layer, [np.rint(camera.project(track)).astype(np.int32)], 255, cv2.LINE_AA)
        mask = layer > 0
        picture[mask] = (picture[mask] * 0.9).astype(np.uint8)


def _draw_kerbs(picture: BgrImage, camera: LaneCamera, rng: np.random.Generator) -> None:
    """Draw a kerb left and right, and painted lines."""
    half = float(rng.uniform(1.6, 2.0))
    for side in (-1, 1):
        for x_m, width_m, colour in (
            (half, 0.3, (158, 162, 160)),
            (half - 0.25, 0.1, (205, 212, 214)),
        ):
            near, far = side * x_m, side * (x_m + width_m)
            stripe = np.array(
                [[near, 0, _NEAR_M], [far, 0, _NEAR_M], [far, 0, _FAR_M], [near, 0, _FAR_M]]
            )
            points = np.rint(camera.project(stripe)).astype(np.int32)
            cv2.fillPoly(picture, [points], colour, cv2.LINE_AA)
    stop_m = float(rng.uniform(4.5, 7))
    line = np.array([[-half, 0, stop_m], [half, 0, stop_m],
                     [half, 0, stop_m + 0.3], [-half, 0, stop_m + 0.3]])  # fmt: skip
    points = np.rint(camera.project(line)).astype(np.int32)
    cv2.fillPoly(picture, [points], (198, 206, 208), cv2.LINE_AA)


def _draw_booth(
    picture: BgrImage, camera: LaneCamera, typeface: Typeface, rng: np.random.Generator
) -> None:
    """Put a booth with a sign beside the lane."""
    side = 1 if rng.random() < 0.5 else -1  # noqa: PLR2004 - a coin
    z_m, near_m, far_m = float(rng.uniform(7, 11)), 2.3, 4.2
    wall = np.array([[side * near_m, 0, z_m], [side * far_m, 0, z_m],
                     [side * far_m, 2.6, z_m], [side * near_m, 2.6, z_m]])  # fmt: skip
    colour = [int(value) for value in rng.uniform(90, 200) * rng.uniform(0.85, 1.15, 3)]
    points = np.rint(camera.project(wall)).astype(np.int32)
    cv2.fillPoly(picture, [points], [min(255, value) for value in colour], cv2.LINE_AA)
    low, high = np.array([near_m + 0.3, 1.0]), np.array([far_m - 0.3, 2.0])
    window = np.array([[side * low[0], low[1], z_m], [side * high[0], low[1], z_m],
                       [side * high[0], high[1], z_m], [side * low[0], high[1], z_m]])  # fmt: skip
    points = np.rint(camera.project(window)).astype(np.int32)
    cv2.fillPoly(picture, [points], (70, 62, 54), cv2.LINE_AA)
    _hang_sign(picture, camera, (side * 1.9, 2.0, z_m - 0.5), typeface, rng)


def _hang_sign(
    picture: BgrImage,
    camera: LaneCamera,
    at_m: tuple[float, float, float],
    typeface: Typeface,
    rng: np.random.Generator,
) -> None:
    """Hang up a sign whose words are no plate."""
    words = _SIGNS[rng.integers(len(_SIGNS))]
    ink = set_line(words, typeface, LineSetting(condense=0.8)).ink
    height_m = float(rng.uniform(0.14, 0.3))
    half_m = height_m * ink.shape[1] / GLYPH_HEIGHT_PX / 2
    margin = 20
    sheets = (((40, 40, 190), (240, 240, 240)), ((150, 80, 20), (240, 240, 240)),
              ((235, 238, 238), (30, 30, 30)))  # fmt: skip
    sheet, letters = (np.array(colour, np.float32) for colour in sheets[rng.integers(len(sheets))])
    alpha = cv2.copyMakeBorder(ink, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    board = (sheet + alpha[:, :, None] / np.float32(255) * (letters - sheet)).astype(np.uint8)
    x, y, z = at_m
    corners = np.array([[x - half_m, y + height_m, z], [x + half_m, y + height_m, z],
                        [x + half_m, y, z], [x - half_m, y, z]])  # fmt: skip
    quad = camera.project(corners)
    shrink = max(1, round(board.shape[1] / max(1.0, float(np.hypot(*(quad[1] - quad[0]))))))
    board = cv2.blur(board, (shrink, shrink)).astype(np.uint8, copy=False)
    h, w = board.shape[:2]
    flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, quad)
    cv2.warpPerspective(
        board, matrix, camera.size_px, dst=picture, borderMode=cv2.BORDER_TRANSPARENT
    )


def _draw_tree(
    camera: LaneCamera, rng: np.random.Generator
) -> tuple[tuple[int, int], BgrImage, BgrImage]:
    """Draw a tree at one side of the picture, and where it is opaque."""
    width, height = round(0.2 * camera.width_px), round(0.42 * camera.height_px)
    tree, mask = (np.zeros((height, width, 3), np.uint8) for _ in range(2))
    trunk = (round(0.46 * width), round(0.5 * height)), (round(0.54 * width), height)
    for layer, colour in ((tree, (44, 56, 66)), (mask, (255, 255, 255))):
        cv2.rectangle(layer, *trunk, colour, -1)
    for _ in range(260):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        x = round(width * (0.5 + 0.4 * reach * np.cos(angle)))
        y = round(height * (0.38 + 0.32 * reach * np.sin(angle)))
        radius = max(2, round(width * rng.uniform(0.02, 0.06)))
        green = rng.uniform(0.5, 1.3) * np.array((40, 92, 62))
        cv2.circle(tree, (x, y), radius, [int(value) for value in green], -1, cv2.LINE_AA)
        cv2.circle(mask, (x, y), radius, (255, 255, 255), -1)
    left = 0 if rng.random() < 0.5 else camera.width_px - width  # noqa: PLR2004 - a coin
    return (left, max(0, _horizon(camera) - round(0.8 * height))), tree, mask


def _swayed(picture: BgrImage, phase: int) -> BgrImage:
    """Bend a tree in the wind; the same phase bends picture and mask alike."""
    height, width = picture.shape[:2]
    angle = 2 * np.pi * phase / _PHASES
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.float32(0.012 * width) * (1 - y / height)
    moved_x = x + away * np.sin(angle + y / 14) + away * np.float32(1.5 * np.sin(angle))
    moved_y = y + away * np.float32(0.5) * np.cos(angle + x / 11)
    swayed = cv2.remap(picture, moved_x, moved_y.astype(np.float32), cv2.INTER_LINEAR)
    return swayed.astype(np.uint8, copy=False)
