"""How a booth lets technicians in, and nobody at its console: the files that an image gets."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_lpr.aim.__main__ import PORT
from edge_lpr.audit.log import RECORD_FOLDER
from edge_lpr.certificates.technician_certificate import FORCED_COMMAND, LOGIN_USER
from edge_lpr.first_boot.facts import gather
from edge_lpr.technician.asking import DOOR
from edge_lpr.technician.host_key import FINGERPRINT_FILE, HOST_KEY_FILE, ensure_host_key
from edge_lpr.technician.login_files import CA_FILE_NAME, LOGIN_FOLDER, PRINCIPALS_FILE_NAME
from edge_lpr.technician.words import WORDS, help_text
from tests.support.clock import SetClock
from tests.support.open_ssh import keygen, make_key, need_sshd

CONFIGURATION = Path(__file__).parents[2] / "firmware_config"
UNITS = Path(__file__).parents[2] / "systemd"
SSHD_CONFIG = CONFIGURATION / "ssh" / "sshd_config"


def lines_of(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def effective(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what sshd makes of the file, for a technician."""
    folder = tmp_path_factory.mktemp("sshd")
    text = SSHD_CONFIG.read_text().replace(str(HOST_KEY_FILE), str(make_key(folder / "host-key")))
    (folder / "config").write_text(text)
    command = [need_sshd(), "-T", "-f", str(folder / "config")]
    finished = subprocess.run(
        [*command, "-C", f"user={LOGIN_USER},host=laptop,addr=192.0.2.9"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    pairs = (line.split(" ", 1) for line in finished.stdout.splitlines())
    return {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs}


def test_sshd_knows_certificates_and_nothing_else(effective: dict[str, str]) -> None:
    assert effective["authenticationmethods"] == "publickey"
    for way in (
        *("passwordauthentication", "kbdinteractiveauthentication", "hostbasedauthentication"),
        *("gssapiauthentication", "permitrootlogin", "permitemptypasswords", "usepam"),
    ):
        assert effective[way] == "no", way
    assert effective["authorizedkeysfile"] == "none"
    assert effective["allowusers"] == LOGIN_USER
    assert all("-cert-" in kind for kind in effective["pubkeyacceptedalgorithms"].split(","))
    assert effective["trustedusercakeys"] == str(LOGIN_FOLDER / CA_FILE_NAME)
    assert effective["authorizedprincipalsfile"] == str(LOGIN_FOLDER / PRINCIPALS_FILE_NAME)


def test_sshd_gives_one_command_and_nothing_else(effective: dict[str, str]) -> None:
    assert effective["forcecommand"] == FORCED_COMMAND
    assert effective["exposeauthinfo"] == "yes"
    for thing in (
        *("allowstreamlocalforwarding", "allowagentforwarding"),
        *("x11forwarding", "permittunnel", "gatewayports", "permittty", "permituserrc"),
        "permituserenvironment",
    ):
        assert effective[thing] == "no", thing
    assert "subsystem" not in effective
    assert "acceptenv" not in effective


def test_sshd_leads_to_the_aim_page_and_nowhere_else(effective: dict[str, str]) -> None:
    assert effective["allowtcpforwarding"] == "local"
    assert effective["permitopen"] == f"127.0.0.1:{PORT}"
    assert effective["permitlisten"] == "none"
    assert f"ListenStream=127.0.0.1:{PORT}" in lines_of(UNITS / "edge-lpr-aim.socket")
    assert f"-L {PORT}:127.0.0.1:{PORT}" in help_text()


def test_units_and_programs_mean_the_same_places() -> None:
    assert f"ListenSequentialPacket={DOOR}" in lines_of(UNITS / "edge-lpr-technician.socket")
    door = lines_of(UNITS / "edge-lpr-technician@.service")
    assert f"StateDirectory={RECORD_FOLDER.relative_to('/var/lib')}" in door
    key = lines_of(UNITS / "edge-lpr-sshd-key.service")
    assert f"StateDirectory={HOST_KEY_FILE.parent.relative_to('/var/lib')}" in key
    condition = f"ConditionPathExists={LOGIN_FOLDER / CA_FILE_NAME}"
    for unit in ("edge-lpr-sshd.service", "edge-lpr-sshd-key.service"):
        assert condition in lines_of(UNITS / unit)
    assert condition in lines_of(UNITS / "edge-lpr-technician.socket")
    assert lines_of(CONFIGURATION / "ssh" / "technician-shell") == [f"exec {FORCED_COMMAND}"]


def test_door_is_for_one_user_and_outlives_every_word() -> None:
    socket = lines_of(UNITS / "edge-lpr-technician.socket")
    assert "SocketMode=0660" in socket
    assert f"SocketGroup={LOGIN_USER}" in socket
    (limit,) = [
        line for line in lines_of(UNITS / "edge-lpr-technician@.service") if "RuntimeMaxSec" in line
    ]
    assert max(word.limit_s for word in WORDS) < 60 * int(re.findall(r"=(\d+)min", limit)[0])


@pytest.mark.parametrize("unit", ["edge-lpr-sshd.service", "edge-lpr-technician@.service"])
def test_who_serves_technicians_sees_no_keys(unit: str) -> None:
    hidden = " ".join(line for line in lines_of(UNITS / unit) if line.startswith("Inaccessible"))
    assert "-/var/lib/edge-lpr/tokeniser" in hidden
    assert "-/etc/credstore.encrypted" in hidden
    given_up = lines_of(UNITS / unit)
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "MemoryDenyWriteExecute=yes"):
        assert line in given_up


ON_THE_STATE_PARTITION = {
    Path(words[1]): Path(words[0])
    for words in map(str.split, lines_of(CONFIGURATION / "image" / "fstab"))
    if words[0].startswith("/state/")
}
"""Folders of a booth, and where the partition that they come from has the same files."""


@pytest.mark.parametrize(
    "name",
    [
        *("sshd", "sshd-key", "technician@", "wifi@", "modem@", "configure", "vision", "publisher"),
        "progress",
    ],
)
def test_what_is_hidden_has_no_second_name_on_the_state_partition(name: str) -> None:
    lines = lines_of(UNITS / f"edge-lpr-{name}.service")
    hidden = {
        Path(word.lstrip("-"))
        for line in lines
        if line.startswith("InaccessiblePaths=")
        for word in line.partition("=")[2].split()
    }
    assert ON_THE_STATE_PARTITION.keys() >= {Path("/etc/edge-lpr"), Path("/var/lib/edge-lpr")}
    for folder, source in ON_THE_STATE_PARTITION.items():
        for path in hidden:
            if path.is_relative_to(folder):
                again = source / path.relative_to(folder)
                assert hidden & {again, *again.parents}, f"{path} is {again} too"


def test_key_of_the_state_partition_is_hidden_from_the_door() -> None:
    (line,) = [
        line for line in lines_of(UNITS / "edge-lpr-technician@.service") if "state.key" in line
    ]
    script = lines_of(CONFIGURATION / "image" / "open-state")
    (key,) = [each.removeprefix("key=") for each in script if each.startswith("key=")]
    assert f"-{key}" in line.split()


def test_door_does_not_close_for_good() -> None:
    socket = lines_of(UNITS / "edge-lpr-technician.socket")
    limits = dict(line.split("=") for line in socket if "Limit" in line)
    assert limits["PollLimitIntervalSec"] == limits["TriggerLimitIntervalSec"] == "60"
    # The one waits, the other fails the socket: it must never be the first to be reached.
    assert int(limits["PollLimitBurst"]) * 10 < int(limits["TriggerLimitBurst"])


def test_console_shows_the_fingerprint_that_the_unit_writes(tmp_path: Path) -> None:
    file = tmp_path / FINGERPRINT_FILE.relative_to("/")
    file.parent.mkdir(parents=True)
    file.write_text("SHA256:x\n")
    assert gather(tmp_path, SetClock()).ssh_key == "SHA256:x"


def test_sshd_may_lock_up_what_is_not_logged_in() -> None:
    # chroot is one of @mount's: allowed before those are denied, it would be denied too.
    filters = [
        line for line in lines_of(UNITS / "edge-lpr-sshd.service") if "SystemCallFilter" in line
    ]
    assert filters[-1] == "SystemCallFilter=chroot"


@pytest.mark.parametrize(
    ("unit", "limit"),
    [
        # It becomes another user and listens; the other is root and changes the system.
        ("edge-lpr-sshd.service", 2.7),
        ("edge-lpr-technician@.service", 2.8),
        ("edge-lpr-sshd-key.service", 1.1),
    ],
)
def test_exposure_of_what_serves_technicians(unit: str, limit: float) -> None:
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


def test_nobody_gets_a_prompt_or_a_shell_at_the_console() -> None:
    masked = lines_of(CONFIGURATION / "masked-units")
    for unit in masked:
        assert re.fullmatch(r"[a-z0-9-]+@?\.(service|socket|path)", unit), unit
    assert len(masked) == len(set(masked))
    assert {"getty@.service", "serial-getty@.service", "autovt@.service"} <= set(masked)
    assert {"debug-shell.service", "ssh.service", "ssh.socket"} <= set(masked)
    # Ours must not be among them.
    assert not any(unit.startswith("edge-lpr") for unit in masked)
    words = lines_of(CONFIGURATION / "kernel-command-line")
    assert {"systemd.debug_shell=0", "SYSTEMD_SULOGIN_FORCE=0", "systemd.ssh_auto=no"} <= set(words)


def test_host_key_that_a_booth_makes_is_one_for_sshd(tmp_path: Path) -> None:
    path = tmp_path / "host-key"
    fingerprint = ensure_host_key(path)
    assert keygen("-l", "-f", str(path)).split()[1] == fingerprint
    assert keygen("-y", "-f", str(path)).startswith("ssh-ed25519 ")
    assert path.stat().st_mode & 0o077 == 0
    # The next start finds it; half a key, or another kind, is no key.
    assert ensure_host_key(path) == fingerprint
    path.write_bytes(path.read_bytes()[:100])
    assert ensure_host_key(path) != fingerprint
    path.unlink()
    make_key(path, "ecdsa")
    path.with_suffix(".pub").unlink()
    assert ensure_host_key(path) == keygen("-l", "-f", str(path)).split()[1]
