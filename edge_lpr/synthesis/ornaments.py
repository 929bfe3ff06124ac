"""Small pictures between the letters: seals, coats of arms, emblems of states."""

from collections.abc import Callable
from typing import Final, TypeAlias

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.pictures import BgrImage

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

_PAPER: Final = (225, 230, 230)


def draw_seal(picture: BgrImage, box: Box, rng: np.random.Generator) -> None:
    """Draw a seal of a random kind, in place.

    Args:
        picture: Plate, shape (H, W, 3), uint8.
        box: Room for it.
        rng: Where the randomness comes from.
    """
    _KINDS[rng.integers(len(_KINDS))](picture, box, rng)


def draw_script(
    picture: BgrImage, box: Box, ink_bgr: tuple[int, int, int], rng: np.random.Generator
) -> None:
    """Draw a word that looks Arabic from afar and says nothing, in place.

    Args:
        picture: Plate, shape (H, W, 3), uint8.
        box: Room for it.
        ink_bgr: Colour.
        rng: Where the randomness comes from.
    """
    left, top, right, bottom = box
    height = bottom - top
    thickness = max(1, round(0.14 * height))
    x = np.linspace(left, right, int(rng.integers(6, 12)))
    y = bottom - height * rng.choice(
        [0.15, 0.2, 0.45, 0.7, 1.0], x.size, p=[0.3, 0.2, 0.2, 0.2, 0.1]
    )
    line = np.rint(np.stack([x, y], axis=1)).astype(np.int32)
    cv2.polylines(
        picture, [line], isClosed=False, color=ink_bgr, thickness=thickness, lineType=cv2.LINE_AA
    )
    for _ in range(rng.integers(1, 5)):
        dot = (round(rng.uniform(left, right)), round(rng.choice([top, bottom])))
        cv2.circle(picture, dot, max(1, thickness // 2), ink_bgr, -1, cv2.LINE_AA)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw a colour that is not too pale."""
    blue, green, red = (int(value) for value in rng.integers(10, 225, 3))
    return blue, green, red


def _stickers(picture: BgrImage, box: Box, rng: np.random.Generator) -> None:
    """Two round stickers, one above the other: German inspection and registration."""
    left, top, right, bottom = box
    radius = max(1, round(min(right - left, (bottom - top) / 2) * rng.uniform(0.38, 0.5)))
    middle = (left + right) // 2
    share = rng.uniform(0.22, 0.3)
    for y_share in (share, 1 - share):
        centre = (middle, round(top + y_share * (bottom - top)))
        cv2.circle(picture, centre, radius, _colour(rng), -1, cv2.LINE_AA)
        cv2.circle(picture, centre, max(1, radius // 2), _colour(rng), -1, cv2.LINE_AA)
        if happens(0.25, rng):
            return


def _single(picture: BgrImage, box: Box, rng: np.random.Generator) -> None:
    """One pale round seal, as in Belgium, Bavaria and Slovakia."""
    left, top, right, bottom = box
    radius = max(1, round(min(right - left, bottom - top) * rng.uniform(0.25, 0.5)))
    centre = ((left + right) // 2, round(top + rng.uniform(0.25, 0.75) * (bottom - top)))
    cv2.circle(picture, centre, radius, _PAPER, -1, cv2.LINE_AA)
    cv2.circle(picture, centre, radius, _colour(rng), 1, cv2.LINE_AA)
    cv2.circle(picture, centre, max(1, radius // 2), _colour(rng), -1, cv2.LINE_AA)


def _shield(picture: BgrImage, box: Box, rng: np.random.Generator) -> None:
    """A coat of arms, as in Austria, Switzerland and Croatia."""
    left, top, right, bottom = box
    width = (right - left) * rng.uniform(0.8, 1.0)
    height = min(bottom - top, width * rng.uniform(1.1, 1.5))
    x, y = (left + right) / 2, top + (bottom - top - height) * rng.uniform(0.2, 0.8)
    half = width / 2
    outline = [
        (x - half, y),
        (x + half, y),
        (x + half, y + 0.6 * height),
        (x, y + height),
        (x - half, y + 0.6 * height),
    ]
    cv2.fillPoly(picture, [np.rint(outline).astype(np.int32)], _colour(rng), cv2.LINE_AA)
    line = max(1, round(width * 0.2))
    if happens(0.5, rng):
        bar_y = round(y + 0.4 * height)
        cv2.line(picture, (round(x - half), bar_y), (round(x + half), bar_y), _PAPER, line)
    if happens(0.5, rng):
        cv2.line(picture, (round(x), round(y)), (round(x), round(y + height)), _PAPER, line)


def _emblem(picture: BgrImage, box: Box, rng: np.random.Generator) -> None:
    """A filled silhouette: the outline of a state, a tree, an animal."""
    left, top, right, bottom = box
    corners = int(rng.integers(4, 10))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = rng.uniform(0.3, 1.0, corners) * 0.5
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None] + 0.5
    size = np.array([right - left, (bottom - top) * rng.uniform(0.3, 0.9)])
    shift = np.array([left, top + (bottom - top - size[1]) * rng.random()])
    outline = np.rint(points * size + shift).astype(np.int32)
    cv2.fillPoly(picture, [outline], _colour(rng), cv2.LINE_AA)


def _sheet(picture: BgrImage, box: Box, rng: np.random.Generator) -> None:
    """A small upright sticker, as the Polish hologram."""
    left, top, right, bottom = box
    width, height = (right - left) * rng.uniform(0.4, 0.9), (bottom - top) * rng.uniform(0.2, 0.5)
    x, y = (left + right - width) / 2, top + (bottom - top - height) * rng.uniform(0.1, 0.9)
    first, last = (round(x), round(y)), (round(x + width), round(y + height))
    cv2.rectangle(picture, first, last, _PAPER if happens(0.5, rng) else _colour(rng), -1)
    cv2.rectangle(picture, first, last, _colour(rng), 1)


_KINDS: Final[tuple[Callable[[BgrImage, Box, np.random.Generator], None], ...]] = (
    _stickers,
    _stickers,
    _single,
    _shield,
    _emblem,
    _sheet,
)
