"""The label on a booth: which one it is, and the fingerprints that tell it from an impostor.

A QR code that any telephone reads as text, and the same text for people; on paper as a page of PDF
as wide as the tape of common label printers, on a terminal in blocks.
"""

import io
from dataclasses import dataclass
from typing import Final, TextIO

import segno

from edge_lpr.wire.topics import DeviceAddress

WIDTH_MM: Final = 62
HEIGHT_MM: Final = 32
"""Fits the 62 mm tape of common label printers, with a code that is read at arm's length."""

_POINTS_PER_MM: Final = 72 / 25.4
_MARGIN_MM: Final = 2.0
_CODE_MM: Final = 28.0
_QUIET_MODULES: Final = 2
"""Blank paper around the code; with the margin of the label more than the four that are asked for.

Source: ISO/IEC 18004:2015, 5.3.8.
"""

_TEXT_LEFT_MM: Final = _MARGIN_MM + _CODE_MM + 1
_LARGEST_MM: Final = 3.0
_LINE_SPACING: Final = 1.35
_COURIER_ASPECT: Final = 0.6
"""Every sign of Courier is so wide, as a part of its height."""

_FIRST_LINE: Final = 14
"""Three groups of a fingerprint; the other two are on the next line."""

_BLANK: Final = "." * 29
"""Where a fingerprint is written by hand."""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a label. Nothing of it is secret."""

    address: DeviceAddress
    """Which booth."""
    authority: str
    """Fingerprint of the agency's authority, from the bundle."""
    fingerprint: str | None
    """Of the booth's request, as the custodian approved it; ``None`` before the first boot, which
    makes the booth's keys."""

    def text(self) -> str:
        """Return what the QR code says."""
        lines = [
            f"edge-lpr {self.address.tenant}/{self.address.site}/{self.address.device}",
            f"authority {self.authority}",
        ]
        if self.fingerprint is not None:
            lines.append(f"booth {self.fingerprint}")
        return "\n".join(lines)

    def show(self, out: TextIO) -> None:
        """Draw the code on a terminal, with its text below.

        Args:
            out: A terminal that shows block characters.
        """
        drawn = io.StringIO()
        _code(self).terminal(drawn, compact=True, border=_QUIET_MODULES)
        out.write(f"{drawn.getvalue()}{self.text()}\n")

    def pdf(self) -> bytes:
        """Return a page of ``WIDTH_MM`` by ``HEIGHT_MM``."""
        return _document(_drawing(self))


def _code(label: Label) -> segno.QRCode:
    """Return the QR code; a fifth of it may be scratched (level Q bears a quarter)."""
    return segno.make_qr(label.text(), error="q", boost_error=False)


def _drawing(label: Label) -> str:
    """Return the page's content, in millimetres from its lower left corner."""
    commands = [f"{_POINTS_PER_MM:.5f} 0 0 {_POINTS_PER_MM:.5f} 0 0 cm"]
    rows = list(_code(label).matrix_iter(border=_QUIET_MODULES))
    module_mm = _CODE_MM / len(rows)
    for y, row in enumerate(rows):
        for x, is_dark in enumerate(row):
            if is_dark:
                left_mm = _MARGIN_MM + x * module_mm
                bottom_mm = HEIGHT_MM - _MARGIN_MM - (y + 1) * module_mm
                commands.append(f"{left_mm:.3f} {bottom_mm:.3f} {module_mm:.3f} {module_mm:.3f} re")
    commands.append("f")
    bottom_mm = HEIGHT_MM - _MARGIN_MM
    for text, height_mm in _lines(label):
        bottom_mm -= height_mm * _LINE_SPACING
        commands.append(f"BT /F1 {height_mm} Tf {_TEXT_LEFT_MM} {bottom_mm:.2f} Td ({text}) Tj ET")
    return "\n".join(commands)


def _lines(label: Label) -> list[tuple[str, float]]:
    """Return what stands beside the code, each line with its height in millimetres."""
    groups = label.fingerprint or _BLANK
    # Names hold no sign that PDF would read as anything but itself.
    return [
        (label.address.device, _fitting_mm(label.address.device)),
        (label.address.site, _fitting_mm(label.address.site)),
        (label.address.tenant, min(1.7, _fitting_mm(label.address.tenant))),
        ("authority", 1.5),
        (label.authority, 2.4),
        ("booth", 1.5),
        (groups[:_FIRST_LINE], 2.4),
        (groups[_FIRST_LINE + 1 :], 2.4),
    ]


def _fitting_mm(text: str) -> float:
    """Return how high a line can be that fits beside the code."""
    room_mm = WIDTH_MM - _TEXT_LEFT_MM - _MARGIN_MM
    return round(min(_LARGEST_MM, room_mm / (_COURIER_ASPECT * len(text))), 2)


def _document(drawing: str) -> bytes:
    """Return a PDF document of one page.

    Source:
        ISO 32000-1:2008, 7.5. Courier is one of the fonts that every reader has.
    """
    width, height = WIDTH_MM * _POINTS_PER_MM, HEIGHT_MM * _POINTS_PER_MM
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.3f} {height:.3f}] "
        "/Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold >>",
    )
    content = bytearray(b"%PDF-1.4\n")
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{text}\nendobj\n".encode("ascii")
    table = len(content)
    content += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode("ascii")
    content += b"".join(f"{place:010} 00000 n \n".encode("ascii") for place in places)
    content += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    ).encode("ascii")
    return bytes(content)
