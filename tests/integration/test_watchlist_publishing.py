"""From the command line to a booth's memory: compile, publish, add, publish again."""

import io
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.authority.__main__ import main
from edge_lpr.authority.authority import DeploymentPlan
from edge_lpr.authority.broker_link import BrokerLink, link_of
from edge_lpr.authority.watchlist_files import site_days
from edge_lpr.authority.watchlist_progress import BarProgress, LineProgress, duration_words
from edge_lpr.authority.watchlist_publishing import LISTS_EXPIRY_S, publish_lists
from edge_lpr.core.clock import SystemClock
from edge_lpr.handoff.record_message import WatchListMessage
from edge_lpr.tokeniser.hit_list import HitList
from edge_lpr.wire.topics import (
    WatchListTopic,
    parse_watch_list_topic,
    watch_list_filter,
    watch_list_topic,
)
from edge_lpr.wire.watch_list import WatchListManifest, sign_manifest
from tests.support.authority import Folders, memory_folder
from tests.support.authority_broker import AUTHORITY_LINE, agency_broker
from tests.support.broker import Mosquitto, running_mosquitto
from tests.support.clock import SetClock
from tests.support.watchlist_compiling import Compiling, compiling, plate

LIST = [plate(f"case-{n}", f"KLM{n:03d}") for n in range(200)]


@pytest.fixture
def bench() -> Iterator[Compiling]:
    with compiling() as made:
        yield made


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path) as running:
        yield running


def lists_of_a_booth(bench: Compiling, retained: dict[str, bytes], site: str) -> HitList:
    """Return what a booth makes of what the broker keeps, in the broker's order."""
    lists = HitList(
        bench.authority.deployment.tenant,
        site,
        bench.authority.deployment.authority,
        lambda epoch: bench.authority.epoch_keys(site, epoch).site,
    )
    lists.keep_from(bench.today)
    for topic, content in retained.items():
        part = parse_watch_list_topic(topic)
        lists.take(WatchListMessage(part.epoch, part.index, content))
    return lists


@pytest.mark.broker
def test_booth_that_comes_later_gets_every_list_of_its_site(
    bench: Compiling, broker: Mosquitto
) -> None:
    bench.compile(LIST, bench.order(epochs=2))
    with BrokerLink("127.0.0.1", broker.port, None) as link:
        published = publish_lists(bench.authority, site_days(bench.out, bench.today), link)
        assert (published.lists, published.entries) == (4, 800)
        retained = link.retained(watch_list_filter("agency", "south"), 0.5)
        assert len(retained) == 2 * (1 + 3)
        lists = lists_of_a_booth(bench, retained, "south")
        assert lists.epochs() == (bench.today, bench.today + 1)
        tokens = bench.tokens("KLM042", "south", 1)
        found = lists.find(bench.today + 1, tokens)
        assert found is not None
        assert not found.possible


@pytest.mark.broker
def test_shorter_list_and_past_days_leave_nothing_at_the_broker(
    bench: Compiling, broker: Mosquitto
) -> None:
    def publish() -> dict[str, bytes]:
        with BrokerLink("127.0.0.1", broker.port, None) as link:
            publish_lists(bench.authority, site_days(bench.out, bench.today), link)
            return link.retained(watch_list_filter("agency", "south"), 0.5)

    def parts(epoch: int, chunks: int) -> set[str]:
        place = f"lpr/v1/agency/south/watchlist/{epoch}/"
        return {place + part for part in ("manifest", *map(str, range(chunks)))}

    first = bench.today
    bench.compile(LIST)
    assert set(publish()) == parts(first, 3)
    bench.compile(LIST[:80])
    retained = publish()
    assert set(retained) == parts(first, 2)
    assert lists_of_a_booth(bench, retained, "south").epochs() == (first,)
    bench.compile([])
    assert set(publish()) == parts(first, 0)
    bench.compile(LIST, bench.order(epochs=2))
    assert set(publish()) == parts(first, 3) | parts(first + 1, 3)
    # A booth that restarts just after midnight still has passages of the day before.
    bench.clock.advance_s((first + 1) * 86_400 - bench.clock.unix_s() + 899)
    assert set(publish()) == parts(first, 3) | parts(first + 1, 3)
    bench.clock.advance_s(1)
    assert set(publish()) == parts(first + 1, 3)


@pytest.mark.broker
def test_broker_as_shipped_lets_the_authority_take_lists_back(tmp_path: Path) -> None:
    with agency_broker(tmp_path) as shipped, memory_folder() as base:
        plan = DeploymentPlan("agency", "localhost", shipped.port, shipped.consumers_port, None)
        with Folders(base).create(SystemClock(), plan=plan) as authority:
            shipped.certify(authority, f"device agency/north/booth-1\n{AUTHORITY_LINE}\n")
            shipped.start()
            past = WatchListManifest("agency", "north", 20_000, 1, 1, 1, bytes(32), 1)
            manifest = WatchListTopic("agency", "north", 20_000, None)
            left_behind = [
                (watch_list_topic(manifest), sign_manifest(past, authority.signing_key())),
                (watch_list_topic(replace(manifest, index=0)), b"a chunk"),
            ]
            everything = watch_list_filter("agency", "north")
            with link_of(authority) as link:
                link.publish_all(left_behind, retain=True, expiry_s=LISTS_EXPIRY_S)
                assert link.retained(everything, 0.5) == dict(left_behind)
                publish_lists(authority, [], link)
                assert link.retained(everything, 0.5) == {}


