"""The aim page's units: what the page's process has, and what keeps lanes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_lpr.aim.__main__ import PORT
from edge_lpr.aim.booths import KEEP_LIMIT_S, TAKE_OVER_LIMIT_S, WANTED_LANES
from edge_lpr.aim.entry import SESSION_S
from edge_lpr.aim.keeper_link import ANSWER_S
from edge_lpr.aim.page_files import PAGE_FILES
from edge_lpr.aim.session import KEEPER_SOCKET, PAGE_USER
from edge_lpr.technician.words import word_of

UNITS = Path(__file__).parents[2] / "systemd"


def lines_of(name: str) -> list[str]:
    return (UNITS / name).read_text().splitlines()


def test_page_has_a_user_of_its_own_and_no_network_but_the_socket_that_it_is_handed() -> None:
    page, socket = lines_of("edge-lpr-aim.service"), lines_of("edge-lpr-aim.socket")
    assert f"User={PAGE_USER}" in page
    for line in ("PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "PrivateDevices=yes"):
        assert line in page
    assert [line for line in socket if line.startswith("Listen")] == [
        f"ListenStream=127.0.0.1:{PORT}"
    ]
    # Only edge-lpr aim starts it.
    assert not [line for line in page + socket if line.startswith(("[Install]", "WantedBy"))]


def test_page_reaches_its_keeper_and_no_file_of_the_booth() -> None:
    page = lines_of("edge-lpr-aim.service")
    assert f"BindReadOnlyPaths={KEEPER_SOCKET.parent}" in page
    assert "TemporaryFileSystem=/run:ro,noexec" in page
    hidden = " ".join(line for line in page if line.startswith("InaccessiblePaths="))
    for path in ("/var/lib/edge-lpr", "/etc/edge-lpr", "/state", "/run/systemd/private"):
        assert f"-{path}" in hidden
    assert not [line for line in page if line.startswith(("ReadWritePaths", "StateDirectory"))]


def test_lanes_are_kept_by_a_unit_that_writes_settings_and_nothing_else() -> None:
    unit = lines_of("edge-lpr-lanes.service")
    (program,) = [line for line in unit if line.startswith("ExecStart=")]
    assert program.endswith(f" configure --lanes {WANTED_LANES}")
    assert [line for line in unit if line.startswith("ReadWritePaths=")] == [
        "ReadWritePaths=/etc/edge-lpr"
    ]
    assert "CapabilityBoundingSet=" in unit


def test_a_session_ends_before_what_would_end_it_by_force() -> None:
    word = word_of("aim")
    assert word is not None
    assert word.limit_s > SESSION_S + ANSWER_S
    (limit,) = [line for line in lines_of("edge-lpr-aim.service") if "RuntimeMaxSec" in line]
    assert 60 * int(re.findall(r"=(\d+)min", limit)[0]) > SESSION_S + ANSWER_S


def test_whoever_waits_for_a_save_waits_longer_than_who_does_it() -> None:
    (limit,) = [line for line in lines_of("edge-lpr-lanes.service") if "TimeoutStartSec" in line]
    kept_s = 60 * int(re.findall(r"=(\d+)min", limit)[0])
    stopped_s = [
        int(line.partition("=")[2])
        for unit in ("edge-lpr-tokeniser.service", "edge-lpr-vision.service")
        for line in lines_of(unit)
        if line.startswith("TimeoutStopSec=")
    ]
    assert kept_s < KEEP_LIMIT_S
    # A unit that says nothing else starts in 90 s.
    assert sum(stopped_s) + 2 * 90 < TAKE_OVER_LIMIT_S
    assert KEEP_LIMIT_S + TAKE_OVER_LIMIT_S < ANSWER_S
    script = PAGE_FILES["/aim.js"][0].decode()
    (browser_ms,) = re.findall(r'"PUT" \? ([\d_]+)', script)
    assert int(browser_ms) > 1000 * ANSWER_S


@pytest.mark.parametrize(
    ("unit", "limit"), [("edge-lpr-aim.service", 0.4), ("edge-lpr-lanes.service", 1.1)]
)
def test_exposure_of_what_an_aim_session_starts(unit: str, limit: float) -> None:
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
