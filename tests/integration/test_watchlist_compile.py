"""Compiling: what servers and booths are given finds what was listed, and nothing is paid twice."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from edge_lpr.authority.watchlist_add import Effort, add_plate
from edge_lpr.authority.watchlist_booths import BoothListMaker
from edge_lpr.authority.watchlist_compile import (
    CompileOrder,
    compile_list,
    with_likely_variants,
)
from edge_lpr.authority.watchlist_csv import ListedPlate
from edge_lpr.authority.watchlist_files import site_days
from edge_lpr.core.errors import (
    AuthorityError,
    DestroyedError,
    InputRefusedError,
    NotAllowedError,
)
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.tokeniser.hit_list import Match as BoothMatch
from edge_lpr.tokens.suite1 import TokenKeys, TokenPair, TokenScope, make_tokens
from tests.support.fleet import SIGHTING
from tests.support.watchlist_compiling import (
    SITES,
    Compiling,
    Counting,
    cheap_stretch,
    compiling,
    plate,
)

LIST = [plate("case-1", "ABC1234", "ABC1284", "A8C1234"), plate("case-2", "ZZ99")]
CHEAP = Effort(stretch=cheap_stretch)


@pytest.fixture
def bench() -> Iterator[Compiling]:
    with compiling() as made:
        yield made


def server_hit(
    bench: Compiling, tokens: TokenPair, site: str = "north", ahead: int = 0
) -> Hit | None:
    """Return what a server finds for a passage."""
    sighting = replace(SIGHTING, epoch=bench.today + ahead, exact=tokens.exact, fold=tokens.fold)
    return bench.servers_list(site, ahead).find(site, sighting)


def booth_match(
    bench: Compiling, tokens: TokenPair, site: str = "north", ahead: int = 0
) -> tuple[str, bool] | None:
    """Return what a booth finds, with the custodian's name for it."""
    match: BoothMatch | None = bench.booths_list(site, ahead).find(bench.today + ahead, tokens)
    if match is None:
        return None
    names = {name: entry for entry, name in bench.day(site, ahead).read_entries().items()}
    return names[match.entry], match.possible


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("ahead", [0, 1])
def test_servers_and_booths_find_what_was_listed(bench: Compiling, site: str, ahead: int) -> None:
    bench.compile(LIST, bench.order(epochs=2))
    seen = {
        "ABC1234": ("case-1", Match.EXACT),
        "A8C1284": ("case-1", Match.FOLD),
        "ABC1284": ("case-1", Match.VARIANT),
        "22S9": None,
        "2Z99": ("case-2", Match.FOLD),
        "ABC1235": None,
    }
    for canonical, expected in seen.items():
        tokens = bench.tokens(canonical, site, ahead)
        hit = server_hit(bench, tokens, site, ahead)
        match = booth_match(bench, tokens, site, ahead)
        if expected is None:
            assert hit is None
            assert match is None
        else:
            entry, kind = expected
            assert hit == Hit((entry,), kind)
            assert match == (entry, kind is not Match.EXACT)


def test_another_day_or_site_has_other_tokens(bench: Compiling) -> None:
    bench.compile(LIST, bench.order(epochs=2))
    tokens = bench.tokens("ABC1234", "north", 0)
    assert bench.booths_list("south").find(bench.today, tokens) is None
    assert bench.booths_list("north", 1).find(bench.today + 1, tokens) is None


def test_at_real_cost_the_tokens_are_those_of_the_suite(bench: Compiling) -> None:
    order = replace(bench.order(), sites=("north",), workers=2)
    compile_list(bench.authority, [plate("case-1", "ABC1234")], order, Counting())
    keys = bench.authority.epoch_keys("north", bench.today)
    scope = TokenScope("agency", "north", bench.today)
    tokens = make_tokens(b"ABC1234", TokenKeys(keys.stretch, keys.site), scope)
    assert server_hit(bench, tokens) == Hit(("case-1",), Match.EXACT)