class Listening:
    """Stands for the broker, and remembers."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.kept: dict[str, bytes] = {}
        self.is_retained = True
        self.expiry_s = 0

    def publish_all(
        self, messages: list[tuple[str, bytes]], *, retain: bool, expiry_s: int
    ) -> None:
        self.topics += [topic for topic, _ in messages]
        self.is_retained &= retain
        self.expiry_s = expiry_s

    def retained(self, topic_filter: str, quiet_s: float) -> dict[str, bytes]:
        assert topic_filter == "lpr/v1/agency/+/watchlist/+/manifest"
        assert quiet_s > 0
        return self.kept


def test_manifest_goes_first_and_everything_is_kept_for_two_days(bench: Compiling) -> None:
    bench.compile(LIST)
    link = Listening()
    publish_lists(bench.authority, [bench.day("north")], link)
    place = f"lpr/v1/agency/north/watchlist/{bench.today}/"
    assert link.topics == [place + part for part in ("manifest", "0", "1", "2")]
    assert link.is_retained
    assert link.expiry_s == LISTS_EXPIRY_S == 172_800
    (entry,) = [
        each for each in bench.authority.journal.entries() if each.call == "watchlist-published"
    ]
    assert entry.details == {"lists": 1, "entries": 200}


def test_what_the_authority_has_not_signed_tells_nothing_about_chunks(bench: Compiling) -> None:
    bench.compile(LIST)
    link = Listening()
    link.kept = {f"lpr/v1/agency/north/watchlist/{day}/manifest": b"a.b.c" for day in (1, 99_999)}
    publish_lists(bench.authority, [], link)
    assert link.topics == []


def test_without_lists_nothing_is_published(bench: Compiling) -> None:
    link = Listening()
    published = publish_lists(bench.authority, [bench.day("north")], link)
    assert published.lists == 0
    assert link.topics == []


def command(bench: Compiling, *words: str) -> list[str]:
    """Return a command line; it runs by this machine's own clock."""
    action, *rest = words
    return ["watchlist", action, *rest, "--folder", str(bench.folders.folder)]


def test_command_line_compiles_adds_and_says_what_is_where(
    bench: Compiling, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = bench.folders.base / "list.csv"
    listed.write_text("plate,entry\nKLM123,case-1\n")
    out = ("--out", str(bench.out), "--epochs", "1", "--variants", "1", "--workers", "1")
    assert main(command(bench, "compile", str(listed), *out)) == 0
    said = capsys.readouterr()
    assert "1 entries, 2 plates with their variants; days: 1, sites: 2; 2 lists" in said.out
    assert "servers.jsonl" in said.out
    assert "of 1,000,000 passages" in said.out
    assert "2 plates to stretch" in said.err
    monkeypatch.setattr("sys.stdin", io.StringIO("new 1\n"))
    added = ("add", str(bench.out), "--entry", "case-9", "--without-broker")
    assert main(command(bench, *added)) == 0
    assert "added to 2 lists" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("n-e-w-1\n"))
    assert main(command(bench, *added)) == 0
    assert "on every list already" in capsys.readouterr().out
    calls = [
        each.details["task"] for each in bench.authority.journal.entries() if each.call == "call"
    ]
    assert calls == ["watchlist compile", "watchlist add", "watchlist add"]


def test_command_line_publishes_what_it_compiles_adds_or_finds(
    bench: Compiling, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Listening()
    monkeypatch.setattr("edge_lpr.authority.tasks.watchlist.link_of", lambda _: nullcontext(link))
    monkeypatch.setattr("edge_lpr.authority.tasks.watchlist._FOUR_DAYS_OF_ROWS", 0)
    listed = bench.folders.base / "list.csv"
    listed.write_text("plate,entry\nKLM123,case-1\n")
    out = ("--out", str(bench.out), "--epochs", "1", "--publish")
    assert main(command(bench, "compile", str(listed), *out)) == 0
    said = capsys.readouterr().out
    assert "published 2 lists for booths" in said
    assert "a hit-only booth holds" in said
    assert len(link.topics) == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("NEW 1\n"))
    assert main(command(bench, "add", str(bench.out), "--entry", "case-9")) == 0
    assert "published 2 lists for booths" in capsys.readouterr().out
    assert len(link.topics) == 8
    assert main(command(bench, "publish", str(bench.out))) == 0
    assert capsys.readouterr().out.startswith("published 2 lists for booths")
    assert len(link.topics) == 12


