"""The file of a small store is its owner's alone, whatever the umask says."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.errors import StoreError
from edge_lpr.store.database import migrate
from edge_lpr.store.sqlite import SqliteDatabase

COUNT_BOOTHS = """
import sqlite3, sys
reader = sqlite3.connect(sys.argv[1])
print(*reader.execute("SELECT count(*) FROM booth"))
reader.close()
"""


@pytest.fixture(autouse=True)
def _careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_nobody_else_can_read_what_is_stored(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "store")
    migrate(database, "sqlite", 0)
    assert modes(tmp_path) == {"store": 0o600, "store-wal": 0o600, "store-shm": 0o600}
    database.close()


def test_file_that_is_there_keeps_its_mode_for_those_who_read_along(tmp_path: Path) -> None:
    SqliteDatabase(tmp_path / "store").close()
    (tmp_path / "store").chmod(0o640)
    SqliteDatabase(tmp_path / "store").close()
    assert modes(tmp_path)["store"] == 0o640


def test_reader_that_leaves_takes_no_write_ahead_log_with_it(tmp_path: Path) -> None:
    file = tmp_path / "store"
    store = SqliteDatabase(file)
    migrate(store, "sqlite", 0)
    audit = SqliteDatabase(file)
    count = [sys.executable, "-c", COUNT_BOOTHS, str(file)]
    subprocess.run(count, check=True)
    assert (tmp_path / "store-wal").exists()
    store.change("INSERT INTO booth (tenant, site, device) VALUES ('t', 's', 'd')")
    assert subprocess.check_output(count) == b"(1,)\n"
    for database in (store, audit):
        database.close()


def test_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="store: No such file or directory; it must be on a disk"):
        SqliteDatabase(tmp_path / "absent" / "store")
