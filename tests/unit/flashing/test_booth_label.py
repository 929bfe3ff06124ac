"""The label: what its code says, and that its page is one."""

import io
import re

import pytest

from edge_lpr.flashing.label import HEIGHT_MM, WIDTH_MM, Label
from edge_lpr.wire.topics import DeviceAddress

BOOTH = DeviceAddress("agency", "north-crossing", "booth-1")
LONGEST = DeviceAddress("a" * 32, "b" * 32, "c" * 32)
FINGERPRINT = "S1RS-0XNT-4DDA-R2BF-SDWQ"

DRAWN_TEXT = re.compile(r"BT /F1 ([0-9.]+) Tf ([0-9.]+) ([0-9.]+) Td \(([^)]*)\) Tj ET")


def test_code_says_who_the_booth_is_and_by_what_to_believe_it() -> None:
    assert Label(BOOTH, "Z78g2GXE1dj0vKAQ", FINGERPRINT).text().splitlines() == [
        "edge-lpr agency/north-crossing/booth-1",
        "authority Z78g2GXE1dj0vKAQ",
        "booth S1RS-0XNT-4DDA-R2BF-SDWQ",
    ]


def test_label_from_before_the_first_boot_leaves_room_for_the_fingerprint() -> None:
    label = Label(BOOTH, "Z78g2GXE1dj0vKAQ", None)
    assert "booth-1" in label.text()
    assert len(label.text().splitlines()) == 2
    assert b"(..............)" in label.pdf()


@pytest.mark.parametrize("address", [BOOTH, LONGEST], ids=["ordinary", "longest names"])
@pytest.mark.parametrize("fingerprint", [None, FINGERPRINT])
def test_everything_is_within_the_page(address: DeviceAddress, fingerprint: str | None) -> None:
    page = Label(address, "Z78g2GXE1dj0vKAQ", fingerprint).pdf().decode("ascii")
    texts = DRAWN_TEXT.findall(page)
    assert len(texts) == 8
    for height, left, bottom, text in texts:
        assert float(left) + len(text) * 0.6 * float(height) <= WIDTH_MM - 1.9
        assert 1 <= float(bottom) <= HEIGHT_MM - float(height)


def test_pdf_finds_its_own_parts() -> None:
    page = Label(BOOTH, "Z78g2GXE1dj0vKAQ", FINGERPRINT).pdf()
    table = int(page.rpartition(b"startxref\n")[2].split()[0])
    assert page[table:].startswith(b"xref\n0 6\n")
    for number, line in enumerate(page[table:].splitlines()[3:8], 1):
        place = int(line.split()[0])
        assert page[place:].startswith(f"{number} 0 obj\n".encode())
    length = int(page.partition(b"/Length ")[2].split()[0])
    stream = page.partition(b"stream\n")[2]
    assert stream[length:].startswith(b"\nendstream")


def test_terminal_shows_code_and_text() -> None:
    shown = io.StringIO()
    Label(BOOTH, "Z78g2GXE1dj0vKAQ", None).show(shown)
    assert "█" in shown.getvalue()
    assert shown.getvalue().endswith("authority Z78g2GXE1dj0vKAQ\n")