def test_publishing_where_servers_alone_have_lists_says_so(
    bench: Compiling, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Listening()
    monkeypatch.setattr("edge_lpr.authority.tasks.watchlist.link_of", lambda _: nullcontext(link))
    listed = bench.folders.base / "list.csv"
    listed.write_text("plate,entry\nKLM123,case-1\n")
    out = ("--out", str(bench.out), "--epochs", "1", "--servers-only", "--publish")
    assert main(command(bench, "compile", str(listed), *out)) == 0
    assert "no list for booths, so nothing was published" in capsys.readouterr().out
    assert link.topics == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("compile", "LIST", "--out", "OUT", "--sites", "west"), "there is no west"),
        (("compile", "LIST", "--out", "OUT", "--variants", "64"), "a hit-only booth holds 1;"),
        (("compile", "BAD", "--out", "OUT"), "line 2: its plate"),
        (("publish", "OUT"), "has no list for today or later"),
        (("add", "OUT", "--entry", "case-9"), "compile one first"),
        (("add", "OUT", "--entry", "!"), "its entry must have"),
    ],
)
def test_command_line_says_what_is_wrong(
    bench: Compiling,
    words: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_lpr.authority.tasks.watchlist.MAXIMUM_BOOTH_ROWS", 1)
    monkeypatch.setattr("sys.stdin", io.StringIO("KLM 999\n"))
    places = {
        "LIST": bench.folders.base / "list.csv",
        "BAD": bench.folders.base / "bad.csv",
        "OUT": bench.out,
    }
    places["LIST"].write_text("plate,entry\nKLM123,case-1\n")
    places["BAD"].write_text("plate,entry\n!,case-1\n")
    chosen = [str(places.get(word, word)).replace("!", "\t") for word in words]
    assert main(command(bench, *chosen)) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert "KLM" not in said


def test_plate_that_is_none_is_not_added(
    bench: Compiling, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("KLM?999\n"))
    assert main(command(bench, "add", str(bench.out), "--entry", "case-9")) == 1
    said = capsys.readouterr().err
    assert "holds a character that no plate has" in said
    assert "KLM?999" not in said


def test_broker_that_is_away_is_said_after_what_was_done(
    bench: Compiling, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = bench.folders.base / "list.csv"
    listed.write_text("plate,entry\nKLM123,case-1\n")
    out = ("--out", str(bench.out), "--epochs", "1", "--publish")
    assert main(command(bench, "compile", str(listed), *out)) == 1
    said = capsys.readouterr().err
    assert "2 lists written" in said
    assert "but the lists are not published" in said
    assert "no session" in said


def test_compiling_for_servers_alone_publishes_nothing(
    bench: Compiling, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = bench.folders.base / "list.csv"
    listed.write_text("plate,entry\nKLM123,case-1\n")
    out = ("--out", str(bench.out), "--epochs", "1", "--servers-only", "--sites", "south")
    assert main(command(bench, "compile", str(listed), *out)) == 0
    assert "sites: 1" in capsys.readouterr().out
    assert [day.site for day in site_days(bench.out, 0)] == ["south"]


def test_without_a_site_there_is_nothing_to_compile_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = Folders(tmp_path)
    folders.create(SetClock()).close()
    (tmp_path / "list.csv").write_text("plate,entry\nKLM123,case-1\n")
    words = ["watchlist", "compile", str(tmp_path / "list.csv"), "--out", str(tmp_path / "out")]
    assert main([*words, "--folder", str(folders.folder)]) == 1
    assert "there is no site yet" in capsys.readouterr().err


def test_numbers_out_of_range_are_refused(bench: Compiling) -> None:
    for words in (("--epochs", "9"), ("--epochs", "x"), ("--variants", "65"), ("--workers", "0")):
        with pytest.raises(SystemExit):
            main(command(bench, "compile", "list.csv", "--out", "x", *words))


def test_lines_tell_rate_and_time_left_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = SetClock()
    progress = LineProgress(clock)
    progress.begin(100)
    for _ in range(4):
        clock.advance_s(30)
        progress.step(20_454)
    progress.end()
    assert capsys.readouterr().err.splitlines() == [
        "100 plates to stretch; what is done is kept if this is interrupted",
        "epoch 20454: 2 of 100 plates, 0.0 a second, 0 h 49 min left",
        "epoch 20454: 4 of 100 plates, 0.0 a second, 0 h 48 min left",
    ]
    LineProgress(clock).begin(0)
    assert capsys.readouterr().err == ""


def test_durations_are_for_people() -> None:
    assert [duration_words(seconds) for seconds in (3.2, 61, 51_400)] == [
        "3 s",
        "0 h 01 min",
        "14 h 17 min",
    ]


def test_bar_shows_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    progress = BarProgress()
    progress.begin(2)
    progress.step(20_454)
    progress.step(20_454)
    progress.end()
    assert "2/2" in capsys.readouterr().err
    idle = BarProgress()
    idle.begin(0)
    idle.end()
    assert capsys.readouterr().err == ""
