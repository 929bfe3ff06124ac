"""Secret files that are replaced leave nothing of what they held."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import KeyFileError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.tokens import overwriting
from edge_lpr.tokens.overwriting import destroy_remains, replace_secret_file

OLD = b"old secret" * 10
NEW = b"new secret"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "key-ring"
    write_secret_file(path, OLD)
    return path


def test_old_content_is_overwritten_in_its_own_place(path: Path) -> None:
    with path.open("rb") as old:
        replace_secret_file(path, NEW, None)
        assert old.read() == bytes(len(OLD))
    assert path.read_bytes() == NEW
    assert [each.name for each in path.parent.iterdir()] == ["key-ring"]


def test_first_content_needs_no_old_one(tmp_path: Path) -> None:
    replace_secret_file(tmp_path / "key-ring", NEW, None)
    assert (tmp_path / "key-ring").read_bytes() == NEW


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be written"):
        replace_secret_file(tmp_path / "nowhere" / "key-ring", NEW, None)


def test_what_a_crash_left_is_overwritten_the_next_time(path: Path) -> None:
    # Killed after the exchange, and while a new file was being written.
    for name in (".key-ring.past", ".key-ring.0123456789abcdef"):
        write_secret_file(path.with_name(name), OLD)
    with path.with_name(".key-ring.past").open("rb") as remains:
        destroy_remains(path)
        assert remains.read() == bytes(len(OLD))
    assert [each.name for each in path.parent.iterdir()] == ["key-ring"]
    assert path.read_bytes() == OLD


def test_crash_before_the_exchange_leaves_the_old_content_valid(path: Path) -> None:
    path.with_name(".key-ring.past").hardlink_to(path)
    destroy_remains(path)
    assert [each.name for each in path.parent.iterdir()] == ["key-ring"]
    assert path.read_bytes() == OLD


def test_remains_of_a_file_that_is_gone_are_destroyed_too(path: Path) -> None:
    path.rename(path.with_name(".key-ring.past"))
    destroy_remains(path)
    assert [*path.parent.iterdir()] == []


def test_other_files_are_left_alone(path: Path) -> None:
    other = path.with_name("event-key")
    write_secret_file(other, OLD)
    replace_secret_file(path, NEW, None)
    assert other.read_bytes() == OLD


def test_old_content_stays_when_the_new_one_cannot_be_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, *_: object) -> None:
        raise KeyFileError(f"{path}: cannot be written (no space)")

    monkeypatch.setattr(overwriting, "write_sealed_file", fail)
    with pytest.raises(KeyFileError, match="no space"):
        replace_secret_file(path, NEW, None)
    assert path.read_bytes() == OLD
    assert [each.name for each in path.parent.iterdir()] == ["key-ring"]


def test_file_system_without_second_names_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(KeyFileError, match="file system of Linux"):
        replace_secret_file(path, NEW, None)
    assert path.read_bytes() == OLD
