"""The unit files say what systemd understands, and the three processes give up the same things."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_lpr.audit.reconcile import WINDOW_S
from edge_lpr.audit.recorder import LOOK_EVERY_S
from edge_lpr.authority.arguments import parse_arguments
from edge_lpr.core.told_to_audit import TOLD_FOLDER
from edge_lpr.core.watchdog import HANG_LIMIT_S
from edge_lpr.installation.processes import CAMERA_CREDENTIALS
from edge_lpr.installation.settings_file import TEST_VIDEO

RECOVERED_S = 15
START_S = 4
"""Left for the start of the next process."""

CAMERA_GIVEN_UP_S = 8
"""How long a start waits for a camera that is not there."""


def systemd_version() -> int:
    program = shutil.which("systemd-analyze")
    if program is None:
        return 0
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.split()[1])


LAST_GIVEN_UP = "NoExecPaths=-/var/lib/edge-lpr -/run/edge-lpr -/run/edge-lpr-told -/tmp -/var/tmp"
"""Behind it stands what is a unit's own."""

UNITS = Path(__file__).parents[2] / "systemd"
TPM = UNITS / "edge-lpr-tokeniser.service.d"
PROCESSES = ("vision", "tokeniser", "publisher")

KNOWS_IDENTITY = systemd_version() >= 257
"""Whether this systemd understands ``PrivateUsers=identity``; older ones say so and ignore it."""


PROGRAMS = re.compile(r"(?<=[=+])(/opt/edge-lpr/bin|/usr/lib/edge-lpr|/usr/sbin)/[\w./-]+")


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
        lines[lines.index("NoNewPrivileges=yes") : lines.index(LAST_GIVEN_UP) + 1]
        for lines in map(lines_of, PROCESSES)
    ]
    assert given_up[0] == given_up[1] == given_up[2]


def test_vision_does_not_see_what_the_tokeniser_tells_the_audit() -> None:
    # Its group comes to the tokeniser's socket, and could read there what a publisher causes.
    lines = lines_of("vision")
    assert "TemporaryFileSystem=/run:ro,noexec" in lines
    (shown,) = [line for line in lines if line.startswith("BindReadOnlyPaths=")]
    for path in shown.partition("=")[2].split():
        assert not TOLD_FOLDER.is_relative_to(path)
    assert f"RuntimeDirectory=edge-lpr/tokeniser {TOLD_FOLDER.name}" in lines_of("tokeniser")
    assert "RuntimeDirectoryMode=0750" in lines_of("tokeniser")


def test_vision_gives_up_one_thing_more() -> None:
    after = {
        process_name: [line for line in lines[lines.index(LAST_GIVEN_UP) + 1 :] if "=" in line]
        for process_name, lines in zip(PROCESSES, map(lines_of, PROCESSES), strict=True)
    }
    wanted_by = ["WantedBy=edge-lpr.target"]
    assert after["tokeniser"] == after["publisher"] == wanted_by
    assert after["vision"] == ["SystemCallFilter=~memfd_create memfd_secret", *wanted_by]


@pytest.mark.parametrize("process_name", PROCESSES)
def test_filter_of_calls_begins_with_what_is_allowed(process_name: str) -> None:
    filters = [line for line in lines_of(process_name) if line.startswith("SystemCallFilter=")]
    # systemd takes a list whose first word is a refusal for one that allows everything else.
    assert filters[0] == "SystemCallFilter=@system-service"
    assert all(line.startswith("SystemCallFilter=~") for line in filters[1:])


@pytest.mark.parametrize("process_name", PROCESSES)
def test_memory_of_a_process_never_becomes_a_file(process_name: str) -> None:
    lines = lines_of(process_name)
    assert "LimitCORE=1" in lines
    assert "LimitMEMLOCK=infinity" in lines
    assert "MemorySwapMax=0" in lines
    assert "MemoryDenyWriteExecute=yes" in lines