def test_one_stretch_serves_all_sites_and_all_plates_of_a_fold(bench: Compiling) -> None:
    bench.compile([plate("a", "B0B", "8OB", "BDB"), plate("b", "8D8")], bench.order(epochs=2))
    assert (bench.progress.total, bench.progress.steps, bench.progress.ends) == (2, 2, 1)


def test_the_same_list_again_costs_nothing_and_changes_nothing(bench: Compiling) -> None:
    first = bench.compile(LIST)
    booths = bench.day().read_booths()
    used = bench.authority.quota.used(bench.today)
    second = bench.compile(LIST)
    assert [each.is_new for each in first] == [True, True]
    assert [each.is_new for each in second] == [False, False]
    assert bench.progress.total == 0
    assert bench.day().read_booths() == booths
    assert bench.authority.quota.used(bench.today) == used == 4


def test_a_changed_list_costs_what_is_new_and_drops_what_is_gone(bench: Compiling) -> None:
    bench.compile(LIST)
    version = manifest_version(bench)
    names = bench.day().read_entries()
    changed = [LIST[1], plate("case-3", "NEW1")]
    assert [each.is_new for each in bench.compile(changed)] == [True, True]
    assert bench.progress.total == 1
    assert bench.authority.quota.used(bench.today) == 5
    assert manifest_version(bench) > version
    assert booth_match(bench, bench.tokens("NEW1")) == ("case-3", False)
    assert booth_match(bench, bench.tokens("ABC1234")) is None
    assert server_hit(bench, bench.tokens("ABC1234")) is None
    # Hits on the version before must still be told.
    assert names.items() <= bench.day().read_entries().items()


def test_booths_names_of_entries_are_others_at_every_site_and_day(bench: Compiling) -> None:
    bench.compile(LIST, bench.order(epochs=2))
    names = [
        name
        for site in SITES
        for ahead in (0, 1)
        for name in bench.day(site, ahead).read_entries().values()
    ]
    assert len(set(names)) == len(names) == 8


def test_version_rises_even_where_the_files_before_were_lost(bench: Compiling) -> None:
    bench.compile(LIST)
    version = manifest_version(bench)
    bench.day().servers_file.unlink()
    bench.day().remove_booths()
    bench.clock.advance_s(1)
    bench.compile(LIST)
    assert manifest_version(bench) > version


def test_beyond_the_quota_nothing_is_compiled(bench: Compiling) -> None:
    bench.authority.quota.register(3)
    with pytest.raises(NotAllowedError, match="quota"):
        bench.compile([*LIST, plate("case-3", "NEW1")])
    assert not bench.day().servers_file.exists()
    assert bench.progress.total == 0
    order = replace(bench.order(), over_quota="court order 12")
    assert len(bench.compile([*LIST, plate("case-3", "NEW1")], order)) == 2


def test_journal_has_counts_and_no_plate_or_entry(bench: Compiling) -> None:
    bench.compile(LIST)
    entries = list(bench.authority.journal.entries())
    compiled = [each.details for each in entries if each.call == "watchlist-compiled"]
    assert compiled == [
        {"epoch": bench.today, "sites": "north south", "entries": 2, "plates": 4, "stretched": 3}
    ]
    assert not any("ABC" in str(each) or "case-1" in str(each) for each in entries)


def test_destroyed_day_cannot_be_compiled(bench: Compiling) -> None:
    bench.compile(LIST)
    bench.authority.vault.destroy([bench.today])
    with pytest.raises(DestroyedError):
        bench.compile(LIST)


def test_no_plate_is_in_any_file(bench: Compiling) -> None:
    bench.compile(LIST)
    files = [path for path in bench.out.rglob("*") if path.is_file()]
    assert len(files) >= 8
    for path in files:
        content = path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
        for listed in LIST:
            assert not any(each in content for each in listed.plates if len(each) > 4)


