"""A watch-list's file that changes under a worker."""

import gc
import json
import logging
import os
import weakref
from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.log import Log
from edge_lpr.store.watch_list_file import WatchListFile
from edge_lpr.subscriber.watch_list import WatchList
from edge_lpr.wire import base64url
from tests.support.clock import SetClock
from tests.support.fleet import SIGHTING


def write(file: Path, entry: str) -> None:
    """Put a list of one entry in the file's place, as the authority does."""
    line = {
        "site": "lane-07",
        "epoch": SIGHTING.epoch,
        "exact": base64url.encode(SIGHTING.exact).decode(),
        "fold": base64url.encode(SIGHTING.fold).decode(),
        "entry": entry,
    }
    (new := file.with_suffix(".new")).write_text(json.dumps(line) + "\n")
    new.replace(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(file := tmp_path / "watchlist", "case-1")
    return file


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def listed(file: Path, clock: SetClock) -> WatchListFile:
    return WatchListFile(file, Log("ingest"), clock)


def entry(watch_list: WatchList) -> str:
    """Return what the sighting of the tests is on a list."""
    hit = watch_list.find("lane-07", SIGHTING)
    assert hit is not None
    return ", ".join(hit.entries)


def test_list_that_has_changed_is_taken_up(
    listed: WatchListFile, file: Path, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    assert entry(listed.current()) == "case-1"
    write(file, "case-2")
    # It is not looked at with every sighting.
    assert entry(listed.current()) == "case-1"
    clock.advance_s(2)
    with caplog.at_level(logging.INFO):
        assert entry(listed.current()) == "case-2"
    assert caplog.messages == ["watch_list_changed"]


def test_list_that_has_not_changed_is_not_read_again(
    listed: WatchListFile, clock: SetClock
) -> None:
    before = listed.current()
    clock.advance_s(2)
    assert listed.current() is before


@pytest.mark.parametrize("content", [b"{}\n", b"\xff\xfe", None], ids=["wrong", "binary", "gone"])
def test_list_that_is_wrong_is_said_and_the_one_before_stands(
    listed: WatchListFile,
    file: Path,
    clock: SetClock,
    caplog: pytest.LogCaptureFixture,
    content: bytes | None,
) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    for _ in range(3):
        clock.advance_s(2)
        assert entry(listed.current()) == "case-1"
    assert caplog.messages == ["watch_list_refused"]
    write(file, "case-2")
    clock.advance_s(2)
    assert entry(listed.current()) == "case-2"


def test_list_that_is_replaced_leaves_memory(
    listed: WatchListFile, file: Path, clock: SetClock
) -> None:
    before = weakref.ref(listed.current())
    write(file, "case-2")
    clock.advance_s(2)
    listed.current()
    gc.collect()
    assert before() is None


def test_list_that_is_wrong_at_the_start_is_an_error(file: Path, clock: SetClock) -> None:
    os.truncate(file, 20)
    with pytest.raises(SettingsError, match="line 1"):
        WatchListFile(file, Log("ingest"), clock)
