"""A picture that can be recognised in whatever is left of it: a code of black and white bars.

The bars of ``CODE`` have known widths in proportion to each other. A row of a picture that shows
them is a row of runs above and below half brightness with just these proportions, whatever the
scale, the order of colours, the number of bytes a pixel or a value. So one search finds them in
raw frames of one, two, three or four bytes a pixel, in the planes of YUV, in a network's input of
32-bit floats, in halves and eighths of a picture, mirrored and inverted, and in what a decoder
makes of a file.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage, Quad

CODE: Final = (1, 2, 1, 1, 3, 1, 2, 2, 1, 3, 1, 1, 2, 1, 3)
"""Widths of the bars in modules, white first and last. Not the same from behind."""

_GUARD: Final = 1
"""A black bar before and after, so that the first and the last one have ends."""

MODULES: Final = sum(CODE) + 2 * _GUARD

_SMALLEST_MODULE: Final = 1.7
"""In elements: below it bars run into each other, and chance makes such rows."""
_LARGEST_MODULE: Final = 400
_TOLERANCE: Final = 0.45
"""Of a module, by which a bar may be wider or narrower."""

_ROWS_APART: Final = 1 << 14
"""Most elements from a row with the code to the next one."""
_ROWS_ALIKE: Final = 0.1

_CHUNK_BYTES: Final = 1 << 22
_OVERLAP_BYTES: Final = 1 << 17
_MIDDLE: Final = 127

WALL_PX: Final = (70, 112, 14, 56)
"""Left, top, width of a module and height of the code on the lane's wall: large enough for an
eighth of the picture."""

_ON_PLATE: Final = (0.95, 1.15)
"""From where to where the code of a plate reaches, in heights of the plate: over its lower edge, so
that it is in the picture of the plate alone, and below it, so that it is in a wider one."""


def draw_on_wall(frame_bgr: BgrImage) -> None:
    """Draw the code on the wall behind the lane, in place."""
    left, top, module, height = WALL_PX
    x = left
    for width, level in _bars():
        frame_bgr[top : top + height, x : x + width * module] = level
        x += width * module


def draw_on_plate(frame_bgr: BgrImage, corners_px: Quad) -> None:
    """Draw the code along the lower edge of a plate, in place, as wide as the plate."""
    along = np.asarray(corners_px, np.float32)
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    to_frame = cv2.getPerspectiveTransform(square, along)
    top, bottom = _ON_PLATE
    x = 0.0
    for width, level in _bars():
        right = x + width / MODULES
        bar = np.array([[(x, top), (right, top), (right, bottom), (x, bottom)]], np.float32)
        corners = cv2.perspectiveTransform(bar, to_frame)[0]
        sixteenths = np.rint(corners * 16).astype(np.int32)
        cv2.fillConvexPoly(frame_bgr, sixteenths, (level,) * 3, cv2.LINE_AA, shift=4)
        x = right


def places_in(content: bytes) -> list[tuple[str, int]]:
    """Return in which layouts, and where first, bytes hold rows of a picture with the code.

    Args:
        content: Anything: a disk, a process's memory, a file.

    Returns:
        Layout, with the number of its elements in a module of the code, and offset of the first
        row found, in bytes; each once.
    """
    found: dict[str, int] = {}
    for start in range(0, len(content), _CHUNK_BYTES):
        chunk = content[start : start + _CHUNK_BYTES + _OVERLAP_BYTES]
        if chunk.count(0) == len(chunk):
            continue
        for layout, bright, width in _layouts(chunk):
            for place, module in _codes(bright).items():
                found.setdefault(f"{layout}, {module} a module", start + place * width)
    return sorted(found.items())


def is_in_picture(picture: NDArray[np.uint8]) -> bool:
    """Return whether a decoded picture shows the code, upright or turned by a quarter.

    Args:
        picture: (height, width) or (height, width, channels) uint8.
    """
    grey = picture if picture.ndim == 2 else picture[..., : min(3, picture.shape[2])].mean(axis=2)
    for way in (grey, grey.T):
        # Rows do not run into each other: a column of bars ends each of them.
        fence = np.tile(np.array([0, 255], np.uint8), (way.shape[0], 4))
        rows = np.hstack([way.astype(np.uint8), fence])
        if _codes(rows.reshape(-1) > _MIDDLE):
            return True
    return False


def _bars() -> Iterator[tuple[int, int]]:
    """Yield width in modules and grey level of each bar, guards included."""
    yield _GUARD, 8
    for number, width in enumerate(CODE):
        yield width, 8 if number % 2 else 247
    yield _GUARD, 8


def _layouts(chunk: bytes) -> Iterator[tuple[str, NDArray[np.bool_], int]]:
    """Yield every way in which bytes may be a picture: name, brightness, bytes an element."""
    octets = np.frombuffer(chunk, np.uint8)
    bright = octets > _MIDDLE
    yield "one byte an element", bright, 1
    for step in (2, 4):
        for first in range(step):
            yield (
                ("every other byte" if step == 2 else "every fourth byte"),
                bright[first::step],
                step,
            )
    for phase in range(4):
        whole = octets[phase : phase + (len(octets) - phase) // 4 * 4].view(np.float32)
        with np.errstate(invalid="ignore"):
            for name, middle in (("32-bit floats to 1", 0.5), ("32-bit floats to 255", 127.5)):
                yield name, whole > middle, 4


def _codes(bright: NDArray[np.bool_]) -> dict[int, int]:
    """Return where rows have runs in the proportions of the code, and how wide a module is there.

    Both in elements; of each width the first place.
    """
    edges = np.flatnonzero(bright[1:] != bright[:-1]) + 1
    bars, total = len(CODE), sum(CODE)
    if len(edges) <= bars:
        return {}
    spans = edges[bars:] - edges[:-bars]
    large_enough = (spans >= _SMALLEST_MODULE * total) & (spans <= _LARGEST_MODULE * total)
    starts = np.flatnonzero(large_enough)
    found: dict[int, int] = {}
    for code in (CODE, CODE[::-1]):
        left = starts
        for number, width in enumerate(code):
            run = edges[left + number + 1] - edges[left + number]
            module = spans[left] / total
            # A whole element more or less is what sampling does to narrow bars.
            left = left[np.abs(run - width * module) <= np.maximum(_TOLERANCE * module, 0.9)]
        for place, span in _in_pairs(edges[left], spans[left]):
            module_elements = round(span / total)
            if module_elements not in found.values():
                found[place] = module_elements
    return found


def _in_pairs(places: NDArray[np.intp], spans: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return place and span of the rows that have another one of the same width near them.

    A picture has rows below each other; a single row is what chance makes in a gigabyte.
    """
    near = np.diff(places) <= _ROWS_APART
    alike = np.abs(np.diff(spans)) <= np.maximum(spans[1:] * _ROWS_ALIKE, 2)
    pairs = np.flatnonzero(near & alike)
    return list(zip(places[pairs].tolist(), spans[pairs].tolist(), strict=True))