def test_lists_go_when_the_keys_of_their_day_do(bench: Compiling) -> None:
    bench.compile(LIST)
    past = bench.day()
    beside = past.servers_file.with_name("notes.txt")
    beside.touch()
    days = bench.authority.configuration.retention_days
    for _ in range(days):
        bench.clock.advance_s(86_400)
    bench.compile(LIST)
    # Sightings of a booth that was cut off, and questions about its hits, may still come.
    assert past.read_servers() != b""
    assert set(past.read_entries()) == {"case-1", "case-2"}
    assert past.read_booths() is None
    bench.clock.advance_s(86_400)
    bench.compile(LIST)
    assert [file.name for file in past.servers_file.parent.iterdir()] == ["notes.txt"]
    assert not (bench.out / "south" / str(past.epoch)).exists()
    assert bench.day().read_servers() != b""
    calls = [each for each in bench.authority.journal.entries() if each.call.endswith("forgotten")]
    assert [each.details for each in calls] == [{"lists": 2}]


def test_what_is_kept_of_a_past_day_is_deleted(bench: Compiling) -> None:
    bench.compile(LIST)
    kept = bench.out / "work" / f"{bench.today}.stretched"
    assert kept.exists()
    bench.clock.advance_s(86_400)
    bench.compile(LIST)
    assert not kept.exists()


def test_servers_alone_can_be_given_lists(bench: Compiling) -> None:
    bench.compile(LIST)
    order = replace(bench.order(), is_for_booths=False)
    assert [each.is_new for each in bench.compile(LIST, order)] == [True, True]
    assert bench.day().read_booths() is None
    assert server_hit(bench, bench.tokens("ABC1234")) is not None


