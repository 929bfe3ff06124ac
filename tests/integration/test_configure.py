"""``edge-lpr configure``: an installer's files become a booth's system, at every boot."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli

from edge_lpr.core.settings import load_settings
from edge_lpr.installation.__main__ import main
from edge_lpr.installation.reading import read_installation
from edge_lpr.wire.jws import SigningKey
from tests.support.disks import without_disks
from tests.support.installed_booth import ANSWERS, TECHNICIAN_CA, TICKET, InstalledBooth, bundle


@pytest.fixture
def booth(tmp_path: Path) -> InstalledBooth:
    return InstalledBooth(tmp_path / "booth")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_are_taken_over_and_leave_the_boot_partition(booth: InstalledBooth) -> None:
    booth.bring(f'{ANSWERS}ticket = "{TICKET}"\n', bundle(booth.key))
    assert booth.configure() == []
    assert names_in(booth.boot) == []
    answers = read_installation(booth.places.installation)
    assert (answers.device, answers.ticket) == ("booth-1", TICKET)
    assert booth.places.installation.stat().st_mode & 0o777 == 0o600
    # Somebody had the card in his hands: that stands in the journal.
    assert booth.said == [
        "took over the answers for north/booth-1 from the boot partition",
        f"took over the bundle of agency, authority {booth.key.public_key.kid}",
    ]
    settings = load_settings(booth.places.settings)
    assert (settings.booth.tenant, settings.booth.site, settings.booth.device) == (
        "agency",
        "north",
        "booth-1",
    )
    assert (settings.publisher.broker_host, settings.publisher.broker_port) == (
        "broker.example",
        8883,
    )
    assert settings.publisher.tls_key_file is not None
    assert settings.tokeniser.authority_file == Path("/etc/edge-lpr/authority.pub")
    assert settings.tokeniser.vision_user == "edge-lpr-vision"


def test_users_read_what_is_theirs_whatever_the_umask(booth: InstalledBooth) -> None:
    booth.bring(ANSWERS, bundle(booth.key, technician_ca=TECHNICIAN_CA))
    before = os.umask(0o077)
    try:
        assert booth.configure() == []
    finally:
        os.umask(before)
    made = [path for path in booth.run("").rglob("*") if path.suffix != ".lock"]
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in made}
    assert modes == {(True, 0o755), (False, 0o644)}


def test_next_boot_makes_the_same_from_what_it_kept(booth: InstalledBooth) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    made = contents(booth.run(""))
    shutil.rmtree(booth.run(""))
    settings = booth.places.settings.stat()
    assert booth.configure() == []
    again = contents(booth.run(""))
    # The lock is made where the boot partition is written.
    assert again == {path: text for path, text in made.items() if path.suffix != ".lock"}
    # Nothing on the card is written where nothing has changed.
    assert booth.places.settings.stat().st_ino == settings.st_ino


@pytest.mark.parametrize("name", ["INSTALLATION.TOML", "installation.toml.txt"])
def test_names_that_windows_makes_are_found(booth: InstalledBooth, name: str) -> None:
    text = ANSWERS.replace("\n", "\r\n").encode("utf-8-sig")
    (booth.boot / name).write_bytes(text)
    booth.bring(None, bundle(booth.key))
    assert booth.configure() == []
    assert read_installation(booth.places.installation).site == "north"


def test_wrong_answers_change_nothing_and_say_why_beside_them(booth: InstalledBooth) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    before = booth.places.installation.read_bytes()
    booth.bring(ANSWERS.replace("usb", "polaroid") + 'colour = "red"\n')
    (fault,) = booth.configure()
    assert "camera must be usb" in fault
    assert "colour is no setting" in fault
    assert booth.places.installation.read_bytes() == before
    assert booth.run("systemd/network/70-edge-lpr-agency.network").exists()
    assert names_in(booth.boot) == ["installation-error.txt", "installation.toml"]
    assert (booth.boot / "installation-error.txt").read_bytes() == f"{fault}\r\n".encode()
    assert booth.run("edge-lpr-system/faults").read_text() == f"{fault}\n"
    # Mended, it is taken, and the complaint goes.
    booth.bring(ANSWERS.replace("usb", "usb:1"))
    assert booth.configure() == []
    assert names_in(booth.boot) == []
    assert load_settings(booth.places.settings).vision.source.address == "1"


@pytest.mark.parametrize("answers", ["site = " + "[" * 5_000, "site = " + "9" * 5_000])
def test_answers_that_python_cannot_hold_do_not_keep_the_booth_from_its_network(
    booth: InstalledBooth, answers: str
) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    booth.bring(answers)
    assert len(booth.configure()) == 1
    assert booth.run("systemd/network/70-edge-lpr-agency.network").exists()
    assert names_in(booth.boot) == ["installation-error.txt", "installation.toml"]


def test_name_that_is_asked_for_is_told_and_is_no_fault(booth: InstalledBooth) -> None:
    servers = '[network]\nname_servers = ["192.0.2.53"]\n'
    booth.bring(f"{ANSWERS}{servers}", bundle(booth.key, addresses=()))
    for _ in range(2):
        assert booth.configure() == []
        assert booth.run("edge-lpr-system/faults").read_text() == ""
        notices = booth.run("edge-lpr-system/notices").read_text()
        assert "broker.example is known by name only: the firewall opens its port" in notices
        assert booth.said[-2:] == notices.splitlines()


def test_folders_in_the_way_keep_no_secret_on_the_card(booth: InstalledBooth) -> None:
    (booth.boot / "0.taken").mkdir()
    (booth.boot / "installation.toml.taken").mkdir()
    (booth.boot / "installation.toml.0.taken").write_text(TICKET)
    booth.bring(f'{ANSWERS}ticket = "{TICKET}"\n', bundle(booth.key))
    assert booth.configure() == []
    assert names_in(booth.boot) == ["0.taken", "installation.toml.taken"]


def test_certificate_is_read_from_a_regular_file_alone(
    booth: InstalledBooth, tmp_path: Path
) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    booth.enrol()
    path = booth.places.device_certificate
    path.rename(tmp_path / "certificate")
    makers: tuple[Callable[[], None], ...] = (
        lambda: path.symlink_to(tmp_path / "certificate"),
        # Nobody writes into it, so who waited for that would wait for ever.
        lambda: os.mkfifo(path),
        path.mkdir,
    )
    for make in makers:
        make()
        booth.bring(ANSWERS)
        (fault,) = booth.configure()
        assert str(path) in fault
        path.rename(tmp_path / f"tried-{makers.index(make)}")


def test_two_files_are_not_guessed_between(booth: InstalledBooth) -> None:
    booth.bring(ANSWERS)
    (booth.boot / "installation.toml.txt").write_text(ANSWERS)
    assert "leave one, the right one" in booth.configure()[0]
    assert not booth.places.installation.exists()


def test_enrolled_booth_takes_no_other_name_and_no_other_authority(booth: InstalledBooth) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    booth.enrol()
    own = booth.key
    booth.key = SigningKey.generate()
    booth.bring(ANSWERS.replace("booth-1", "booth-2"), bundle(booth.key))
    faults = booth.configure()
    assert "is for north/booth-2, and this booth is enrolled as north/booth-1" in faults[0]
    assert f"this booth is enrolled with {own.public_key.kid}" in faults[1]
    assert read_installation(booth.places.installation).device == "booth-1"
    assert names_in(booth.boot) == ["deployment.lpr", "installation-error.txt", "installation.toml"]
    # Another network for the same booth is no other booth.
    booth.key = own
    booth.bring(f"{ANSWERS}[network]\nvlan = 20\n", bundle(own, made_at=1_790_000_001))
    assert booth.configure() == []
    assert read_installation(booth.places.installation).network.vlan == 20


def test_newest_bundle_of_the_own_authority_counts(booth: InstalledBooth) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    booth.enrol()
    moved = (("broker.example", ("192.0.2.77",)), ("authority.example", ("192.0.2.8",)))
    booth.bring(None, bundle(booth.key, made_at=1_790_000_001, addresses=moved))
    assert booth.configure() == []
    assert "192.0.2.77 broker.example" in booth.run("edge-lpr-system/hosts").read_text()
    booth.bring(None, bundle(booth.key, made_at=1))
    (fault,) = booth.configure()
    assert "is older than the bundle that this booth has" in fault
    assert "192.0.2.77 broker.example" in booth.run("edge-lpr-system/hosts").read_text()


def test_what_a_technician_has_set_stays(booth: InstalledBooth) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    path = booth.places.settings
    lane = "region = [\n    [0.35, 0.2],\n    [0.65, 0.2],\n    [0.95, 1.0], # the kerb\n]\n"
    text = path.read_text().replace("# region = [[0.35", f"{lane}# region = [[0.35")
    text = text.replace("# long_side_px = 640 ", "long_side_px = 960 ")
    path.write_text(text)
    booth.bring(ANSWERS.replace("usb", "test"))
    assert booth.configure() == []
    settings = load_settings(path)
    assert settings.vision.long_side_px == 960
    assert settings.lanes[0].region is not None
    assert (settings.vision.source.kind, settings.vision.source.address) == (
        "video",
        "/run/edge-lpr-lane/lane.avi",
    )
    assert lane in path.read_text()
    changed = set(path.read_text().splitlines()) - set(text.splitlines())
    assert changed == {'kind = "video"', 'address = "/run/edge-lpr-lane/lane.avi"'}


def test_settings_that_cannot_be_kept_in_step_are_left_alone(booth: InstalledBooth) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    path = booth.places.settings
    text = path.read_text().replace('site = "north"', "site = '''\nnorth'''")
    path.write_text(text)
    booth.bring(ANSWERS.replace("north", "south"))
    (fault,) = booth.configure()
    assert 'write in it by hand: site = "south" in [booth]' in fault
    assert path.read_text() == text
    # The network does not wait for that.
    assert booth.run("systemd/network/70-edge-lpr-agency.network").exists()


@pytest.mark.parametrize("is_enrolled", [False, True])
def test_tpm_keeps_the_keys_of_a_booth_that_begins_with_one(
    booth: InstalledBooth, *, is_enrolled: bool
) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    if is_enrolled:
        booth.configure()
        booth.enrol()
    (booth.places.root / "dev/tpmrm0").touch()
    assert booth.configure() == []
    sealing_key = load_settings(booth.places.settings).tokeniser.sealing_key_file
    drop_in = booth.run("systemd/system/edge-lpr-tokeniser.service.d/tpm.conf")
    # Files that were made without it would not open with it.
    assert (sealing_key is not None, drop_in.exists()) == (not is_enrolled, not is_enrolled)


def test_what_is_no_longer_wanted_is_removed(booth: InstalledBooth) -> None:
    wifi = '[network.wifi]\nname = "agency"\npassphrase = "correct horse"\ncountry = "BR"\n'
    booth.bring(f"{ANSWERS}{wifi}", bundle(booth.key, technician_ca=TECHNICIAN_CA))
    assert booth.configure() == []
    assert booth.run("edge-lpr-system/wpa_supplicant.conf").stat().st_mode & 0o777 == 0o600
    assert booth.run("edge-lpr/ssh/technician_ca").read_text() == f"{TECHNICIAN_CA}\n"
    booth.bring(ANSWERS.replace("usb", "rtsp://10.0.0.5/lane"), bundle(booth.key))
    assert booth.configure() == []
    assert not booth.run("edge-lpr-system/wpa_supplicant.conf").exists()
    assert not booth.run("edge-lpr/ssh/technician_ca").exists()
    assert names_in(booth.run("systemd/system/edge-lpr-vision.service.d")) == ["rtsp.conf"]
    booth.bring(ANSWERS.replace("usb", "test"))
    assert booth.configure() == []
    assert names_in(booth.run("systemd/system/edge-lpr-vision.service.d")) == ["test.conf"]


@pytest.mark.parametrize(
    ("board", "kind"), [("rpi", "csi-rpi"), ("jetson", "csi-jetson"), ("generic-arm64", None)]
)
def test_ribbon_cable_camera_is_the_boards_own(
    tmp_path: Path, board: str, kind: str | None
) -> None:
    booth = InstalledBooth(tmp_path / "booth", board)
    booth.bring(ANSWERS.replace("usb", "csi:1"), bundle(booth.key))
    faults = booth.configure()
    if kind is None:
        assert "this image is generic-arm64" in faults[0]
    else:
        source = tomli.loads(booth.places.settings.read_text())["vision"]["source"]
        assert (source["kind"], source["address"]) == (kind, "1")
        drop_ins = booth.run("systemd/system/edge-lpr-vision.service.d")
        assert names_in(drop_ins) == [f"{kind}.conf"]


def test_empty_booth_says_what_it_waits_for(
    booth: InstalledBooth, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(booth.places.root)]) == 0
    assert "put installation.toml and the deployment bundle" in capsys.readouterr().err
    assert names_in(booth.boot) == []


def test_image_that_does_not_know_its_board_is_refused(
    booth: InstalledBooth, capsys: pytest.CaptureFixture[str]
) -> None:
    (booth.places.root / "usr/lib/edge-lpr/image.json").write_text("{}")
    assert main(["--root", str(booth.places.root)]) == 1
    assert "flash the card again" in capsys.readouterr().err


def test_boot_partition_is_writable_only_while_it_is_written(
    booth: InstalledBooth, tmp_path: Path
) -> None:
    unshare = shutil.which("unshare")
    assert unshare is not None, "unshare is part of the package util-linux"
    booth.bring(ANSWERS, bundle(booth.key))
    shutil.copytree(booth.boot, tmp_path / "brought")
    script = """
        mount -t tmpfs tmpfs "$1/boot/efi" && cp "$2"/* "$1/boot/efi" || exit 77
        mount -o remount,ro "$1/boot/efi" || exit 77
        "$3" -m edge_lpr configure --root "$1" >/dev/null || exit 1
        ls "$1/boot/efi"
        touch "$1/boot/efi/written" 2>/dev/null && echo "it is writable"
        exit 0
    """
    words = [str(booth.places.root), str(tmp_path / "brought"), sys.executable]
    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        without_disks(f"this machine lets nobody mount: {done.stderr}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert read_installation(booth.places.installation).device == "booth-1"


def test_card_that_cannot_be_read_does_not_keep_the_booth_from_its_network(
    booth: InstalledBooth,
) -> None:
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    booth.boot.rmdir()
    faults = booth.configure()
    assert faults
    assert all("cannot be read" in fault or "cannot be written" in fault for fault in faults)
    assert booth.run("systemd/network/70-edge-lpr-agency.network").exists()
