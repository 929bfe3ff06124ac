"""A consumer's watch-list follows its file, or the folder that the authority compiles to."""

import gc
import json
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.subscriber.watch_list_file import WatchListFile
from edge_lpr.wire import base64url
from tests.support.fleet import SIGHTING
from tests.support.waiting import wait_until

SITE = "north"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.jsonl"
    write(path, "first")
    return path


@pytest.fixture
def complaints() -> list[SettingsError]:
    return []


@pytest.fixture
def listed(file: Path, complaints: list[SettingsError]) -> Iterator[WatchListFile]:
    with closing(WatchListFile(file, complaints.append)) as listed:
        yield listed


def line(entry: str, *, site: str = SITE, epoch: int = SIGHTING.epoch) -> str:
    tokens = {
        "exact": base64url.encode(SIGHTING.exact).decode(),
        "fold": base64url.encode(SIGHTING.fold).decode(),
    }
    return json.dumps({"site": site, "epoch": epoch, "entry": entry} | tokens)


def write(path: Path, entry: str, *, site: str = SITE, epoch: int = SIGHTING.epoch) -> None:
    """Replace a list, as the authority does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(line(entry, site=site, epoch=epoch) + "\n")
    new.replace(path)


def found(listed: WatchListFile, *, site: str = SITE, epoch: int = SIGHTING.epoch) -> str | None:
    hit = listed.find(site, replace(SIGHTING, epoch=epoch))
    return None if hit is None else hit.entries[0]


def unheard(error: SettingsError) -> None:
    """Take complaints where there is nobody yet to hear them."""
    raise AssertionError from error


def look_twice(listed: WatchListFile) -> None:
    """Notice the change, and read it as it rests."""
    listed.look()
    listed.look()


def test_list_is_there_from_the_start(listed: WatchListFile) -> None:
    assert listed.find(SITE, SIGHTING) == Hit(("first",), Match.EXACT)
    assert found(listed, site="south") is None


def test_changed_file_is_read_again(listed: WatchListFile, file: Path) -> None:
    write(file, "second")
    look_twice(listed)
    assert found(listed) == "second"


def test_change_is_told_with_the_tokens_that_are_looked_for(file: Path) -> None:
    told: list[int] = []
    with closing(WatchListFile(file, unheard, told.append)) as listed:
        assert told == []
        write(file, "second")
        look_twice(listed)
        listed.look()
        assert told == [2]


def test_list_that_is_replaced_leaves_memory(listed: WatchListFile, file: Path) -> None:
    before = weakref.ref(listed._lists[None])
    write(file, "second")
    look_twice(listed)
    gc.collect()
    assert before() is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_that_ends_by_an_error_is_noticed(
    listed: WatchListFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise MemoryError

    assert not listed.has_failed
    monkeypatch.setattr(listed, "look", broken)
    listed.start(0.01)
    wait_until(lambda: listed.has_failed)
    listed.close()
    assert not listed.has_failed


def test_file_that_is_still_being_written_is_left_alone(listed: WatchListFile, file: Path) -> None:
    write(file, "half of it")
    listed.look()
    write(file, "the whole")
    listed.look()
    assert found(listed) == "first"
    listed.look()
    assert found(listed) == "the whole"


def test_file_that_is_written_while_it_is_read_is_read_again(
    listed: WatchListFile, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = WatchListFile._read

    def interrupted(self: WatchListFile, *arguments: object) -> object:
        write(file, "third")
        return read(self, *arguments)  # type: ignore[arg-type]

    write(file, "second")
    listed.look()
    with monkeypatch.context() as patch:
        patch.setattr(WatchListFile, "_read", interrupted)
        listed.look()
    assert found(listed) == "first"
    look_twice(listed)
    assert found(listed) == "third"


@pytest.mark.parametrize("damage", ["no JSON", '{"site": "north"}'])
def test_list_that_makes_no_sense_is_said_once_and_the_one_before_stays(
    listed: WatchListFile, file: Path, complaints: list[SettingsError], damage: str
) -> None:
    file.write_text(f"{line('second')}\n{damage}\n")
    for _ in range(3):
        look_twice(listed)
    assert found(listed) == "first"
    (complaint,) = complaints
    assert f"{file}, line 2: " in str(complaint)
    write(file, "third")
    look_twice(listed)
    assert found(listed) == "third"
    assert len(complaints) == 1


def test_file_that_is_gone_is_said_and_the_list_stays(
    listed: WatchListFile, file: Path, complaints: list[SettingsError]
) -> None:
    file.unlink()
    for _ in range(2):
        look_twice(listed)
    assert found(listed) == "first"
    assert len(complaints) == 1


def test_file_that_makes_no_sense_at_the_start_is_refused(file: Path) -> None:
    file.write_text("no JSON\n")
    with pytest.raises(SettingsError, match="line 1"):
        WatchListFile(file, unheard)
    with pytest.raises(SettingsError, match="cannot be read"):
        WatchListFile(file.with_name("nowhere"), unheard)


class TestFolder:
    """Lists by site and day, as the authority compiles them."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for site in ("north", "south"):
            for epoch in (SIGHTING.epoch, SIGHTING.epoch + 1):
                self.put(tmp_path, f"{site}-{epoch}", site, epoch)
        return tmp_path

    @pytest.fixture
    def listed(self, folder: Path, complaints: list[SettingsError]) -> WatchListFile:
        return WatchListFile(folder, complaints.append)

    def put(self, folder: Path, entry: str, site: str, epoch: int) -> None:
        write(folder / site / str(epoch) / "servers.jsonl", entry, site=site, epoch=epoch)

    def test_sighting_is_looked_up_in_the_list_of_its_site_and_day(
        self, listed: WatchListFile
    ) -> None:
        epoch = SIGHTING.epoch
        assert found(listed) == f"north-{epoch}"
        assert found(listed, site="south", epoch=epoch + 1) == f"south-{epoch + 1}"
        assert found(listed, epoch=epoch + 2) is None

    def test_only_what_has_changed_is_read_and_days_come_and_go(
        self, listed: WatchListFile, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        epoch, was_read = SIGHTING.epoch, list[object]()
        read = WatchListFile._read

        def noted(self: WatchListFile, place: object, *others: object) -> object:
            was_read.append(place)
            return read(self, place, *others)  # type: ignore[arg-type]

        monkeypatch.setattr(WatchListFile, "_read", noted)
        self.put(folder, "added", "north", epoch)
        self.put(folder, "tomorrow", "north", epoch + 2)
        (folder / "south" / str(epoch) / "servers.jsonl").unlink()
        look_twice(listed)
        assert sorted(was_read, key=str) == [("north", epoch), ("north", epoch + 2)]
        assert found(listed) == "added"
        assert found(listed, epoch=epoch + 2) == "tomorrow"
        assert found(listed, site="south") is None
        assert found(listed, site="south", epoch=epoch + 1) == f"south-{epoch + 1}"

    def test_new_list_that_makes_no_sense_leaves_the_others(
        self, listed: WatchListFile, folder: Path, complaints: list[SettingsError]
    ) -> None:
        for day in ("20454", "20459"):
            path = folder / "north" / day / "servers.jsonl"
            path.parent.mkdir(exist_ok=True)
            path.write_text("no JSON\n")
        self.put(folder, "sound", "south", SIGHTING.epoch)
        look_twice(listed)
        assert found(listed) == f"north-{SIGHTING.epoch}"
        assert found(listed, epoch=20_459) is None
        assert found(listed, site="south") == "sound"
        assert len(complaints) == 2

    def test_folder_that_was_emptied_is_said_and_the_lists_stay(
        self, listed: WatchListFile, folder: Path, complaints: list[SettingsError]
    ) -> None:
        for path in folder.rglob("servers.jsonl"):
            path.unlink()
        for _ in range(2):
            look_twice(listed)
        assert found(listed) == f"north-{SIGHTING.epoch}"
        assert len(complaints) == 1

    def test_folder_without_a_list_is_refused_at_the_start(self, tmp_path: Path) -> None:
        for name in ("North/20454", "north/+1", "north/020454", "north"):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "servers.jsonl").write_text("no JSON\n")
        with pytest.raises(SettingsError, match="holds no SITE/EPOCH"):
            WatchListFile(tmp_path, unheard)


def test_thread_follows_the_file_until_it_is_closed(listed: WatchListFile, file: Path) -> None:
    listed.start(look_every_s=0.01)
    write(file, "second")
    wait_until(lambda: found(listed) == "second")
    listed.close()
    wait_until(lambda: all(each.name != "watch-list" for each in threading.enumerate()))


def test_list_that_was_put_back_with_its_old_times_is_read_too(
    listed: WatchListFile, file: Path
) -> None:
    before = file.stat()
    file.write_text(line("FIRST") + "\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    look_twice(listed)
    assert found(listed) == "FIRST"
