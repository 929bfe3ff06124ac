"""The sheets of ``docs/`` that are printed: A4 with two plates, and one for the pocket."""

from pathlib import Path
from typing import Final

from edge_lpr.synthesis.card import Sheet, pdf_of, sheet_of, svg_of

A4: Final = sheet_of(297, 210, ((25, 260), (130, 260)))
"""Two plates of half the size of a European one; cut apart, one is held up at a time."""

POCKET: Final = sheet_of(85.6, 54, ((18.54, 80),))
"""As large as a bank card (ISO/IEC 7810, ID-1)."""

SHEETS: Final[dict[str, tuple[Sheet, str]]] = {
    "card-a4": (A4, "edge-lpr test card, A4, print at 100 %"),
    "card-pocket": (POCKET, "edge-lpr test card for the pocket, 85.6 x 54 mm, print at 100 %"),
}
"""By the names of their files."""


def write_cards(folder: Path) -> None:
    """Write every sheet as SVG and as PDF.

    Args:
        folder: Where to.
    """
    for name, (sheet, title) in SHEETS.items():
        (folder / f"{name}.svg").write_text(svg_of(sheet, title), encoding="ascii")
        (folder / f"{name}.pdf").write_bytes(pdf_of(sheet, title))