@pytest.mark.parametrize("process_name", PROCESSES)
def test_unit_is_started_again_for_ever_but_rests_when_it_crashes_at_once(
    process_name: str,
) -> None:
    values = dict(line.split("=", 1) for line in lines_of(process_name) if "=" in line)
    assert values["Restart"] == "on-failure"
    assert values["OnFailure"] == "edge-lpr-again@%p.service"
    # Waiting for a camera that is away must never count as a crash loop.
    shortest_wait_s = CAMERA_GIVEN_UP_S + int(values["RestartSec"])
    assert int(values["StartLimitIntervalSec"]) / shortest_wait_s < int(values["StartLimitBurst"])
    # Nor must what cannot be started be started more often than every five seconds or so.
    again = (UNITS / "edge-lpr-again@.service").read_text()
    assert "sleep 120" in again
    assert "reset-failed %i.service" in again


@pytest.mark.parametrize("process_name", PROCESSES)
def test_process_starts_and_stops_with_the_target(process_name: str) -> None:
    lines = lines_of(process_name)
    assert "PartOf=edge-lpr.target" in lines
    assert "WantedBy=edge-lpr.target" in lines
    (wants,) = [
        line
        for line in (UNITS / "edge-lpr.target").read_text().splitlines()
        if line.startswith("Wants=")
    ]
    assert f"edge-lpr-{process_name}.service" in wants


def complaints(stderr: str) -> list[str]:
    """Return what systemd says about our units, but for words that an old one cannot know."""
    lines = [line for line in stderr.splitlines() if "edge-lpr" in line]
    unknown = (
        "Failed to parse boolean value, ignoring: identity",
        "Unknown key 'PollLimitIntervalSec' in section [Socket], ignoring.",
        "Unknown key 'PollLimitBurst' in section [Socket], ignoring.",
    )
    return [line for line in lines if KNOWS_IDENTITY or not line.endswith(unknown)]


@pytest.mark.parametrize("process_name", ["tokeniser", "publisher"])
def test_who_listens_has_a_user_namespace_that_shows_the_neighbour(process_name: str) -> None:
    assert "PrivateUsers=identity" in lines_of(process_name)


def exposure(folder: Path, process_name: str, *drop_ins: Path) -> float:
    """Return what systemd thinks of a unit with the given drop-ins and no others."""
    unit = folder / f"edge-lpr-{process_name}.service"
    shutil.copy(UNITS / unit.name, unit)
    extra = folder / f"{unit.name}.d"
    extra.mkdir()
    for drop_in in drop_ins:
        text = re.sub("@[A-Z]+_ADDRESS@", "192.0.2.7", drop_in.read_text())
        (extra / f"{drop_in.name}.conf").write_text(text)
    return overall(unit)


def overall(unit: Path) -> float:
    """Return what systemd thinks of a unit, with the drop-ins that lie beside it."""
    analyze = shutil.which("systemd-analyze")
    assert analyze is not None
    analyzed = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=True,
    )
    # What systemd does not understand it only warns of, and the drop-in would open nothing.
    assert complaints(analyzed.stderr) == []
    (found,) = re.findall(r"Overall exposure level for .*: (\d+\.\d)", analyzed.stdout)
    return float(found)


@pytest.mark.parametrize(
    ("process_name", "drop_ins", "limit"),
    [
        ("vision", (), 0.5),
        ("tokeniser", (), 0.5),
        ("tokeniser", ("tpm.conf",), 0.5),
        # Before systemd 257 docs/hardening.md says what is in the way of the 1.0 that we want.
        ("publisher", (), 0.9 if KNOWS_IDENTITY else 1.1),
        ("publisher", ("broker.conf.in", "firewall.conf"), 1.0 if KNOWS_IDENTITY else 1.2),
        # A camera costs the devices that it needs, and one on a network the network.
        ("vision", ("camera.conf",), 0.5),
        ("vision", ("test.conf",), 0.5),
        ("vision", ("csi-rpi.conf",), 0.5),
        ("vision", ("csi-jetson.conf",), 0.5),
        ("vision", ("camera.conf", "cuda.conf"), 0.5),
        ("vision", ("rtsp.conf.in",), 1.0),
    ],
)
def test_exposure_is_no_more_than_allowed(
    process_name: str, drop_ins: tuple[str, ...], limit: float, tmp_path: Path
) -> None:
    folder = UNITS / f"edge-lpr-{process_name}.service.d"
    assert exposure(tmp_path, process_name, *(folder / name for name in drop_ins)) <= limit