def test_two_cannot_compile_into_one_folder(
    bench: Compiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.authority.watchlist_compile._LOCK_WAIT_S", 0.0)

    class Second(Counting):
        def begin(self, total: int) -> None:
            del total
            with pytest.raises(AuthorityError, match="another edge-lpr authority has held it"):
                compile_list(bench.authority, LIST, bench.order(), Counting(), cheap_stretch)
            self.steps = -1_000

    progress = Second()
    compile_list(bench.authority, LIST, bench.order(), progress, cheap_stretch)
    assert progress.steps < 0


def test_likely_variants_come_after_the_listed_ones_and_never_beyond_64() -> None:
    (one,) = with_likely_variants([plate("a", "ABC1234", "KKK")], 3)
    assert one.variants[0] == b"KKK"
    assert len(one.variants) == 4
    full = ListedPlate("b", b"VVVVVVVV", tuple(b"A%02d" % n for n in range(64)))
    assert with_likely_variants([full], 64) == [full]


def add(bench: Compiling, added: ListedPlate) -> int:
    """Add a plate at no cost, and return how many lists have changed."""
    return len(add_plate(bench.authority, bench.out, added, None, CHEAP))


def test_added_plate_is_on_every_list_from_today_on(bench: Compiling) -> None:
    bench.compile(LIST, bench.order(epochs=2))
    versions = {site: manifest_version(bench, site) for site in SITES}
    assert add(bench, plate("case-9", "NEW1", "NEVV1")) == 4
    for site in SITES:
        assert manifest_version(bench, site) > versions[site]
        for ahead in (0, 1):
            tokens = bench.tokens("NEW1", site, ahead)
            assert server_hit(bench, tokens, site, ahead) == Hit(("case-9",), Match.EXACT)
            assert booth_match(bench, tokens, site, ahead) == ("case-9", False)
            tokens = bench.tokens("NEVV1", site, ahead)
            assert booth_match(bench, tokens, site, ahead) == ("case-9", True)
            tokens = bench.tokens("ABC1234", site, ahead)
            assert booth_match(bench, tokens, site, ahead) == ("case-1", False)


def test_plate_that_is_added_again_changes_nothing(bench: Compiling) -> None:
    bench.compile(LIST)
    add(bench, plate("case-9", "NEW1"))
    booths = bench.day().read_booths()
    used = bench.authority.quota.used(bench.today)
    assert add(bench, plate("case-9", "NEW1")) == 0
    assert bench.day().read_booths() == booths
    assert bench.authority.quota.used(bench.today) == used


def test_added_plate_costs_nothing_when_it_is_in_the_next_list(bench: Compiling) -> None:
    bench.compile(LIST)
    add(bench, plate("case-9", "NEW1"))
    bench.compile([*LIST, plate("case-9", "NEW1")])
    assert bench.progress.total == 0
    assert bench.authority.quota.used(bench.today) == 5


def test_listed_plate_is_not_added_under_another_name(bench: Compiling) -> None:
    bench.compile(LIST)
    with pytest.raises(InputRefusedError, match="on the list already, under another entry"):
        add(bench, plate("case-9", "ABC1234"))


def test_name_of_another_plate_is_not_given_twice(bench: Compiling) -> None:
    bench.compile(LIST)
    before = bench.day().read_servers()
    with pytest.raises(InputRefusedError, match="entry is on the list already"):
        add(bench, plate("case-1", "NEW1"))
    assert bench.day().read_servers() == before


def test_variant_of_another_plate_can_be_added_as_a_plate(bench: Compiling) -> None:
    bench.compile(LIST)
    assert add(bench, plate("case-9", "ABC1284")) == 2
    assert booth_match(bench, bench.tokens("ABC1284")) == ("case-9", False)


def test_nothing_can_be_added_where_nothing_runs(bench: Compiling) -> None:
    with pytest.raises(InputRefusedError, match="compile one first"):
        add(bench, plate("case-9", "NEW1"))
    bench.compile(LIST)
    bench.clock.advance_s(86_400)
    with pytest.raises(InputRefusedError, match="compile one first"):
        add(bench, plate("case-9", "NEW1"))


def test_adding_to_servers_alone_makes_no_lists_for_booths(bench: Compiling) -> None:
    bench.compile(LIST, replace(bench.order(), is_for_booths=False))
    add(bench, plate("case-9", "NEW1"))
    assert bench.day().read_booths() is None
    assert server_hit(bench, bench.tokens("NEW1")) == Hit(("case-9",), Match.EXACT)


def test_lists_are_found_nearer_days_first(bench: Compiling) -> None:
    bench.compile(LIST, bench.order(epochs=2))
    (bench.out / "north" / "notes").mkdir()
    days = [(day.epoch - bench.today, day.site) for day in site_days(bench.out, bench.today)]
    assert days == [(0, "north"), (0, "south"), (1, "north"), (1, "south")]
    assert len(site_days(bench.out, bench.today + 1)) == 2


@pytest.mark.parametrize("content", [b"\x00", b"\x00\x09abc", b"\x00\x01x"])
def test_damaged_booths_list_is_named(bench: Compiling, content: bytes) -> None:
    bench.compile(LIST)
    file = bench.day().servers_file.with_name("booths.lpr")
    file.write_bytes(content)
    with pytest.raises(AuthorityError, match="damaged"):
        add(bench, plate("case-9", "NEW1"))


def test_damaged_chunk_is_named(bench: Compiling) -> None:
    bench.compile(LIST)
    file = bench.day().servers_file.with_name("booths.lpr")
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    with pytest.raises(AuthorityError, match="is damaged; compile again"):
        add(bench, plate("case-9", "NEW1"))


def test_damaged_names_are_named(bench: Compiling) -> None:
    bench.compile(LIST)
    file = bench.day().servers_file.with_name("entries.jsonl")
    file.write_bytes(b'{"id": "AAAA", "entry": "case-9"}\n')
    with pytest.raises(AuthorityError, match=r"entries\.jsonl: is damaged"):
        bench.compile(LIST[:1])
    with pytest.raises(AuthorityError, match=r"entries\.jsonl: is damaged"):
        add(bench, plate("case-9", "NEW1"))


def test_folder_that_cannot_be_made_is_named(bench: Compiling) -> None:
    (bench.folders.base / "file").write_bytes(b"")
    order = CompileOrder(bench.folders.base / "file" / "lists", (bench.today,), SITES)
    with pytest.raises(AuthorityError, match="cannot be made"):
        bench.compile(LIST, order)


def manifest_version(bench: Compiling, site: str = "north") -> int:
    """Return the version of today's list for booths."""
    booths = bench.day(site).read_booths()
    assert booths is not None
    return BoothListMaker(bench.authority, site, bench.today).manifest_of(booths).version
