import os
import stat
from pathlib import Path

import pytest

from edge_lpr.core.errors import KeyFileError, KeyFileMissingError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file


def _secret(folder: Path, *, mode: int = 0o600, content: bytes = b"secret") -> Path:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400], ids=["0600", "0400"])
def test_file_of_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    assert read_secret_file(_secret(tmp_path, mode=mode), 100) == b"secret"


@pytest.mark.parametrize("length", [0, 1, 100], ids=["empty", "one byte", "longest"])
def test_whole_content_is_read(tmp_path: Path, length: int) -> None:
    assert read_secret_file(_secret(tmp_path, content=b"s" * length), 100) == b"s" * length


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyFileError, match=r"others can reach it \(mode .*0600"):
        read_secret_file(_secret(tmp_path, mode=mode), 100)


def test_too_long_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="longer than 5 bytes"):
        read_secret_file(_secret(tmp_path), 5)


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(KeyFileMissingError, match="absent: there is no such file"):
        read_secret_file(tmp_path / "absent", 100)


def test_link_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(_secret(tmp_path))
    with pytest.raises(KeyFileError, match="no link"):
        read_secret_file(link, 100)


def test_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(KeyFileError, match="no regular file"):
        read_secret_file(tmp_path, 100)


def test_named_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(KeyFileError, match="no regular file"):
        read_secret_file(pipe, 100)


def test_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _secret(tmp_path)
    owner = path.stat().st_uid
    if owner == 0:
        os.chown(path, 4321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(KeyFileError, match="must belong to this process's user"):
        read_secret_file(path, 100)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to root")
def test_file_of_root_is_read_by_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _secret(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    assert read_secret_file(path, 100) == b"secret"


def test_file_that_shrinks_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _secret(tmp_path)
    readv = os.readv

    def cut_and_read(descriptor: int, buffers: list[memoryview]) -> int:
        os.truncate(path, 3)
        return readv(descriptor, buffers)

    monkeypatch.setattr(os, "readv", cut_and_read)
    with pytest.raises(KeyFileError, match="changed while it was read"):
        read_secret_file(path, 100)


def test_written_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_secret_file(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_secret_file(path, 100) == b"new"


def test_written_file_replaces_an_open_one_whole(tmp_path: Path) -> None:
    path = _secret(tmp_path, mode=0o644)
    write_secret_file(path, b"new")
    assert read_secret_file(path, 100) == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _secret(tmp_path)

    def fail(descriptor: int) -> None:
        raise OSError(28, f"No space left on device {descriptor}")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KeyFileError, match="cannot be written"):
        write_secret_file(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"secret"


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="its folder must exist"):
        write_secret_file(tmp_path / "absent" / "secret", b"new")


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    write_secret_file(path, b"new")
    read_secret_file(path, 100)
    path.chmod(0o644)
    with pytest.raises(KeyFileError):
        read_secret_file(path, 100)
    assert len(list(descriptors.iterdir())) == before


def test_content_and_then_name_are_on_the_disk_before_the_write_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def note(descriptor: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    monkeypatch.setattr(os, "fsync", note)
    write_secret_file(tmp_path / "secret", b"new")
    assert synced == ["file", "folder"]
