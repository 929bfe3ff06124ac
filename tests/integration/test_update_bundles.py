"""Real bundles, signed by RAUC: who signed them, what they hold, and what is refused."""

import datetime as dt
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from edge_lpr.core.errors import BundleRefusedError, UpdateError
from edge_lpr.update import bundle
from edge_lpr.update.bundle import install, require_whole, signed_name
from edge_lpr.update.making_keys import AUTHORITY, SIGNING, make_update_keys
from edge_lpr.update.versions import SystemVersion

PROJECT = Path(__file__).parents[2]
RAUC = PROJECT / "firmware_config/rauc"
NOW = dt.datetime.now(dt.timezone.utc)
COMPATIBLE = "edge-lpr-generic-amd64"


@pytest.fixture(scope="module", autouse=True)
def _need_rauc() -> None:
    assert shutil.which("rauc"), "rauc is missing; apt install rauc (scripts/test does)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, and two systems packed and signed as docs/updates.md says."""
    folder = tmp_path_factory.mktemp("updates")
    make_update_keys(folder / "keys", "agency", NOW)
    make_update_keys(folder / "others", "agency", NOW)
    root = folder / "root/usr/lib/edge-lpr"
    root.mkdir(parents=True)
    identity = {"board": "generic-amd64", "version": "0.1.0+2", "compatible": COMPATIBLE}
    (root / "image.json").write_text(json.dumps(identity))
    # Squeezed to more than a page, or it is too small to be a bundle.
    (root / "system").write_bytes(os.urandom(40_000))
    command = ["mksquashfs", str(folder / "root"), str(folder / "root.squashfs"), "-quiet"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def build(folder: Path, keys: str, *, certificate: str = SIGNING, key: str = SIGNING) -> Path:
    """Run ``scripts/build_update``."""
    out = folder / f"out-{keys}-{certificate}"
    built = subprocess.run(
        [
            str(PROJECT / "scripts/build_update"),
            *("--root", str(folder / "root.squashfs"), "--out", str(out)),
            *("--certificate", str(folder / keys / f"{certificate}.crt")),
            *("--key", str(folder / keys / f"{key}.key")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return out


def booth_config(folder: Path) -> Path:
    """Return the shipped settings of RAUC, with folders of the test."""
    config = folder / "system.conf"
    text = (RAUC / "system.conf.in").read_text().replace("@COMPATIBLE@", COMPATIBLE)
    text = text.replace("/etc/rauc/keyring.pem", str(folder / f"keys/{AUTHORITY}.crt"))
    # Debian 12's RAUC, which the tests may have, does not know it yet.
    text = text.replace("perform-pre-check=true\n", "")
    config.write_text(text.replace("/state/rauc", str(folder)))
    return config


def test_a_bundle_says_what_its_system_says(folder: Path) -> None:
    out = build(folder, "keys")
    index = json.loads((out / f"{COMPATIBLE}.json").read_text())
    bundle = out / index["bundle"]
    assert (index["version"], index["bytes"]) == ("0.1.0+2", bundle.stat().st_size)
    name = signed_name(bundle, config=booth_config(folder))
    assert (name.compatible, name.version) == (COMPATIBLE, SystemVersion("0.1.0+2"))


def test_another_agencys_bundle_is_refused(folder: Path) -> None:
    (bundle,) = build(folder, "others").glob("*.raucb")
    with pytest.raises(BundleRefusedError, match="signature verification failed"):
        signed_name(bundle, config=booth_config(folder))


def test_a_certificate_for_another_purpose_signs_nothing(folder: Path) -> None:
    # The authority's own: in the keyring, but for certificates and not for bundles.
    (bundle,) = build(folder, "keys", certificate=AUTHORITY, key=AUTHORITY).glob("*.raucb")
    with pytest.raises(BundleRefusedError, match="purpose"):
        signed_name(bundle, config=booth_config(folder))


@pytest.mark.parametrize("place", ["signature", "end"])
def test_a_bundle_that_was_damaged_is_refused(place: str, folder: Path) -> None:
    (bundle,) = build(folder, "keys").glob("*.raucb")
    damaged = folder / f"{place}.raucb"
    content = bytearray(bundle.read_bytes())
    if place == "signature":
        content[-200] ^= 1
    else:
        del content[-1000:]
    damaged.write_bytes(content)
    with pytest.raises(BundleRefusedError, match="this bundle is refused"):
        signed_name(damaged, config=booth_config(folder))


def test_a_damaged_block_is_found_by_the_signed_tree(folder: Path) -> None:
    """What ``perform-pre-check`` does at a booth, `rauc extract` does here: before any use."""
    (bundle,) = build(folder, "keys").glob("*.raucb")
    content = bytearray(bundle.read_bytes())
    content[20_000] ^= 1
    damaged = folder / "block.raucb"
    damaged.write_bytes(content)
    for each, expected in ((bundle, 0), (damaged, 1)):
        target = folder / f"extracted-{expected}"
        command = ["rauc", f"--conf={booth_config(folder)}", "extract", str(each), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == expected, done.stderr


def test_keys_are_not_overwritten(folder: Path) -> None:
    before = (folder / f"keys/{AUTHORITY}.key").read_bytes()
    with pytest.raises(UpdateError, match="has keys already"):
        make_update_keys(folder / "keys", "agency", NOW)
    assert (folder / f"keys/{AUTHORITY}.key").read_bytes() == before
    assert (folder / f"keys/{SIGNING}.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("name", "years"), [(AUTHORITY, 20), (SIGNING, 2)])
def test_a_booth_whose_clock_is_behind_believes_in_the_keys(
    name: str, years: int, folder: Path
) -> None:
    certificate = x509.load_pem_x509_certificate((folder / f"keys/{name}.crt").read_bytes())
    year, begin = dt.timedelta(days=365), NOW.replace(microsecond=0)
    assert certificate.not_valid_before_utc == begin - year
    assert certificate.not_valid_after_utc == begin + years * year


@pytest.mark.parametrize("slots", ["1", "1 3", "3 1"], ids=["system", "and kernel", "kernel first"])
def test_raucs_handlers_ask_our_program_in_its_words(slots: str, tmp_path: Path) -> None:
    program = tmp_path / "edge-lpr"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$*"\n')
    program.chmod(0o755)
    asked = []
    for name, words in (("pre-install", []), ("boot-slot", ["set-state", "B", "bad"])):
        handler = tmp_path / name
        text = (RAUC / name).read_text()
        handler.write_text(text.replace("/opt/edge-lpr/bin/edge-lpr", str(program)))
        environment = {
            "RAUC_TARGET_SLOTS": slots,
            "RAUC_SLOT_BOOTNAME_1": "B",
            "RAUC_SLOT_BOOTNAME_2": "A",
            "RAUC_BUNDLE_MOUNT_POINT": "/run/rauc/mnt/bundle",
        }
        done = subprocess.run(
            ["/bin/sh", str(handler), *words],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        asked.append(done.stdout.strip())
    assert asked == [
        "update check --mounted /run/rauc/mnt/bundle --slot B",
        "update boot-slot set-state B bad",
    ]


def test_a_mounted_bundle_is_read_to_its_end_before_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "system.img").write_bytes(bytes(3 << 20))
    require_whole(tmp_path)
    # Read from its beginning, it gives the error that dm-verity gives for a changed block.
    (tmp_path / "unreadable.img").symlink_to("/proc/self/mem")
    with pytest.raises(BundleRefusedError, match=r"damaged on its way .*; send it again"):
        require_whole(tmp_path)


@pytest.mark.parametrize(
    ("said", "told", "ended"),
    [
        (
            "D-Bus error while installing `/x.raucb`",
            "did not answer in time .*try again",
            "stop rauc.service\n",
        ),
        (
            "LastError: Pre-install handler error: Child process exited with code 1",
            "damaged on its way: send it again",
            "",
        ),
        (
            "LastError: Installation error: no space\nInstalling failed",
            "installed: Installation err",
            "",
        ),
    ],
)
def test_rauc_that_does_not_answer_is_told_from_one_that_refuses_and_is_ended(
    said: str, told: str, ended: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "rauc"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\nexit 1\n")
    program.chmod(0o755)
    calls = _systemctl(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(UpdateError, match=told):
        install(tmp_path / "x.raucb")
    assert calls.read_text() == ended


def test_rauc_that_takes_for_ever_is_ended_with_its_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "rauc"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    calls = _systemctl(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(bundle, "_INSTALL_WAIT_S", 0.2)
    with pytest.raises(UpdateError, match="did not end within"):
        install(tmp_path / "x.raucb")
    assert calls.read_text() == "stop rauc.service\n"


def _systemctl(folder: Path) -> Path:
    """Put a systemctl into a folder that writes down what it is told; return where."""
    calls = folder / "calls"
    calls.touch()
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >>{calls}\n')
    program.chmod(0o755)
    return calls
