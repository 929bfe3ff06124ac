"""Draws the test card: a plate that nobody has, for a printer and for tests.

Letters are strokes of our own, so that nothing of anybody's font or picture is in it, and a sheet
is lines alone: it comes out sharp at any size. The same strokes make the SVG, the PDF and the
picture that tests hold into a rendered lane.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from edge_lpr.core.reserved_plate import RESERVED_PLATE
from edge_lpr.synthesis.pictures import BgrImage

Point: TypeAlias = tuple[float, float]
Stroke: TypeAlias = tuple[Point, ...]
"""A line by its corners."""

ASPECT: Final = 520 / 110
"""Width over height: that of a European plate of one line."""

_LETTER: Final = 0.60
"""Height of the letters over the plate's, ink included."""

_THICKNESS: Final = 0.13
"""Of a stroke, over the height of the letters."""

_GAP: Final = 0.26
"""Between the ink of two letters, over their height."""

_RIM: Final = 0.03
_RIM_INSET: Final = 0.04
"""Thickness of the frame, and its distance from the edge, over the plate's height."""

_INK: Final = 15
_PAPER: Final = 255
_SUBPIXEL_BITS: Final = 4


def _arc(centre: Point, radii: Point, first_deg: float, last_deg: float, steps: int) -> Stroke:
    """Return a part of an ellipse as a line; angles run clockwise from the right."""
    angles = (first_deg + (last_deg - first_deg) * step / steps for step in range(steps + 1))
    return tuple(
        (
            round(centre[0] + radii[0] * math.cos(math.radians(angle)), 3),
            round(centre[1] + radii[1] * math.sin(math.radians(angle)), 3),
        )
        for angle in angles
    )