@pytest.mark.parametrize(
    ("unit", "limit"),
    [
        ("audit.service", 1.6),
        ("configure.service", 2.2),
        ("wifi@.service", 2.6),
        ("modem@.service", 2.3),
    ],
)
def test_what_is_root_has_little_else(unit: str, limit: float, tmp_path: Path) -> None:
    copied = tmp_path / f"edge-lpr-{unit.replace('@', '@wlan0')}"
    shutil.copy(UNITS / f"edge-lpr-{unit}", copied)
    assert overall(copied) <= limit


def test_vision_sees_what_the_answers_have_made_for_it() -> None:
    seen = [line for line in lines_of("vision") if line.startswith("BindReadOnlyPaths=")]
    folders = [word for line in seen for word in line.partition("=")[2].split()]
    assert str(Path(CAMERA_CREDENTIALS).parent) in folders
    test = (UNITS / "edge-lpr-vision.service.d" / "test.conf").read_text().splitlines()
    assert f"BindReadOnlyPaths=-{Path(TEST_VIDEO).parent}" in test


def test_vision_has_no_device_and_no_network_of_its_own() -> None:
    lines = lines_of("vision")
    assert "PrivateDevices=yes" in lines
    assert "PrivateUsers=yes" in lines
    assert not any(line.startswith("DeviceAllow=") for line in lines)


@pytest.mark.parametrize("drop_in", sorted((UNITS / "edge-lpr-vision.service.d").iterdir()))
def test_what_a_camera_opens_is_one_thing_with_a_reason(drop_in: Path) -> None:
    text = drop_in.read_text()
    assert text.startswith("# ")
    settings = [line for line in text.splitlines() if line and line[0] not in "#["]
    opened = {line.partition("=")[0] for line in settings}
    if drop_in.name == "rtsp.conf.in":
        assert "IPAddressAllow=@CAMERA_ADDRESS@" in settings
        assert "DeviceAllow" not in opened
    else:
        assert not opened & {"PrivateNetwork", "IPAddressAllow", "RestrictAddressFamilies"}


@pytest.mark.parametrize("process_name", PROCESSES)
def test_process_that_stands_still_is_back_within_fifteen_seconds(process_name: str) -> None:
    lines = lines_of(process_name)
    (watchdog_s,) = [int(line.partition("=")[2]) for line in lines if "WatchdogSec=" in line]
    (restart_s,) = [int(line.partition("=")[2]) for line in lines if "RestartSec=" in line]
    assert watchdog_s >= HANG_LIMIT_S
    assert watchdog_s + restart_s + START_S <= RECOVERED_S
    # Other signals wait until a stopped process goes on.
    assert "WatchdogSignal=SIGKILL" in lines


def test_recording_that_stands_still_is_started_anew() -> None:
    lines = lines_of("audit")
    (watchdog_s,) = [int(line.partition("=")[2]) for line in lines if "WatchdogSec=" in line]
    assert 2 * LOOK_EVERY_S < watchdog_s < WINDOW_S
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
    # Programs are looked for too, and these are installed on booths only.
    program = tmp_path / "edge-lpr"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in (
        *UNITS.glob("*.service"),
        *UNITS.glob("*.socket"),
        *UNITS.glob("*.timer"),
        *UNITS.glob("*.target"),
    ):
        text = PROGRAMS.sub(str(program), unit.read_text())
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
    assert complaints(verified.stderr) == []
    assert verified.returncode == 0


@pytest.mark.parametrize(
    ("name", "users"),
    [
        pytest.param(
            "edge-lpr",
            {f"edge-lpr-{each}" for each in (*PROCESSES, "update", "progress", "aim", "metrics")}
            | {"technician"},
            id="booth",
        ),
        pytest.param("edge-lpr-authority", {"edge-lpr-authority"}, id="authority"),
    ],
)
def test_users_of_the_units_can_be_made(name: str, users: set[str], tmp_path: Path) -> None:
    program = shutil.which("systemd-sysusers")
    assert program is not None, (
        "systemd-sysusers is part of the package systemd; apt install systemd"
    )
    (tmp_path / "etc").mkdir()
    done = subprocess.run(
        [program, f"--root={tmp_path}", str(UNITS / f"{name}.sysusers.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = {line.split(":")[0] for line in (tmp_path / "etc" / "passwd").read_text().splitlines()}
    assert made == users
