"""The units of the metrics: who asks has no network, who serves asks nobody, and both are off."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_lpr.installation.rendering import METRICS_SWITCH
from edge_lpr.metrics.collector import LOOK_EVERY_S, METRICS_FILE
from edge_lpr.metrics.server import PORT
from edge_lpr.technician.words import word_of
from tests.support.installed_booth import ANSWERS, InstalledBooth, bundle

UNITS = Path(__file__).parents[2] / "systemd"
SERVER, COLLECTOR, SOCKET = (
    "edge-lpr-metrics.service",
    "edge-lpr-metrics-collect.service",
    "edge-lpr-metrics.socket",
)


def lines_of(name: str) -> list[str]:
    return (UNITS / name).read_text().splitlines()


def test_socket_is_this_machines_alone() -> None:
    lines = lines_of(SOCKET)
    assert [line for line in lines if line.startswith("Listen")] == [
        f"ListenStream=127.0.0.1:{PORT}"
    ]
    assert {"IPAddressDeny=any", "IPAddressAllow=127.0.0.1"} <= set(lines)


@pytest.mark.parametrize("unit", [SOCKET, COLLECTOR])
def test_nothing_starts_unless_somebody_has_switched_it_on(unit: str) -> None:
    conditions = [line for line in lines_of(unit) if line.startswith("Condition")]
    # Both with a bar: one of them is enough. What the answers made counts after they were read.
    assert conditions == [
        f"ConditionPathExists=|{METRICS_SWITCH}",
        "ConditionPathExists=|/etc/edge-lpr/metrics",
    ]
    assert any(
        line.startswith("After=") and "edge-lpr-configure.service" in line
        for line in lines_of(unit)
    )


def test_server_has_a_user_of_its_own_one_socket_and_one_file() -> None:
    lines = lines_of(SERVER)
    for line in (
        "User=edge-lpr-metrics",
        "PrivateNetwork=yes",
        "RestrictAddressFamilies=AF_UNIX",
        "PrivateDevices=yes",
        "TemporaryFileSystem=/run:ro,noexec",
        f"BindReadOnlyPaths={METRICS_FILE.parent}",
        f"Requires={COLLECTOR}",
    ):
        assert line in lines
    hidden = " ".join(line for line in lines if line.startswith("InaccessiblePaths="))
    for path in ("/var/lib/edge-lpr", "/etc/edge-lpr", "/state", "/run/systemd/private"):
        assert f"-{path}" in hidden
    # Only the first scrape starts it.
    assert "[Install]" not in lines


def test_collector_is_root_without_a_right_and_without_a_network() -> None:
    lines = lines_of(COLLECTOR)
    for line in (
        "CapabilityBoundingSet=",
        "PrivateNetwork=yes",
        "RestrictAddressFamilies=AF_UNIX",
        "IPAddressDeny=any",
        f"RuntimeDirectory={METRICS_FILE.parent.name}",
        "RuntimeDirectoryMode=0750",
        "Group=edge-lpr-metrics",
    ):
        assert line in lines
    assert not [line for line in lines if line.startswith(("User=", "ReadWritePaths="))]
    (patience,) = [line.partition("=")[2] for line in lines if line.startswith("WatchdogSec=")]
    # Three processes may take 20 s each to answer, the service manager 15 s for each question.
    assert int(patience) > LOOK_EVERY_S + 3 * 20 + 4 * 15


@pytest.mark.parametrize(("unit", "limit"), [(SERVER, 0.2), (COLLECTOR, 0.9)])
def test_exposure_of_the_metrics(unit: str, limit: float) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze is not None, "systemd-analyze is part of the package systemd"
    analyzed = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(UNITS / unit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in analyzed.stderr.splitlines() if "edge-lpr" in line] == []
    (found,) = re.findall(r"Overall exposure level for .*: (\d+\.\d)", analyzed.stdout)
    assert float(found) <= limit


def test_answers_switch_it_on_and_off_again(tmp_path: Path) -> None:
    booth = InstalledBooth(tmp_path / "booth")
    switch = booth.places.below(Path(METRICS_SWITCH))
    booth.bring(ANSWERS, bundle(booth.key))
    assert booth.configure() == []
    assert not switch.exists()
    booth.bring(f"metrics = true\n{ANSWERS}", bundle(booth.key))
    assert booth.configure() == []
    assert switch.exists()
    booth.bring(ANSWERS, bundle(booth.key))
    assert booth.configure() == []
    assert not switch.exists()


def test_technician_gets_the_text_by_a_word_and_not_by_a_port() -> None:
    word = word_of("metrics")
    assert word is not None
    assert word.commands == (("/opt/edge-lpr/bin/edge-lpr", "metrics"),)
    configuration = UNITS.parent / "firmware_config/ssh/sshd_config"
    opened = [line for line in configuration.read_text().splitlines() if "PermitOpen" in line]
    assert len(opened) == 1
    assert str(PORT) not in opened[0]
