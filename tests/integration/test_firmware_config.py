"""How a booth's system is configured: with reasons, and understood by the programs that read it."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CONFIGURATION = Path(__file__).parents[2] / "firmware_config"
UNITS = Path(__file__).parents[2] / "systemd"
SYSCTL = CONFIGURATION / "sysctl.d" / "60-edge-lpr.conf"
MODULES = CONFIGURATION / "modprobe.d" / "edge-lpr.conf"
USB_RULES = CONFIGURATION / "udev" / "60-edge-lpr-usb.rules"
COMMAND_LINE = CONFIGURATION / "kernel-command-line"
PRESET = CONFIGURATION / "system-preset" / "10-edge-lpr.preset"
TMPFILES = CONFIGURATION / "tmpfiles.d" / "edge-lpr.conf"

SECTIONS = {
    "journald": "Journal",
    "timesyncd": "Time",
    "system": "Manager",
    "sleep": "Sleep",
    "coredump": "Coredump",
}


def program(name: str) -> str:
    """Return where a program of systemd or procps is; scripts/test installs both."""
    found = shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
    assert found is not None, f"{name} is missing; apt install systemd procps"
    return found


def settings_of(name: str) -> dict[str, str]:
    """Return the settings of one of systemd's own programs."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((CONFIGURATION / f"{name}.conf.d" / "edge-lpr.conf").read_text())
    assert parser.sections() == [SECTIONS[name]]
    return dict(parser[SECTIONS[name]])


def effective_lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line and not line.startswith("#")]


def test_each_kernel_setting_has_its_reason_above_it_and_stands_once() -> None:
    before = ""
    keys = []
    for line in SYSCTL.read_text().splitlines():
        if line and not line.startswith("#"):
            assert before.startswith("# "), line
            assert re.fullmatch(r"[a-z0-9_.]+ = \S.*", line), line
            keys.append(line.partition(" = ")[0])
        before = line
    assert len(keys) == len(set(keys))


