"""The printable test cards in ``docs/`` are what ``scripts/make_card`` makes, and readable."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from edge_lpr.core.reserved_plate import RESERVED_PLATE
from edge_lpr.synthesis.card import picture_of
from edge_lpr.synthesis.card_sheets import A4, POCKET, SHEETS, write_cards

REPOSITORY = Path(__file__).parents[2]


def test_cards_are_those_of_the_script(tmp_path: Path) -> None:
    write_cards(tmp_path)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(made) == {f"{name}.{kind}" for name in SHEETS for kind in ("svg", "pdf")}
    for name, content in made.items():
        assert (REPOSITORY / "docs" / name).read_bytes() == content, "run scripts/make_card"


def test_script_writes_into_the_documentation() -> None:
    before = (REPOSITORY / "docs" / "card-a4.pdf").read_bytes()
    subprocess.run([sys.executable, str(REPOSITORY / "scripts" / "make_card")], check=True)
    assert (REPOSITORY / "docs" / "card-a4.pdf").read_bytes() == before


@pytest.mark.parametrize("name", SHEETS)
def test_vector_files_have_the_sheet_s_size_and_no_font(name: str) -> None:
    sheet, _ = SHEETS[name]
    root = ET.parse(REPOSITORY / "docs" / f"{name}.svg").getroot()  # noqa: S314 - our own file
    assert (root.get("width"), root.get("height")) == (
        f"{sheet.width_mm:g}mm",
        f"{sheet.height_mm:g}mm",
    )
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {
        *("svg", "title", "rect", "g", "path")
    }
    pdf = (REPOSITORY / "docs" / f"{name}.pdf").read_bytes()
    assert b"/Font" not in pdf
    (found,) = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    size_mm = [float(number) * 25.4 / 72 for number in found]
    assert size_mm == pytest.approx([sheet.width_mm, sheet.height_mm], abs=0.01)


def test_table_of_the_pdf_names_where_its_objects_begin() -> None:
    pdf = (REPOSITORY / "docs" / "card-a4.pdf").read_bytes()
    (start,) = re.findall(rb"startxref\n(\d+)\n", pdf)
    assert pdf[int(start) :].startswith(b"xref\n")
    offsets = [int(each) for each in re.findall(rb"^(\d{10}) 00000 n ", pdf, re.MULTILINE)]
    for number, offset in enumerate(offsets, 1):
        assert pdf[offset:].startswith(b"%d 0 obj" % number)


def test_picture_is_dark_letters_and_a_frame_on_white() -> None:
    picture = picture_of(POCKET, 10)
    assert picture.shape == (540, 856, 3)
    assert picture[5, 5].tolist() == [255, 255, 255]
    middle = picture[270, :, 0] < 128
    # Both sides of the frame, and at least one stroke of each letter.
    runs = int(np.count_nonzero(middle[1:] & ~middle[:-1]))
    assert runs >= len(RESERVED_PLATE) + 2
    assert len(A4.lines) == 2 * len(POCKET.lines)
