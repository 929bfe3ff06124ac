"""What is written for Raspberry Pi and Jetson: well formed, with reasons, in step with the rest.

Whether a board understands it, only a board can say; none has been asked yet.
"""

import configparser
import re
import subprocess
from pathlib import Path

import pytest
import yaml

CONFIGURATION = Path(__file__).parents[2] / "firmware_config"
RASPBERRY_PI = CONFIGURATION / "raspberrypi"
LONGEST_LINE = 98
"""The Raspberry Pi's firmware ignores the rest of a longer one."""


def effective_lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line and not line.startswith("#")]


def eeprom_of(text: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    assert parser.sections() == ["all"]
    return dict(parser["all"])


def test_the_firmware_reads_every_line_of_config_txt_whole() -> None:
    for line in (RASPBERRY_PI / "config.txt").read_text().splitlines():
        assert len(line) <= LONGEST_LINE, line
    for line in effective_lines(RASPBERRY_PI / "config.txt"):
        assert re.fullmatch(r"\[(all|cm4|boot_partition=[23])\]|[a-z0-9_]+=[a-z0-9_,.=-]+", line)


def test_every_setting_of_config_txt_has_its_reason() -> None:
    for block in (RASPBERRY_PI / "config.txt").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("[")]
        assert lines[0].startswith("# "), block


def test_each_boot_partition_starts_its_own_system() -> None:
    lines = effective_lines(RASPBERRY_PI / "config.txt")
    assert lines[:5] == [
        "[boot_partition=2]",
        "cmdline=cmdline-a.txt",
        "[boot_partition=3]",
        "cmdline=cmdline-b.txt",
        "[all]",
    ]


def test_clocks_voltages_and_the_cameras_memory_are_left_alone() -> None:
    names = {line.partition("=")[0] for line in effective_lines(RASPBERRY_PI / "config.txt")}
    assert not {name for name in names if name.startswith(("arm_freq", "over_voltage", "gpu_"))}
    assert "force_turbo" not in names


def test_the_kernels_command_line_is_that_of_the_generic_image() -> None:
    (line,) = (RASPBERRY_PI / "cmdline.txt.in").read_text().splitlines()
    words = line.replace("system-@SLOT@", "$label").replace("@SLOT_NAME@", "$slot").split()
    slot = (CONFIGURATION / "image" / "grub-slot.cfg").read_text()
    (generic,) = re.findall(r"^if linux /boot/vmlinuz (.*); then$", slot, re.MULTILINE)
    # The rest are GRUB's own words: for a trial, which the Raspberry Pi's firmware tells otherwise,
    # and for the emulator.
    theirs = [word for word in generic.split() if not word.startswith("$")]
    own = {"rootwait", "cgroup_enable=memory", "console=serial0,115200"}
    assert own <= set(words)
    assert set(words) - own == {word for word in theirs if "@SERIAL_CONSOLE@" not in word}


def test_nothing_starts_from_usb_or_from_the_network() -> None:
    eeprom = eeprom_of((RASPBERRY_PI / "eeprom.conf").read_text())
    order = eeprom["BOOT_ORDER"].removeprefix("0x")
    # 1 is the card, 6 is NVMe, f begins again.
    assert set(order) <= {"1", "6", "f"}
    assert order.startswith("f")
    assert eeprom["ENABLE_SELF_UPDATE"] == eeprom["NET_INSTALL_ENABLED"] == "0"


@pytest.fixture
def user_data() -> dict[str, object]:
    text = (RASPBERRY_PI / "user-data").read_text()
    assert text.startswith("#cloud-config\n")
    parsed: dict[str, object] = yaml.safe_load(text)
    return parsed


def files_of(user_data: dict[str, object]) -> dict[str, str]:
    listed = user_data["write_files"]
    assert isinstance(listed, list)
    return {file["path"]: file["content"] for file in listed}


