"""The file of a small store is its owner's alone, whatever the umask says."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.errors import StoreError
from edge_lpr.store.database import migrate
from edge_lpr.store.sqlite import SqliteDatabase


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


def test_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="store: No such file or directory; it must be on a disk"):
        SqliteDatabase(tmp_path / "absent" / "store")
