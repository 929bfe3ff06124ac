"""What a demo writes is what the processes read."""

from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.errors import KeyFileError, SettingsError
from edge_lpr.core.settings import load_settings
from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.folders import DemoFolders, demo_folders, make_folders
from edge_lpr.demo.keys import DEMO_ADDRESS, certificate_file, key_ring_file, make_keys
from edge_lpr.demo.settings_file import write_settings
from edge_lpr.tokens.key_ring import KeyPurpose, read_key_ring
from edge_lpr.wire.device_certificate import verify_certificate
from tests.support.clock import SetClock

BROKER = EmbeddedBroker("amqtt", "python", "3.1.1", 18_830)


@pytest.fixture
def folders(tmp_path: Path) -> DemoFolders:
    made = DemoFolders(tmp_path / "demo", tmp_path / "sockets")
    make_folders(made)
    return made


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(None, id="rendered lane"),
        pytest.param(Source("camera", "0"), id="camera"),
        pytest.param(Source("video", '/films/"quoted" \\ läne.avi'), id="odd file name"),
        pytest.param(Source("rtsp", "rtsp://camera/1", "user:p@ss"), id="RTSP with a password"),
    ],
)
def test_settings_are_accepted_by_the_processes(
    folders: DemoFolders, source: Source | None
) -> None:
    write_settings(folders, source, BROKER)
    settings = load_settings(folders.settings_file)
    assert settings.booth.device == DEMO_ADDRESS.device
    assert settings.publisher.broker_port == BROKER.port
    expected = str(folders.lane_file) if source is None else source.address
    assert settings.vision.source.address == expected


def test_the_vision_process_is_told_which_engine_to_run(folders: DemoFolders) -> None:
    write_settings(folders, None, BROKER, "torch")
    assert load_settings(folders.settings_file).vision.engine == "torch"


def test_camera_password_is_in_a_private_file_and_not_in_the_settings(folders: DemoFolders) -> None:
    write_settings(folders, Source("rtsp", "rtsp://camera/1", "user:p@ss"), BROKER)
    credentials_file = load_settings(folders.settings_file).vision.source.credentials_file
    assert credentials_file is not None
    assert credentials_file.read_text() == "user:p@ss"
    assert credentials_file.stat().st_mode & 0o077 == 0
    assert "p@ss" not in folders.settings_file.read_text()


def test_key_ring_is_a_test_ring_for_today_and_three_days(folders: DemoFolders) -> None:
    clock = SetClock()
    make_keys(folders, clock)
    ring = read_key_ring(key_ring_file(folders))
    today = epoch_of(clock.unix_s())
    assert ring.purpose is KeyPurpose.TEST
    assert ring.epochs() == (today, today + 1, today + 2, today + 3)


def test_certificate_is_the_pinned_authoritys(folders: DemoFolders) -> None:
    clock = SetClock()
    authority_key = make_keys(folders, clock)
    document = certificate_file(folders).read_bytes()
    assert verify_certificate(document, authority_key, clock.unix_s()).address == DEMO_ADDRESS


def test_kept_keys_are_used_again_the_next_day(folders: DemoFolders) -> None:
    clock = SetClock()
    authority_key = make_keys(folders, clock)
    tomorrow = epoch_of(clock.unix_s()) + 1
    before = bytes(read_key_ring(key_ring_file(folders)).keys_for(tomorrow).site_key)
    clock.advance_s(EPOCH_LENGTH_S)
    assert make_keys(folders, clock).octets == authority_key.octets
    ring = read_key_ring(key_ring_file(folders))
    assert bytes(ring.keys_for(tomorrow).site_key) == before
    assert min(ring.epochs()) == tomorrow


def test_damaged_kept_key_is_a_fault_and_not_replaced(folders: DemoFolders) -> None:
    make_keys(folders, SetClock())
    key_ring_file(folders).write_bytes(b"not a key ring")
    with pytest.raises(KeyFileError, match="key-ring"):
        make_keys(folders, SetClock())


def test_folders_without_keep_are_gone_at_the_end() -> None:
    with demo_folders(None) as folders:
        folders.settings_file.write_text("x")
        root, sockets = folders.root, folders.sockets
    assert not root.exists()
    assert not sockets.exists()


def test_kept_folder_stays_and_its_sockets_go(tmp_path: Path) -> None:
    keep = tmp_path / "a" / "b"
    with demo_folders(keep) as folders:
        sockets = folders.sockets
    assert keep.is_dir()
    assert keep.stat().st_mode & 0o077 == 0
    assert not sockets.exists()
    with demo_folders(keep) as folders:
        assert folders.root == keep


def test_file_in_the_place_of_the_kept_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="another folder"), demo_folders(tmp_path / "file"):
        pytest.fail("there is no such folder")
