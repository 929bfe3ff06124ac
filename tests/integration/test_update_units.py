"""What the units of updates promise each other."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_lpr.installation.model import Installation
from edge_lpr.update.grub_slots import TRIAL_WORD
from edge_lpr.update.tasks import gate

PROJECT = Path(__file__).parents[2]
UNITS = PROJECT / "systemd"
GRUB = PROJECT / "firmware_config/image"
RAUC = PROJECT / "firmware_config/rauc"


def unit(name: str) -> dict[str, str]:
    """Return the settings of a unit, without those that stand twice."""
    found = {}
    for line in (UNITS / name).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[key] = value
    return found


def test_a_gate_that_fails_or_never_ends_restarts_the_machine() -> None:
    lines = unit("edge-lpr-health-gate.service")
    assert lines["FailureAction"] == "reboot"
    assert lines["JobTimeoutAction"] == "reboot-force"
    # It asks for more time itself, so it must be heard.
    assert lines["NotifyAccess"] == "main"
    assert lines["TimeoutStartSec"] == "5min"


def test_the_longest_setting_fits_into_the_gates_unit() -> None:
    bounds = str(Installation.model_fields["update_gate_s"].metadata)
    (longest_s,) = (int(each) for each in re.findall(r"le=(\d+)", bounds))
    minutes = unit("edge-lpr-health-gate.service")["JobTimeoutSec"]
    assert int(minutes.removesuffix("min")) * 60 > longest_s + 30 * 60
    assert Installation.model_fields["update_gate_s"].default == gate._DEFAULT_S


def test_grub_the_gate_and_the_shell_agree_on_the_word_for_a_trial() -> None:
    assert f"set trial={TRIAL_WORD}\n" in (GRUB / "grub.cfg").read_text()
    assert "$trial" in (GRUB / "grub-slot.cfg").read_text()
    assert f"grep -qw {TRIAL_WORD} /proc/cmdline" in (RAUC / "on-trial").read_text()


def test_rauc_takes_no_plain_bundle_and_no_stream() -> None:
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(RAUC / "system.conf.in")
    assert settings["system"]["bundle-formats"] == "verity"
    assert settings["keyring"]["check-purpose"] == "codesign"
    assert "PrivateNetwork=yes" in (RAUC / "service.conf").read_text().splitlines()


def test_what_would_be_in_the_fetchers_way_is_removed_before(tmp_path: Path) -> None:
    """As root: that user can make folders and files that he cannot remove or open himself."""
    line = unit("edge-lpr-update.service")["ExecStartPre"]
    assert line.startswith("+-/usr/bin/find /state/update/fetched ")
    fetched, precious = tmp_path / "fetched", tmp_path / "precious"
    (fetched / "0.raucb/deep").mkdir(parents=True)
    (fetched / "0.raucb/deep/file").touch()
    precious.mkdir()
    (precious / "file").write_bytes(b"of root")
    (fetched / "a.raucb").symlink_to(precious)
    (fetched / "b.raucb").hardlink_to(precious / "file")
    (fetched / "c.raucb").touch(0)
    (fetched / "d.raucb.part").write_bytes(b"half")
    (fetched / "d.raucb.etag").write_bytes(b'"tag"')
    os.mkfifo(fetched / "e.raucb")
    command = line.removeprefix("+-").replace("/state/update/fetched", str(fetched))
    subprocess.run(shlex.split(command), check=True)
    assert sorted(path.name for path in fetched.iterdir()) == ["d.raucb.etag", "d.raucb.part"]
    assert (precious / "file").read_bytes() == b"of root"


@pytest.mark.parametrize(
    ("hour", "status"), [("01", 1), ("02", 0), ("05", 0), ("06", 1), ("08", 1), ("23", 1)]
)
def test_what_was_fetched_is_installed_at_night_alone(
    hour: str, status: int, tmp_path: Path
) -> None:
    clock = tmp_path / "date"
    clock.write_text(f'#!/bin/sh\n[ "$*" = "-u +%H" ] && echo {hour}\n')
    clock.chmod(0o755)
    line = unit("edge-lpr-update-install.service")["ExecCondition"]
    words = [word.replace("$$", "$").replace("%%", "%") for word in shlex.split(line)]
    done = subprocess.run(words, check=False, env={"PATH": str(tmp_path)})
    assert done.returncode == status


@pytest.mark.parametrize(
    ("name", "limit"), [("update", 1.5), ("update-install", 3.6), ("update-settle", 3.4)]
)
def test_exposure_of_the_update_units_is_no_more_than_it_was(name: str, limit: float) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze is not None
    command = [analyze, "security", "--offline=true", str(UNITS / f"edge-lpr-{name}.service")]
    analyzed = subprocess.run(command, capture_output=True, text=True, check=True)
    (found,) = re.findall(r"Overall exposure level for .*: (\d+\.\d)", analyzed.stdout)
    assert float(found) <= limit