def test_sysctl_understands_the_kernel_settings() -> None:
    shown = subprocess.run(
        [program("sysctl"), "--dry-run", "--ignore", "--load", str(SYSCTL)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.splitlines() == [line for line in effective_lines(SYSCTL) if known(line)]


def known(line: str) -> bool:
    """Return whether this kernel has the setting of a line."""
    return Path("/proc/sys", *line.partition(" = ")[0].split(".")).exists()


def test_kernel_settings_have_names_that_this_kernel_knows() -> None:
    # A kernel built without a part of itself does not know that part's settings.
    parts = ("kernel.sysrq", "kernel.yama.", "kernel.kexec_load", "net.ipv6.", "vm.unprivileged")
    unknown = [line for line in effective_lines(SYSCTL) if not known(line)]
    assert [line for line in unknown if not line.startswith(parts)] == []


def test_no_memory_becomes_a_file() -> None:
    kernel = dict(line.split(" = ") for line in effective_lines(SYSCTL))
    assert kernel["kernel.core_pattern"] == "|/bin/false"
    assert kernel["kernel.kexec_load_disabled"] == "1"
    assert settings_of("coredump") == {"Storage": "none", "ProcessSizeMax": "0"}
    assert set(settings_of("sleep").values()) == {"no"}
    assert settings_of("journald")["Storage"] == "volatile"
    manager = settings_of("system")
    assert (manager["DumpCore"], manager["CrashShell"]) == ("no", "no")
    words = effective_lines(COMMAND_LINE)
    assert {"systemd.swap=0", "nohibernate", "noresume"} <= set(words)
    disabled = [line.split()[1] for line in effective_lines(PRESET) if line.startswith("disable")]
    for unit in ("kdump-tools.service", "dphys-swapfile.service", "apport.service"):
        assert unit in disabled


def test_modules_are_refused_also_when_they_are_asked_for_by_name() -> None:
    lines = effective_lines(MODULES)
    for line in lines:
        assert re.fullmatch(r"install [a-z0-9_-]+ /bin/false", line), line
    assert len(lines) == len(set(lines))
    modules = {line.split()[1] for line in lines}
    assert {"usb-storage", "uas", "libcomposite", "firewire-core", "bluetooth"} <= modules
    # The camera, and an LTE modem.
    assert not modules & {"uvcvideo", "videodev", "cdc_mbim", "qmi_wwan", "usbnet"}


def test_only_hubs_and_cameras_are_let_in_by_usb() -> None:
    assert "usbcore.authorized_default=0" in effective_lines(COMMAND_LINE)
    rules = effective_lines(USB_RULES)
    for rule in rules:
        for part in rule.split(", "):
            assert re.fullmatch(r'[A-Z]+(\{[^}]+\})?(==|=)"[^"]*"', part), part
    letting_in = [rule for rule in rules if 'ATTR{authorized}="1"' in rule]
    classes = {re.findall(r'(?:Device|Interface)Class\}=="(..)"', rule)[0] for rule in letting_in}
    assert classes == {"09", "0e", "ef"}
    # Of a device of several functions, the functions are asked again.
    interfaces = [rule for rule in letting_in if "usb_interface" in rule]
    assert not any('"ef"' in rule for rule in interfaces)
    assert 'ATTR{interface_authorized_default}="0"' in rules[0]


@pytest.mark.parametrize("name", SECTIONS)
def test_systemd_finds_the_settings_where_they_are_installed(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "systemd" / f"{name}.conf.d"
    shutil.copytree(CONFIGURATION / f"{name}.conf.d", folder)
    shown = subprocess.run(
        [program("systemd-analyze"), f"--root={tmp_path}", "cat-config", f"systemd/{name}.conf"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (folder / "edge-lpr.conf").read_text() in shown.stdout
    assert settings_of(name)


def test_hardware_watchdog_is_within_what_a_raspberry_pi_reaches() -> None:
    seconds = int(settings_of("system")["RuntimeWatchdogSec"].removesuffix("s"))
    assert 5 <= seconds < 15


def test_no_time_server_is_asked_that_nobody_chose() -> None:
    settings = settings_of("timesyncd")
    assert settings["FallbackNTP"] == ""
    assert "NTP" not in settings


def test_folders_are_made_and_what_crashes_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "var" / "crash" / "python.dump"
    left.parent.mkdir(parents=True)
    left.write_text("memory")
    users = str(UNITS / "edge-lpr.sysusers.conf")
    (tmp_path / "etc").mkdir()
    subprocess.run([program("systemd-sysusers"), f"--root={tmp_path}", users], check=True)
    made = subprocess.run(
        [
            program("systemd-tmpfiles"),
            "--create",
            "--remove",
            "--boot",
            f"--root={tmp_path}",
            str(TMPFILES),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    # As another user than root the owner cannot be set, which it says.
    assert [line for line in made.stderr.splitlines() if "edge-lpr.conf" in line] == []
    assert (tmp_path / "var/lib/edge-lpr").is_dir()
    assert (tmp_path / "state/update/fetched").is_dir()
    assert not left.exists()


def test_what_a_booth_runs_is_enabled_and_what_listens_is_not(tmp_path: Path) -> None:
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for unit in (*UNITS.glob("edge-lpr-*.*"), UNITS / "edge-lpr.target"):
        if unit.is_file() and unit.suffix in {".service", ".socket", ".timer", ".path", ".target"}:
            shutil.copy(unit, units)
    strangers = ("avahi-daemon.service", "rpi-swap-file.service", "ssh.socket", "anything.timer")
    for name in strangers:
        (units / name).write_text("[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=a.target\n")
    preset = tmp_path / "etc/systemd/system-preset"
    shutil.copytree(PRESET.parent, preset)
    # As Debian's own.
    (preset / "99-default.preset").write_text("enable *\n")
    subprocess.run(
        [program("systemctl"), f"--root={tmp_path}", "preset-all"], check=True, capture_output=True
    )
    enabled = {link.name for link in units.glob("*.wants/*")}
    assert enabled == {
        "edge-lpr-audit.service",
        "edge-lpr-configure.service",
        "edge-lpr-first-boot.service",
        "edge-lpr-progress.service",
        "edge-lpr-state-limit.service",
        "edge-lpr-technician.socket",
        "edge-lpr-sshd.service",
        "edge-lpr-vision.service",
        "edge-lpr-tokeniser.service",
        "edge-lpr-publisher.service",
        "edge-lpr-certificate.path",
        "edge-lpr-enrol-finish.service",
        "edge-lpr-enrol-renew.timer",
        "edge-lpr-health-gate.service",
        "edge-lpr-metrics-collect.service",
        "edge-lpr-metrics.socket",
        "edge-lpr-update-settle.service",
        "edge-lpr-update.timer",
    }


def test_every_file_says_why() -> None:
    # A Raspberry Pi takes every word of cmdline.txt for an argument; config.txt says why.
    elsewhere = {"booth.toml", "cmdline.txt.in"}
    own = [
        file
        for file in CONFIGURATION.rglob("*")
        if file.is_file() and file.name not in elsewhere and "broker" not in file.parts
    ]
    assert len(own) >= 12
    for file in own:
        assert sum(line.lstrip().startswith("# ") for line in file.read_text().splitlines()), file
