"""Whether a file is another one than before."""

import os
from pathlib import Path

import pytest

from edge_lpr.core.file_stamp import file_stamp
from tests.support.waiting import wait_for_another_time


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"before")
    return file


def test_file_that_was_only_read_is_the_same(file: Path) -> None:
    before = file_stamp(file)
    file.read_bytes()
    assert before is not None
    assert file_stamp(file) == before


def test_file_of_the_same_length_put_in_its_place_is_another(file: Path) -> None:
    before = file_stamp(file)
    new = file.with_name("new")
    new.write_bytes(b"behind")
    new.replace(file)
    assert file_stamp(file) != before


def test_file_written_in_place_whose_time_is_put_back_is_another(file: Path) -> None:
    status, before = file.stat(), file_stamp(file)
    wait_for_another_time(file)
    file.write_bytes(b"behind")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file_stamp(file) != before
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_file_that_is_not_there_has_no_stamp(file: Path) -> None:
    file.unlink()
    assert file_stamp(file) is None
