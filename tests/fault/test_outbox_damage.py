"""The outbox's file is damaged, foreign, or cannot be written."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import OutboxDamagedError, OutboxError, SettingsError
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_file import _put_aside
from tests.support import outboxes

BOOT = "00112233445566aa"


def open_outbox(folder: Path) -> Outbox:
    return outboxes.open_outbox(folder)


def make_outbox(folder: Path, *, sightings: int = 60) -> Path:
    outbox = open_outbox(folder)
    for seq in range(1, sightings + 1):
        outbox.add_sighting(BOOT, seq, b"sighting %d " % seq * 40)
    outbox.close()
    return folder / "outbox.sqlite3"


def overwrite(file: Path, offset: int, octets: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(offset)
        opened.write(octets)


def assert_empty_but_usable(folder: Path) -> None:
    outbox = open_outbox(folder)
    assert outbox.unsent_count == 0
    assert outbox.add_sighting(BOOT, 1, b"sighting")
    outbox.close()


@pytest.mark.parametrize(
    ("offset", "octets"),
    [
        pytest.param(0, b"no database at all", id="header"),
        pytest.param(8192, os.urandom(4096), id="inner page"),
        pytest.param(100, bytes(3000), id="table of tables"),
    ],
)
def test_damaged_outbox_is_put_aside_and_a_new_one_begun(
    tmp_path: Path, offset: int, octets: bytes
) -> None:
    file = make_outbox(tmp_path)
    overwrite(file, offset, octets)
    damaged = file.read_bytes()
    assert_empty_but_usable(tmp_path)
    assert (tmp_path / "outbox.sqlite3.damaged-1").read_bytes() == damaged


def test_truncated_outbox_is_put_aside(tmp_path: Path) -> None:
    file = make_outbox(tmp_path)
    os.truncate(file, file.stat().st_size // 2)
    assert_empty_but_usable(tmp_path)
    assert (tmp_path / "outbox.sqlite3.damaged-1").exists()


def assert_left_alone(folder: Path, words: str) -> None:
    file = folder / "outbox.sqlite3"
    octets = file.read_bytes()
    with pytest.raises(SettingsError, match=rf"outbox\.sqlite3: is {words}"):
        open_outbox(folder)
    assert file.read_bytes() == octets
    assert list(folder.iterdir()) == [file]


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite3")) as connection:
        connection.execute("CREATE TABLE seasons (name TEXT)")
    assert_left_alone(tmp_path, "another program's database")


def test_outbox_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    file = make_outbox(tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version=3")
    assert_left_alone(tmp_path, "an outbox of version 3, and this software writes version 2")


def test_write_ahead_log_goes_aside_with_its_database(tmp_path: Path) -> None:
    for suffix in ("", "-wal"):
        (tmp_path / f"outbox.sqlite3{suffix}").write_bytes(b"left by a power cut")
    _put_aside(tmp_path / "outbox.sqlite3")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["outbox.sqlite3.damaged-1", "outbox.sqlite3.damaged-1-wal"]


def test_only_the_newest_damaged_files_are_kept(tmp_path: Path) -> None:
    for number in range(1, 6):
        (tmp_path / "outbox.sqlite3").write_bytes(b"no database, number %d" % number)
        assert_empty_but_usable(tmp_path)
    damaged = sorted(path.name for path in tmp_path.glob("*.damaged*"))
    assert damaged == [f"outbox.sqlite3.damaged-{number}" for number in (3, 4, 5)]


def test_damage_found_while_running_is_told_from_a_full_disk(tmp_path: Path) -> None:
    file = make_outbox(tmp_path)
    outbox = open_outbox(tmp_path)
    # Small enough that SQLite must read the pages again.
    with outbox._owned() as connection:
        connection.execute("PRAGMA cache_size=1")
    overwrite(file, 4096, os.urandom(file.stat().st_size - 4096))
    with pytest.raises(OutboxDamagedError, match="put aside"):
        outbox.oldest_unsent(60, except_places=())
    outbox.close()
    assert_empty_but_usable(tmp_path)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match=r"missing/outbox.sqlite3.*folder must exist"):
        open_outbox(tmp_path / "missing")


def test_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox.sqlite3").mkdir()
    with pytest.raises(OutboxError, match="cannot be opened for writing"):
        open_outbox(tmp_path)


def test_file_that_sqlite_cannot_open_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(OutboxError, match="unable to open database file"):
        open_outbox(tmp_path)


def test_damaged_file_that_cannot_be_renamed_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outbox.sqlite3").write_bytes(b"no database at all")

    def refuse(_path: Path, _target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutboxError, match="cannot be put aside"):
        open_outbox(tmp_path)


def test_file_system_without_a_write_ahead_log_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.publisher.outbox_file._SETTINGS", ())
    with pytest.raises(OutboxError, match="allows no write-ahead log"):
        open_outbox(tmp_path)
