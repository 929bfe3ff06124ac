"""Photographed empty plates, and where their emblems keep letters apart."""

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.pictures import BgrImage

_GRID_PX: Final = (200, 100)
"""Size at which an emblem is looked for."""

_LETTER_ROWS: Final = slice(34, 70)
"""Rows of the grid in which letters stand."""

_MIDDLE: Final = (84, 117)
"""Columns of the grid that an emblem between two groups of letters covers some of."""

_EMBLEM_COLUMNS: Final = (8, 66)
"""Least and most width of an emblem; wider ones are the background of everything."""

_MOST_OFF_CENTRE: Final = 22
_MOST_ELSEWHERE: Final = 0.25
"""Share of the other columns that may be as busy as an emblem: more, and it is a landscape."""


@dataclass(frozen=True, slots=True)
class BlankPlate:
    """An empty plate."""

    picture_bgr: BgrImage = field(repr=False)
    """The plate to its edges, shape (H, W, 3), uint8."""
    emblem: tuple[float, float] | None
    """Where an emblem begins and ends, in shares of the width; ``None`` where letters may stand
    anywhere."""


def blank_plate(picture_bgr: BgrImage) -> BlankPlate:
    """Look for an emblem in the middle of an empty plate.

    Args:
        picture_bgr: The plate to its edges, shape (H, W, 3), uint8.

    Returns:
        The plate with what was found.
    """
    grid = cv2.resize(picture_bgr, _GRID_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    rows = grid[_LETTER_ROWS]
    difference = np.abs(rows - np.median(rows, axis=1, keepdims=True)).sum(axis=2)
    share = (difference > 70).mean(axis=0, dtype=np.float32)  # noqa: PLR2004 - plainly another colour
    is_busy = cv2.GaussianBlur(share[None], (0, 0), 2)[0] > 0.22  # noqa: PLR2004 - by eye
    middle = int(np.argmax(share[slice(*_MIDDLE)])) + _MIDDLE[0]
    return BlankPlate(picture_bgr, _emblem_around(middle, [bool(busy) for busy in is_busy]))


def _emblem_around(middle: int, is_busy: list[bool]) -> tuple[float, float] | None:
    """Tell an emblem from a landscape by how far it reaches and how much there is elsewhere."""
    if not is_busy[middle]:
        return None
    first, last = middle, middle
    while first > 0 and is_busy[first - 1]:
        first -= 1
    while last < len(is_busy) - 1 and is_busy[last + 1]:
        last += 1
    elsewhere = is_busy[20:first] + is_busy[last + 1 : 180]
    least, most = _EMBLEM_COLUMNS
    off_centre = abs((first + last) / 2 - len(is_busy) / 2)
    is_emblem = least <= last - first + 1 <= most and off_centre <= _MOST_OFF_CENTRE
    if not is_emblem or sum(elsewhere) > _MOST_ELSEWHERE * len(elsewhere):
        return None
    return (first - 2) / len(is_busy), (last + 3) / len(is_busy)
