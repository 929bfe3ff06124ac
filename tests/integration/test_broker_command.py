"""``edge-lpr broker`` with real files."""

import shutil
import stat
from pathlib import Path

import pytest

from edge_lpr.__main__ import main
from edge_lpr.broker.access_list import MAXIMUM_LIST_BYTES
from edge_lpr.broker.rule_files import read_access_list
from edge_lpr.core.errors import SettingsError
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import load_signing_key

SHIPPED_LIST = Path(__file__).parents[2] / "firmware_config/broker/access.list"


@pytest.fixture
def list_file(tmp_path: Path) -> Path:
    return Path(shutil.copy(SHIPPED_LIST, tmp_path))


def acl(list_file: Path, folder: Path) -> int:
    return main(["broker", "acl", "--list", str(list_file), "--folder", str(folder)])


def laboratory(list_file: Path, folder: Path, *more: str) -> int:
    return main(["broker", "laboratory", "--list", str(list_file), "--folder", str(folder), *more])


def test_rules_are_written_for_everybody_to_read(list_file: Path, tmp_path: Path) -> None:
    assert acl(list_file, tmp_path) == 0
    for name, user in (("devices.acl", "booth-2"), ("consumers.acl", "analytics")):
        path = tmp_path / name
        assert f"\nuser {user}\n" in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_same_list_again_touches_no_file(
    list_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acl(list_file, tmp_path)
    before = {path: path.stat().st_ino for path in tmp_path.glob("*.acl")}
    capsys.readouterr()
    assert acl(list_file, tmp_path) == 0
    assert "the rules say so already" in capsys.readouterr().out
    assert {path: path.stat().st_ino for path in tmp_path.glob("*.acl")} == before


def test_new_booth_changes_the_booths_rules_alone(
    list_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acl(list_file, tmp_path)
    capsys.readouterr()
    list_file.write_text(list_file.read_text() + "device agency/north-crossing/booth-3\n")
    assert acl(list_file, tmp_path) == 0
    assert "wrote devices.acl in" in capsys.readouterr().out


def test_bad_list_leaves_the_rules_as_they_were(
    list_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acl(list_file, tmp_path)
    before = (tmp_path / "devices.acl").read_text()
    list_file.write_text("device agency/north-crossing/+\n")
    assert acl(list_file, tmp_path) == 1
    complaint = capsys.readouterr().err
    assert f"{list_file}: line 1: " in complaint
    assert (tmp_path / "devices.acl").read_text() == before


def test_folder_that_is_missing_is_named(
    list_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert acl(list_file, tmp_path / "missing") == 1
    assert "missing/devices.acl: cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"device agency/n\xc3\xb6rd/booth-1\n", "other characters", id="umlaut"),
        pytest.param(b"#" * (MAXIMUM_LIST_BYTES + 1), "longer than", id="endless"),
    ],
)
def test_list_that_is_none_is_refused(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "access.list"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=complaint):
        read_access_list(path)


def test_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere: cannot be read"):
        read_access_list(tmp_path / "nowhere")


def test_laboratory_certifies_the_list_and_says_how_many(
    list_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "laboratory"
    assert laboratory(list_file, folder, "--host", "broker.example") == 0
    assert "5 certified, 0 revoked; for trials only" in capsys.readouterr().out
    assert (folder / "devices/booth-1.crt").is_file()
    assert laboratory(list_file, folder, "--revoke", "booth-1") == 0
    assert "0 certified, 1 revoked" in capsys.readouterr().out


def test_nobody_of_that_name_is_revoked(
    list_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert laboratory(list_file, tmp_path, "--revoke", "booth-9") == 1
    assert "booth-9: no booth and no consumer" in capsys.readouterr().err


def test_request_key_is_made_once_and_its_line_printed_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "request.pem"
    assert main(["broker", "request-key", "analytics", str(path)]) == 0
    line = capsys.readouterr().out
    name, public_key = line.split()
    assert name == "analytics"
    assert base64url.decode(public_key.encode()) == load_signing_key(path).public_key.octets
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert main(["broker", "request-key", "analytics", str(path)]) == 0
    assert capsys.readouterr().out == line


def test_request_key_of_a_name_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["broker", "request-key", "The Analysts", str(tmp_path / "key")]) == 1
    assert "must have the form" in capsys.readouterr().err
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("host", ["", "b\u00fc.example", "a" * 254])
def test_host_that_no_certificate_can_name_is_refused_before_anything_is_made(
    host: str, tmp_path: Path, list_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        laboratory(list_file, tmp_path / "laboratory", "--host", host)
    assert ended.value.code == 2
    assert "xn-- form" in capsys.readouterr().err
    assert not (tmp_path / "laboratory").exists()


def test_host_may_be_long(tmp_path: Path, list_file: Path) -> None:
    host = ".".join(["a" * 60] * 3)
    assert laboratory(list_file, tmp_path / "laboratory", "--host", host) == 0