def test_the_workshops_card_sets_the_boot_loader_as_eeprom_conf_says(
    user_data: dict[str, object],
) -> None:
    written = files_of(user_data)["/etc/edge-lpr-eeprom.conf"]
    wanted = effective_lines(RASPBERRY_PI / "eeprom.conf")
    assert written.splitlines() == wanted


def test_nobody_logs_in_on_the_workshops_card_and_it_fetches_nothing(
    user_data: dict[str, object],
) -> None:
    assert set(user_data) == {
        "users",
        "disable_root",
        "ssh_pwauth",
        "package_update",
        "package_upgrade",
        "write_files",
    }
    assert user_data["users"] == []
    assert (user_data["disable_root"], user_data["ssh_pwauth"]) == (True, False)
    assert not user_data["package_update"]
    assert not user_data["package_upgrade"]
    network = yaml.safe_load((RASPBERRY_PI / "network-config").read_text())["network"]
    assert network["version"] == 2
    for interface in network["ethernets"].values():
        assert not interface["dhcp4"]
        assert not interface["dhcp6"]


def test_a_shell_understands_what_the_workshops_card_runs(user_data: dict[str, object]) -> None:
    script = files_of(user_data)["/var/lib/cloud/scripts/per-boot/edge-lpr-eeprom"]
    subprocess.run(["/bin/sh", "-n"], input=script, text=True, check=True)


def test_the_jetsons_settings_are_two_words_for_the_build() -> None:
    words = [line.split("=") for line in effective_lines(CONFIGURATION / "jetson" / "board.conf")]
    assert [name for name, _ in words] == ["POWER_MODE", "FAN_PROFILE"]
    assert all(re.fullmatch(r"\w+", value) for _, value in words)


@pytest.mark.parametrize("board", ["raspberrypi", "jetson"])
def test_nothing_goes_that_a_booth_needs(board: str) -> None:
    removed = effective_lines(CONFIGURATION / board / "packages-removed")
    needed = effective_lines(CONFIGURATION / "image" / "packages")
    assert set(removed) & set(needed) == set()
    assert len(set(removed)) == len(removed)
    # A file that somebody drops on the card must not become a command.
    assert "cloud-init" in removed


NVPMODEL = """\
# < POWER_MODEL ID=id_num NAME=mode_name >
< POWER_MODEL ID=0 NAME={first} >
CPU_ONLINE CORE_0 1
< POWER_MODEL ID=1 NAME={second} >
CPU_ONLINE CORE_0 1
# mandatory section to configure the default power mode
< PM_CONFIG DEFAULT=2 >
"""
"""As NVIDIA's files are laid out; shortened."""


@pytest.mark.parametrize(
    ("first", "second", "default"),
    [("15W", "25W", 0), ("MAXN", "MODE_15W", 1), ("MAXN", "120W", 2)],
    ids=["Orin Nano", "AGX Orin", "a module without such a mode"],
)
def test_every_module_of_a_jetson_starts_with_the_power_mode_of_that_name(
    tmp_path: Path, first: str, second: str, default: int
) -> None:
    power = tmp_path / "etc/nvpmodel/nvpmodel_p3767_0003.conf"
    fan = tmp_path / "etc/nvpower/nvfancontrol/nvfancontrol_p3767_0000.conf"
    for file, text in (
        (power, NVPMODEL.format(first=first, second=second)),
        (fan, "<FAN 1>\n\tFAN_DEFAULT_CONTROL close_loop\n\tFAN_DEFAULT_PROFILE quiet\n"),
    ):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    program = """
        set -euo pipefail
        . scripts/setup_environment
        . scripts/image_from_base
        eval "$(grep '^lines_of()' scripts/build_image)"
        config=firmware_config root=$1 base=base.tar
        make_jetson_settings
    """
    subprocess.run(
        ["/bin/bash", "-c", program, "bash", tmp_path], cwd=CONFIGURATION.parent, check=True
    )
    assert power.read_text().splitlines()[-1] == f"< PM_CONFIG DEFAULT={default} >"
    assert fan.read_text().splitlines()[-1] == "\tFAN_DEFAULT_PROFILE cool"
