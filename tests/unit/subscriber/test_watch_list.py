import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError, WireError
from edge_lpr.subscriber import watch_list
from edge_lpr.subscriber.watch_list import Hit, Match, WatchList
from edge_lpr.wire import base64url
from tests.support.fleet import SIGHTING

SITE = "lane-07"


def _line(**changes: object) -> bytes:
    entry = {
        "site": SITE,
        "epoch": SIGHTING.epoch,
        "exact": base64url.encode(SIGHTING.exact).decode(),
        "fold": base64url.encode(SIGHTING.fold).decode(),
        "entry": "case-4711",
    }
    return json.dumps(entry | changes).encode()


def _list(*lines: bytes) -> WatchList:
    listed = WatchList()
    for line in lines:
        listed.add(line)
    return listed


def test_sighting_with_the_exact_token_is_a_hit() -> None:
    assert _list(_line()).find(SITE, SIGHTING) == Hit(("case-4711",), Match.EXACT)


def test_sighting_with_the_folded_token_alone_is_a_possible_hit() -> None:
    lookalike = replace(SIGHTING, exact=b"x" * 16)
    assert _list(_line()).find(SITE, lookalike) == Hit(("case-4711",), Match.FOLD)


def test_sighting_of_a_variant_is_only_ever_a_possible_hit() -> None:
    assert _list(_line(variant=True)).find(SITE, SIGHTING) == Hit(("case-4711",), Match.VARIANT)


def test_plate_that_is_also_a_variant_of_another_is_its_own_hit() -> None:
    listed = _list(_line(variant=True, entry="case-12"), _line())
    assert listed.find(SITE, SIGHTING) == Hit(("case-4711",), Match.EXACT)


def test_longest_entry_in_any_script_fits_a_line() -> None:
    entry = "\U0001f697" * 64
    assert _list(_line(entry=entry, variant=True)).find(SITE, SIGHTING) is not None


@pytest.mark.parametrize(
    "other",
    [{"site": "lane-08"}, {"epoch": SIGHTING.epoch + 1}, {"exact": "A" * 22, "fold": "A" * 22}],
    ids=["another site", "another day", "another vehicle"],
)
def test_sighting_of_something_else_is_no_hit(other: dict[str, object]) -> None:
    assert _list(_line(**other)).find(SITE, SIGHTING) is None


def test_two_entries_that_look_alike_are_both_named() -> None:
    listed = _list(_line(exact="A" * 22), _line(exact="B" * 21 + "A", entry="case-12"), _line())
    assert listed.find(SITE, replace(SIGHTING, exact=b"x" * 16)) == Hit(
        ("case-4711", "case-12"), Match.FOLD
    )
    assert len(listed) == 4


@pytest.mark.parametrize(
    "line",
    [
        b"case-4711",
        _line(exact="AAAA"),
        _line(entry=""),
        _line(entry="x" * 65),
        _line(site="Lane 7"),
        _line(plate="secret"),
        _line(variant=False),
        _line(entry="x" * 1024),
    ],
    ids=["no JSON", "short token", "no name", "long name", "bad site", "more", "no", "long line"],
)
def test_line_that_is_no_entry_is_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        WatchList().add(line)


def test_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "watch-list"
    path.write_bytes(_line() + b"\n\n" + _line(epoch=SIGHTING.epoch + 1) + b"\n")
    assert len(watch_list.read_watch_list(path)) == 4


def test_line_that_is_wrong_is_named_and_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "watch-list"
    path.write_bytes(_line() + b"\nAB123CD\n")
    with pytest.raises(SettingsError, match="line 2: the watch-list entry is no JSON") as refused:
        watch_list.read_watch_list(path)
    assert "AB123CD" not in str(refused.value)


def test_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="absent: cannot be read"):
        watch_list.read_watch_list(tmp_path / "absent")


def test_list_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_list, "_MAXIMUM_ENTRIES", 1)
    path = tmp_path / "watch-list"
    path.write_bytes(_line() + b"\n" + _line())
    with pytest.raises(SettingsError, match="more than 1 entries"):
        watch_list.read_watch_list(path)
