"""Stored sightings are found by the tokens of a file, in both stores."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.store.__main__ import main
from edge_lpr.store.look_back import find_sightings
from edge_lpr.subscriber.watch_list import Match, WatchList, read_watch_list
from edge_lpr.wire import base64url
from edge_lpr.wire.sighting import SightingClaims, sign_sighting
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.fleet import DAY_S, SIGHTING, SignedBooth
from tests.support.stores import BOTH_STORES, StoreWorld, store_world

BOOTH = SignedBooth()
SITE = BOOTH.address.site
OTHER = b"\x01" * 16


@pytest.fixture(params=BOTH_STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world(request.param, tmp_path) as made:
        yield made


def store(world: StoreWorld, *claims: SightingClaims) -> None:
    """Store sightings, numbered in their order."""
    documents = [
        sign_sighting(replace(each, seq=number), BOOTH.event_key)
        for number, each in enumerate(claims, start=1)
    ]
    world.store.add(world.sightings(BOOTH, documents))


def line(
    claims: SightingClaims = SIGHTING, *, site: str = SITE, entry: str = "lookup-7"
) -> dict[str, object]:
    """Return a line of a list with a sighting's tokens."""
    return {
        "site": site,
        "epoch": claims.epoch,
        "exact": base64url.encode(claims.exact).decode(),
        "fold": base64url.encode(claims.fold).decode(),
        "entry": entry,
    }


def listing(*lines: dict[str, object]) -> WatchList:
    listed = WatchList()
    for each in lines:
        listed.add(json.dumps(each).encode())
    return listed


def test_exact_and_possible_matches_are_found_in_order_of_time(world: StoreWorld) -> None:
    later = replace(SIGHTING, at=SIGHTING.at + 60)
    lookalike = replace(SIGHTING, exact=OTHER, lane=2)
    stranger = replace(SIGHTING, exact=OTHER, fold=OTHER)
    store(world, later, lookalike, stranger)
    found = find_sightings(world.database, listing(line()), 10)
    assert [(each.at, each.match, each.seq) for each in found] == [
        (SIGHTING.at, Match.FOLD, 2),
        (SIGHTING.at + 60, Match.EXACT, 1),
    ]
    assert (found[0].site, found[0].lane, found[0].entries) == (SITE, 2, ("lookup-7",))


def test_days_are_looked_through_one_after_the_other(world: StoreWorld) -> None:
    earlier = replace(
        SIGHTING, at=SIGHTING.at - DAY_S, epoch=SIGHTING.epoch - 1, exact=OTHER, fold=OTHER
    )
    store(world, SIGHTING, earlier)
    found = find_sightings(world.database, listing(line(), line(earlier)), 10)
    assert [each.at for each in found] == [earlier.at, SIGHTING.at]


def test_tokens_of_another_site_or_day_find_nothing(world: StoreWorld) -> None:
    store(world, SIGHTING)
    other_day = replace(SIGHTING, epoch=SIGHTING.epoch + 1)
    listed = listing(line(site="elsewhere"), line(other_day))
    assert find_sightings(world.database, listed, 10) == []


def test_no_more_than_wanted_and_one_are_read(world: StoreWorld) -> None:
    store(world, *(replace(SIGHTING, at=SIGHTING.at + n) for n in range(6)))
    found = find_sightings(world.database, listing(line()), 3)
    assert [each.at - SIGHTING.at for each in found] == [0, 1, 2, 3]


def test_long_list_is_looked_for_in_pieces(world: StoreWorld) -> None:
    store(world, SIGHTING)
    others = [
        line(replace(SIGHTING, exact=n.to_bytes(16, "big"), fold=n.to_bytes(16, "little")))
        for n in range(450)
    ]
    found = find_sightings(world.database, listing(*others, line()), 10)
    assert len(found) == 1


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world("sqlite", tmp_path) as made:
        yield made


def command(tmp_path: Path, *lines: dict[str, object]) -> list[str]:
    """Return the command line that looks for a list's lines."""
    file = tmp_path / "lookup.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return ["find", "--list", str(file), "--sqlite", str(tmp_path / "store.sqlite3")]


def test_command_prints_a_table(
    sqlite: StoreWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lookalike = replace(SIGHTING, at=SIGHTING.at + 1, exact=OTHER, test=True)
    store(sqlite, SIGHTING, lookalike)
    assert SIGHTING.at == NOON_OF_THE_VECTORS
    assert main(command(tmp_path, line())) == 0
    said = capsys.readouterr()
    header, first, second = said.out.splitlines()
    assert header.split() == ["time", "UTC", "booth", "lane", "dir", "match", "entry"]
    assert first.startswith("2026-01-01 12:00:00")
    assert first.split()[-2:] == ["exact", "lookup-7"]
    assert second.endswith("lookup-7 (test)")
    assert "possible" in second
    assert said.err == "2 sightings match\n"


def test_command_prints_json(
    sqlite: StoreWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(sqlite, SIGHTING)
    assert main([*command(tmp_path, line()), "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["match"], found["entries"], found["seq"]) == ("exact", ["lookup-7"], 1)
    assert said.err == "1 sighting matches\n"


def test_command_says_that_there_are_more(
    sqlite: StoreWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(sqlite, *(replace(SIGHTING, at=SIGHTING.at + n) for n in range(3)))
    assert main([*command(tmp_path, line()), "--most", "2", "--json"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2
    assert said.err.startswith("more than 2 sightings match; these are the earliest")


def test_command_finds_nothing_and_says_so(
    sqlite: StoreWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sqlite.kind == "sqlite"
    assert main(command(tmp_path, line())) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "0 sightings match\n")


def test_absent_database_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(tmp_path, line())) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "store.sqlite3").exists()


def test_file_that_is_no_database_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "store.sqlite3").write_bytes(b"no data base, but long enough to be one" * 100)
    assert main(command(tmp_path, line())) == 1
    assert "store.sqlite3" in capsys.readouterr().err


def test_bad_list_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = command(tmp_path)
    (tmp_path / "lookup.jsonl").write_text("AB123CD\n")
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "line 1" in said
    assert "AB123CD" not in said


@pytest.mark.parametrize("most", ["0", "x", "100001"])
def test_number_out_of_range_is_refused(tmp_path: Path, most: str) -> None:
    with pytest.raises(SystemExit):
        main([*command(tmp_path, line()), "--most", most])


def test_what_the_authority_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "lookup.jsonl"
    file.write_text(json.dumps(line()) + "\n")
    assert read_watch_list(file).folds() == [(SIGHTING.epoch, SIGHTING.fold)]
