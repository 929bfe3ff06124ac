"""The unit files say what systemd understands, and the three processes give up the same things."""

import shutil
import subprocess
from pathlib import Path

import pytest

from edge_lpr.authority.arguments import parse_arguments
from edge_lpr.core.watchdog import HANG_LIMIT_S

RECOVERED_S = 15
START_S = 4
"""Left for the start of the next process."""

UNITS = Path(__file__).parents[2] / "systemd"
TPM = UNITS / "edge-lpr-tokeniser.service.d"
PROCESSES = ("vision", "tokeniser", "publisher")


def lines_of(process_name: str) -> list[str]:
    return (UNITS / f"edge-lpr-{process_name}.service").read_text().splitlines()


@pytest.mark.parametrize("process_name", PROCESSES)
def test_unit_starts_its_own_process_as_its_own_user(process_name: str) -> None:
    lines = lines_of(process_name)
    assert f"User=edge-lpr-{process_name}" in lines
    assert any(
        line.startswith(f"ExecStart=/opt/edge-lpr/bin/edge-lpr {process_name} ") for line in lines
    )


def test_the_three_units_give_up_the_same_things() -> None:
    given_up = [
        lines[lines.index("NoNewPrivileges=yes") : lines.index("KeyringMode=private") + 1]
        for lines in map(lines_of, PROCESSES)
    ]
    assert given_up[0] == given_up[1] == given_up[2]


@pytest.mark.parametrize("process_name", PROCESSES)
def test_memory_of_a_process_never_becomes_a_file(process_name: str) -> None:
    lines = lines_of(process_name)
    assert "LimitCORE=1" in lines
    assert "LimitMEMLOCK=infinity" in lines
    assert "MemorySwapMax=0" in lines


@pytest.mark.parametrize("process_name", PROCESSES)
def test_unit_is_started_again_for_ever(process_name: str) -> None:
    lines = lines_of(process_name)
    assert "StartLimitIntervalSec=0" in lines
    assert "Restart=on-failure" in lines


@pytest.mark.parametrize("process_name", PROCESSES)
def test_process_that_stands_still_is_back_within_fifteen_seconds(process_name: str) -> None:
    lines = lines_of(process_name)
    (watchdog_s,) = [int(line.partition("=")[2]) for line in lines if "WatchdogSec=" in line]
    (restart_s,) = [int(line.partition("=")[2]) for line in lines if "RestartSec=" in line]
    assert watchdog_s >= HANG_LIMIT_S
    assert watchdog_s + restart_s + START_S <= RECOVERED_S
    # Other signals wait until a stopped process goes on.
    assert "WatchdogSignal=SIGKILL" in lines


@pytest.mark.parametrize("process_name", ["vision", "tokeniser"])
def test_only_the_publisher_has_a_network(process_name: str) -> None:
    lines = lines_of(process_name)
    assert "PrivateNetwork=yes" in lines
    assert "RestrictAddressFamilies=AF_UNIX" in lines


def test_the_authoritys_units_give_up_the_same_things() -> None:
    given_up = [
        lines[lines.index("NoNewPrivileges=yes") : lines.index("MemorySwapMax=0") + 1]
        for lines in map(lines_of, ("authority-rotate", "authority-watchlist"))
    ]
    assert given_up[0] == given_up[1]


def test_watch_list_is_published_again_before_the_broker_drops_it() -> None:
    timer = (UNITS / "edge-lpr-authority-watchlist.timer").read_text().splitlines()
    # Daily, and a broker keeps it for two days.
    assert "OnCalendar=*-*-* 01:00:00 UTC" in timer
    assert "Persistent=yes" in timer
    command = next(
        line for line in lines_of("authority-watchlist") if line.startswith("ExecStart=")
    )
    words = command.partition("/edge-lpr ")[2].split()
    assert words[:3] == ["authority", "watchlist", "compile"]
    assert parse_arguments(words[1:]).publish


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze is not None, (
        "systemd-analyze is part of the package systemd; apt install systemd"
    )
    # The program is looked for too, and it is installed on booths only.
    program = tmp_path / "edge-lpr"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in (*UNITS.glob("*.service"), *UNITS.glob("*.timer")):
        text = unit.read_text().replace("/opt/edge-lpr/bin/edge-lpr", str(program))
        (tmp_path / unit.name).write_text(text)
    # What a booth with a TPM adds is understood too.
    shutil.copytree(TPM, tmp_path / TPM.name)
    units = [str(unit) for unit in sorted(tmp_path.glob("*.*")) if unit.is_file()]
    verified = subprocess.run(
        [analyze, "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    own_lines = [line for line in verified.stderr.splitlines() if "edge-lpr" in line]
    assert own_lines == []
    assert verified.returncode == 0
