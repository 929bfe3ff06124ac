"""Lists as agencies write them: every bad row is named by its line, and nothing of it quoted."""

from pathlib import Path

import pytest

from edge_lpr.authority.watchlist_csv import ListedPlate, read_list
from edge_lpr.core.errors import InputRefusedError


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    return path


def refusal(tmp_path: Path, content: bytes) -> list[str]:
    """Return the lines of the refusal of a list."""
    with pytest.raises(InputRefusedError) as refused:
        read_list(write(tmp_path, content))
    return str(refused.value).splitlines()


def as_tuples(plates: list[ListedPlate]) -> list[tuple[str, bytes, tuple[bytes, ...]]]:
    return [(each.entry, each.canonical, each.variants) for each in plates]


def test_list_is_read_in_its_order(tmp_path: Path) -> None:
    path = write(tmp_path, b"plate,entry,variants\nabc 12-34,case-1,\nX YZ,case 2,XVZ K.YZ\n")
    assert as_tuples(read_list(path)) == [
        ("case-1", b"ABC1234", ()),
        ("case 2", b"XYZ", (b"XVZ", b"KYZ")),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"plate,entry\nABC1234,case-1\n",
        b"plate,entry\r\nABC1234,case-1\r\n",
        b"plate,entry\nABC1234,case-1",
        b"\xef\xbb\xbfplate,entry\nABC1234,case-1\n",
        b"Plate, Entry\n ABC1234 , case-1 \n",
        b'plate,entry\n"ABC1234","case-1"\n',
        b"plate,entry\n\n,\nABC1234,case-1\n\n",
        b"plate,entry,variants\nABC1234,case-1,ABC1234\n",
    ],
    ids=["plain", "Windows", "no end", "mark", "blanks", "quoted", "empty lines", "own variant"],
)
def test_what_spreadsheets_write_is_the_same_list(tmp_path: Path, content: bytes) -> None:
    assert as_tuples(read_list(write(tmp_path, content))) == [("case-1", b"ABC1234", ())]


def test_equal_variants_count_once(tmp_path: Path) -> None:
    path = write(tmp_path, b"plate,entry,variants\nABC1234,case-1,ABD1234 abd-1234\n")
    assert as_tuples(read_list(path)) == [("case-1", b"ABC1234", (b"ABD1234",))]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"AB!1234,case-2,", "its plate: the text holds a character"),
        (b"A,case-2,", "its plate: a plate has 2 to 12 characters, this has 1"),
        (b"ABCDEFGHIJKLM,case-2,", "its plate: a plate has 2 to 12 characters, this has 13"),
        (b"A" * 65 + b",case-2,", "its plate has more than 64 characters"),
        (b"ABD1234,case-1,", "its entry is that of line 2 too"),
        (b"abc-12 34,case-2,", "its plate is that of line 2 too"),
        (b"ABD1234,,", "its entry must have 1 to 64 printable characters"),
        (b"ABD1234," + b"x" * 65 + b",", "its entry must have 1 to 64 printable characters"),
        (b"ABD1234,case\x072,", "its entry must have 1 to 64 printable characters"),
        (b"ABD1234,case abd-1234,", "its entry holds the plate"),
        (b"QQ,QQ,", "its entry holds the plate"),
        (b"ABD1234,case-2,AB?D", "its variant: the text holds a character"),
        (b"ABD1234,case-2", "it has 2 columns, not 3"),
        (b"ABD1234,case-2,,", "it has 4 columns, not 3"),
        (b"ABD1234,case-\xff,", "it is not UTF-8"),
        (b'"ABD1234,case-2,', "its quotation marks make no sense"),
        (
            b"ABD1234,case-2," + b" ".join(b"V%d" % n for n in range(10, 75)),
            "it has 65 variants; 64 are the most",
        ),
    ],
)
def test_bad_row_is_named_by_its_line(tmp_path: Path, row: bytes, reason: str) -> None:
    rows = b"plate,entry,variants\nABC1234,case-1,\n" + row + b"\nABE1234,case-9,\n"
    head, *named = refusal(tmp_path, rows)
    assert head.endswith("list.csv: 1 row makes no sense; nothing was compiled")
    assert len(named) == 1
    assert named[0].startswith(f"  line 3: {reason}")
    assert not any(text in named[0] for text in ("ABD1234", "AB!1234", "ABC1234", "abc-12"))


def test_every_bad_row_is_named_and_beyond_twenty_they_are_counted(tmp_path: Path) -> None:
    bad = b"".join(b"?,case-%d\n" % n for n in range(25))
    head, *named = refusal(tmp_path, b"plate,entry\n" + bad)
    assert "25 rows make no sense" in head
    assert [line.split(":")[0] for line in named[:-1]] == [f"  line {n}" for n in range(2, 22)]
    assert named[-1] == "  and 5 more"


@pytest.mark.parametrize(
    "content",
    [b"ABC1234,case-1\n", b"plate;entry\nABC1234;case-1\n", b"entry,plate\nx,ABC1234\n", b"\n"],
    ids=["none", "semicolons", "other order", "empty"],
)
def test_wrong_header_is_named_once(tmp_path: Path, content: bytes) -> None:
    _, named = refusal(tmp_path, content)
    assert named.startswith("  line 1: the header must be plate,entry,variants or plate,entry")


def test_endless_line_ends_the_reading(tmp_path: Path) -> None:
    _, named = refusal(tmp_path, b"plate,entry\n" + b"A" * 10_000 + b"\n?,x\n")
    assert named.startswith("  line 2: it has more than 4096 bytes")


def test_list_without_a_plate_is_refused(tmp_path: Path) -> None:
    assert "has no plate" in refusal(tmp_path, b"plate,entry\n")[0]
    assert "has no plate" in refusal(tmp_path, b"")[0]


def test_list_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.authority.watchlist_csv.MAXIMUM_PLATES", 1)
    _, named = refusal(tmp_path, b"plate,entry\nABC1,a\nABC2,b\n")
    assert named == "  line 3: the list has more than 1 plates"


def test_list_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=r"absent\.csv: cannot be read"):
        read_list(tmp_path / "absent.csv")
