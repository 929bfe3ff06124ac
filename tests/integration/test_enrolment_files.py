"""Where an enrolment's files go, and to whom: as root, as a user, on two disks, on a full one."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.errors import EnrolmentError
from edge_lpr.provisioning.asking import Asking, read_public, read_tls_public_key
from edge_lpr.provisioning.booth_files import user_named
from edge_lpr.provisioning.placing import (
    PUBLIC_MODE,
    SECRET_MODE,
    make_folder,
    move,
    place,
    remove_leftovers,
)
from edge_lpr.provisioning.renewal_time import renewal_is_due
from tests.support.authority import Folders
from tests.support.clock import SetClock
from tests.support.enrolment import PLAN, TrialBooth

TOKENISER, PUBLISHER = 43_210, 43_211
"""Users that nobody is."""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def reachable(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="edge-lpr-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
    del tmp_path


@as_root
def test_root_gives_each_process_its_own_files_and_can_renew_them(
    reachable: Path, tmp_path: Path
) -> None:
    clock = SetClock()
    with Folders(tmp_path).create(clock, plan=PLAN) as authority:
        booth = TrialBooth(reachable / "booth", authority, clock)
        booth.root.chmod(0o755)
        for name, user in (("tokeniser", TOKENISER), ("publisher", PUBLISHER)):
            (booth.root / name).mkdir(mode=0o700)
            os.chown(booth.root / name, user, user)
        booth.enrol_first()
        clock.advance_s(20 * 86_400)
        booth.enrol("--renew")
    files = booth.files
    owners = {
        path.name: (path.stat().st_uid, path.stat().st_mode & 0o777)
        for path in (
            *(files.event_key, files.key_ring, files.certificate, files.tls_key, files.tls_ca),
            *(files.authority, files.tls_certificate),
        )
    }
    assert owners == {
        "event-key": (TOKENISER, SECRET_MODE),
        "key-ring": (TOKENISER, SECRET_MODE),
        "device-certificate": (TOKENISER, PUBLIC_MODE),
        "tls-key.pem": (PUBLISHER, SECRET_MODE),
        "tls-certificate.pem": (PUBLISHER, PUBLIC_MODE),
        "broker-ca.pem": (0, PUBLIC_MODE),
        "authority.pub": (0, PUBLIC_MODE),
    }
    assert os.geteuid() == 0


@as_root
def test_root_writes_nowhere_that_a_process_has_its_folder_point_to(
    reachable: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Folders(tmp_path).create(SetClock(), plan=PLAN) as authority:
        booth = TrialBooth(reachable / "booth", authority, SetClock())
        booth.root.chmod(0o755)
        tokeniser = booth.root / "tokeniser"
        tokeniser.mkdir(mode=0o700)
        os.chown(tokeniser, TOKENISER, TOKENISER)
        booth.files.incoming.symlink_to(elsewhere)
        os.chown(booth.files.incoming, TOKENISER, TOKENISER, follow_symlinks=False)
        with pytest.raises(EnrolmentError, match="incoming"):
            booth.enrol_first()
        assert list(elsewhere.iterdir()) == []
        # A link that root has made is the administrator's own decision.
        booth.files.incoming.unlink()
        booth.files.incoming.symlink_to(elsewhere)
        booth.enrol()
    assert [path.name for path in elsewhere.iterdir()] == ["first.lprkeys"]


@as_root
def test_folder_that_is_missing_is_made_for_its_user(tmp_path: Path) -> None:
    make_folder(tmp_path / "new" / "folder", (TOKENISER, TOKENISER))
    status = (tmp_path / "new" / "folder").stat()
    assert (status.st_uid, status.st_mode & 0o777) == (TOKENISER, 0o700)
    assert (tmp_path / "new").stat().st_uid == 0


def test_user_that_this_machine_does_not_have_is_nobody() -> None:
    assert user_named(None) is None
    assert user_named("edge-lpr-nobody-of-this-name") is None
    expected = (0, 0) if os.geteuid() == 0 else None
    assert user_named("root") == expected


def test_file_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    place(path, b"old", PUBLIC_MODE)
    place(path, b"new", SECRET_MODE)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == SECRET_MODE
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_ours_go_and_others_stay(tmp_path: Path) -> None:
    for name in (".key.0123456789abcdef", ".key.past", ".other.0123456789abcdef", "key"):
        (tmp_path / name).write_bytes(b"")
    remove_leftovers(tmp_path, ("key",))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {".key.past", ".other.0123456789abcdef", "key"}


def test_file_that_was_moved_already_is_no_error(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"secret")
    move(source, target)
    move(source, target)
    assert target.read_bytes() == b"secret"


def test_secret_that_is_replaced_is_overwritten(tmp_path: Path) -> None:
    source, target, witness = tmp_path / "source", tmp_path / "target", tmp_path / "witness"
    target.write_bytes(b"old secret")
    witness.hardlink_to(target)
    source.write_bytes(b"new secret")
    move(source, target)
    assert witness.read_bytes() == bytes(len(b"old secret"))
    assert target.read_bytes() == b"new secret"
    assert {path.name for path in tmp_path.iterdir()} == {"target", "witness"}


def test_file_that_is_nowhere_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError, match="cannot be written"):
        move(tmp_path / "source", tmp_path / "target")


def test_file_moves_to_another_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"secret")
    replace = Path.replace

    def across(path: Path, to: Path) -> Path:
        if path == source:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", across)
    move(source, target)
    assert target.read_bytes() == b"secret"
    assert target.stat().st_mode & 0o777 == SECRET_MODE
    assert not source.exists()


def test_what_is_no_file_is_not_moved(tmp_path: Path) -> None:
    (tmp_path / "source").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EnrolmentError, match="no regular file"):
        move(tmp_path / "source", tmp_path / "target")


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: place(folder / "file", b"", PUBLIC_MODE),
        lambda folder: make_folder(folder / "folder"),
    ],
    ids=["file", "folder"],
)
def test_folder_that_is_none_is_said(tmp_path: Path, write: object) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert callable(write)
    with pytest.raises(EnrolmentError, match="run this as root, or as the user"):
        write(tmp_path / "file")


def test_endless_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(11))
    with pytest.raises(EnrolmentError, match="longer than 10 bytes"):
        read_public(path, 10)
    with pytest.raises(EnrolmentError, match="cannot be read"):
        read_public(tmp_path, 10)
    assert read_public(tmp_path / "nothing", 10) is None


@pytest.mark.parametrize("content", [b"nonsense", b""])
def test_damaged_tls_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(SECRET_MODE)
    with pytest.raises(EnrolmentError, match="enrol with --again"):
        read_tls_public_key(path)


def test_damaged_certificate_of_the_booth_is_refused(tmp_path: Path) -> None:
    clock = SetClock()
    with Folders(tmp_path).create(clock, plan=PLAN) as authority:
        booth = TrialBooth(tmp_path / "booth", authority, clock)
        booth.enrol_first()
        booth.files.tls_certificate.write_bytes(b"nonsense")
        with pytest.raises(EnrolmentError, match="missing or damaged"):
            renewal_is_due(booth.files, clock.unix_s())


@pytest.mark.parametrize("name", ["request", "deployment.lpr"])
def test_asking_that_lost_a_file_says_so(tmp_path: Path, name: str) -> None:
    clock = SetClock()
    with Folders(tmp_path).create(clock, plan=PLAN) as authority:
        booth = TrialBooth(tmp_path / "booth", authority, clock)
        words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
        booth.enrol(*words, "--request-file", str(tmp_path / "request"))
        asking = Asking(booth.files)
        (asking.folder / "answer").write_bytes(b"an answer")
        (asking.folder / name).unlink()
        with pytest.raises(EnrolmentError, match="is gone; use --again"):
            booth.enrol()