_LETTERS: Final[dict[str, tuple[float, tuple[Stroke, ...]]]] = {
    "A": (0.64, (((0, 1), (0.32, 0), (0.64, 1)), ((0.12, 0.66), (0.52, 0.66)))),
    "E": (0.50, (((0.5, 0), (0, 0), (0, 1), (0.5, 1)), ((0, 0.48), (0.44, 0.48)))),
    "L": (0.50, (((0, 0), (0, 1), (0.5, 1)),)),
    "P": (0.54, (((0, 1), (0, 0), *_arc((0.29, 0.26), (0.25, 0.26), -90, 90, 12), (0, 0.52)),)),
    "S": (
        0.54,
        (
            (
                *_arc((0.27, 0.245), (0.27, 0.245), -25, -270, 16),
                *_arc((0.27, 0.745), (0.27, 0.255), -90, 155, 16),
            ),
        ),
    ),
    "T": (0.58, (((0, 0), (0.58, 0)), ((0.29, 0), (0.29, 1)))),
}
"""Width and strokes of each letter that the card needs, in heights of a letter, y downwards."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line to draw, in millimetres from the sheet's upper left."""

    corners: Stroke
    thickness_mm: float
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed."""

    width_mm: float
    height_mm: float
    lines: tuple[Line, ...]
    """Black; the sheet is white."""


def plate_lines(left_mm: float, top_mm: float, width_mm: float) -> Iterator[Line]:
    """Draw the plate of the card.

    Args:
        left_mm: Its left edge.
        top_mm: Its upper edge.
        width_mm: Its width; its height follows.
    """
    height_mm = width_mm / ASPECT
    inset_mm, rim_mm = _RIM_INSET * height_mm, _RIM * height_mm
    left, top = left_mm + inset_mm, top_mm + inset_mm
    right, bottom = left_mm + width_mm - inset_mm, top_mm + height_mm - inset_mm
    rim = ((left, top), (right, top), (right, bottom), (left, bottom))
    yield Line(_rounded(rim), round(rim_mm, 2), is_closed=True)
    text = RESERVED_PLATE.decode("ascii")
    ink_mm = _LETTER * height_mm
    thickness_mm = _THICKNESS * ink_mm
    scale_mm = ink_mm - thickness_mm
    advance = _GAP + _THICKNESS
    wide = sum(_LETTERS[letter][0] for letter in text) + advance * (len(text) - 1)
    x_mm = left_mm + (width_mm - wide * scale_mm) / 2
    y_mm = top_mm + (height_mm - scale_mm) / 2
    for letter in text:
        letter_width, strokes = _LETTERS[letter]
        for stroke in strokes:
            corners = tuple((x_mm + x * scale_mm, y_mm + y * scale_mm) for x, y in stroke)
            yield Line(_rounded(corners), round(thickness_mm, 2))
        x_mm += (letter_width + advance) * scale_mm


def sheet_of(width_mm: float, height_mm: float, plates: Sequence[tuple[float, float]]) -> Sheet:
    """Put plates on a sheet, one below the other, in the middle, with a thin line to cut along.

    Args:
        width_mm: Of the sheet.
        height_mm: Of the sheet.
        plates: For each its upper edge and its width, in millimetres.
    """
    lines: list[Line] = []
    for top_mm, plate_mm in plates:
        lines += plate_lines((width_mm - plate_mm) / 2, top_mm, plate_mm)
    return Sheet(width_mm, height_mm, tuple(lines))


def svg_of(sheet: Sheet, title: str) -> str:
    """Return a sheet as SVG, at its true size.

    Args:
        sheet: What is printed.
        title: For who cannot see it; ASCII without markup.
    """
    size = f"{sheet.width_mm:g} {sheet.height_mm:g}"
    paths = "\n".join(
        f'<path d="M{"L".join(f"{x:g} {y:g}" for x, y in line.corners)}'
        f'{"Z" if line.is_closed else ""}" stroke-width="{line.thickness_mm:g}"/>'
        for line in sheet.lines
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet.width_mm:g}mm" '
        f'height="{sheet.height_mm:g}mm" viewBox="0 0 {size}" role="img">\n'
        f"<title>{title}</title>\n"
        f'<rect width="{sheet.width_mm:g}" height="{sheet.height_mm:g}" fill="#fff"/>\n'
        '<g fill="none" stroke="#0f0f0f" stroke-linecap="round" stroke-linejoin="round">\n'
        f"{paths}\n</g>\n</svg>\n"
    )


def pdf_of(sheet: Sheet, title: str) -> bytes:
    """Return a sheet as PDF, at its true size.

    Args:
        sheet: What is printed.
        title: Of the document; ASCII without brackets.

    Source:
        ISO 32000-1, sections 7.5 and 8.5.
    """
    point = 72 / 25.4
    drawn = [f"{point:.6f} 0 0 {-point:.6f} 0 {sheet.height_mm * point:.3f} cm 1 J 1 j 0.06 G"]
    for line in sheet.lines:
        first, *others = (f"{x:g} {y:g}" for x, y in line.corners)
        way = f"{first} m {' '.join(f'{corner} l' for corner in others)}"
        drawn.append(f"{line.thickness_mm:g} w {way} {'s' if line.is_closed else 'S'}")
    stream = "\n".join(drawn)
    box = f"[0 0 {sheet.width_mm * point:.3f} {sheet.height_mm * point:.3f}]"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R /Resources << >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        f"<< /Title ({title}) >>",
    )
    document = "%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(document))
        document += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    document += (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {size} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{len(document)}\n%%EOF\n"
    )
    return document.encode("ascii")


def picture_of(sheet: Sheet, pixels_a_mm: float) -> BgrImage:
    """Return a sheet as a picture.

    Args:
        sheet: What is printed.
        pixels_a_mm: Its resolution.

    Returns:
        Shape (H, W, 3), uint8, BGR, in memory of its own.
    """
    size = (round(sheet.height_mm * pixels_a_mm), round(sheet.width_mm * pixels_a_mm), 3)
    picture = np.full(size, _PAPER, np.uint8)
    for line in sheet.lines:
        corners = np.array(line.corners) * pixels_a_mm * (1 << _SUBPIXEL_BITS)
        cv2.polylines(
            picture,
            [np.rint(corners).astype(np.int32)],
            line.is_closed,
            (_INK, _INK, _INK),
            max(1, round(line.thickness_mm * pixels_a_mm)),
            cv2.LINE_AA,
            _SUBPIXEL_BITS,
        )
    return picture


def _rounded(corners: Stroke) -> Stroke:
    """Return corners to a hundredth of a millimetre."""
    return tuple((round(x, 2), round(y, 2)) for x, y in corners)
