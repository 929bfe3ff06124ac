"""What the units of updates promise each other."""

import configparser
import re
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
