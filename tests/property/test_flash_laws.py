"""Whatever stands in an image, a table or a note: a sentence, or what it says, and nothing else."""

import contextlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.core.errors import FlashError, InstallationError
from edge_lpr.flashing.batch import read_batch
from edge_lpr.flashing.image_layout import HEAD_BYTES, SECTOR_BYTES, read_layout
from edge_lpr.flashing.ticket_note import read_ticket_note
from edge_lpr.wire.ticket import ticket_code

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
CELLS = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)


@given(st.binary(max_size=2 * SECTOR_BYTES), st.sampled_from([b"\0\0", b"\x55\xaa"]))
def test_any_first_sectors_are_a_layout_within_bounds_or_refused(
    sectors: bytes, signature: bytes
) -> None:
    head = bytearray(sectors.ljust(HEAD_BYTES, b"\0"))
    head[510:512] = signature
    with contextlib.suppress(FlashError):
        layout = read_layout(bytes(head))
        assert HEAD_BYTES <= layout.boot.offset_bytes < layout.boot.end_bytes <= layout.size_bytes


@given(st.binary(min_size=16, max_size=16), NAMES, NAMES, CELLS, CELLS)
def test_ticket_and_booth_are_found_whatever_stands_around_them(
    secret: bytes, site: str, device: str, before: str, after: str
) -> None:
    code = ticket_code(secret)
    note = read_ticket_note(f"{code}\n\nTicket for {site}/{device}, {before}\n{after}")
    assert (note.code, note.site, note.device) == (code, site, device)


@given(st.text(max_size=200))
def test_any_text_is_a_ticket_or_refused(text: str) -> None:
    with contextlib.suppress(InstallationError):
        assert len(read_ticket_note(text).code) == 34


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "booths.csv"
        path.write_bytes(content)
        with contextlib.suppress(InstallationError):
            read_batch(path, {})


@settings(max_examples=50)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=8, unique=True), st.data())
def test_table_gives_back_every_booth_in_its_order(
    booths: list[tuple[str, str]], data: st.DataObject
) -> None:
    sign = data.draw(st.sampled_from([",", ";"]))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    lines = [sign.join(("site", "device", "camera"))]
    lines += [sign.join((site, f'"{device}"', " csi:1 ")) for site, device in booths]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "booths.csv"
        path.write_text(end.join(lines), newline="")
        found = read_batch(path, {})
    assert [(each.site, each.device) for each in found] == booths
