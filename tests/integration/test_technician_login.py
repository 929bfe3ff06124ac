"""Technicians at a real sshd, with the files that a booth has: who gets in, and to what."""

import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_lpr.aim.__main__ import PORT
from edge_lpr.audit.log import TOO_MANY, AuditLog, verify_log
from edge_lpr.core.clock import SystemClock
from edge_lpr.technician.door import MAXIMUM_CALLS_A_DAY
from tests.support.login_booth import HOUR_S, LoginBooth, need_login
from tests.support.waiting import wait_until

REFUSED = 2
NO_LOGIN = 255


@pytest.fixture(scope="module")
def booth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginBooth]:
    need_login()
    with LoginBooth(tmp_path_factory.mktemp("login")) as started:
        yield started


@pytest.fixture(scope="module")
def certificate(booth: LoginBooth) -> Path:
    return booth.certify()


def test_certified_person_gets_a_word_done_and_is_in_the_record(
    booth: LoginBooth, certificate: Path
) -> None:
    said = booth.ssh("restart", certificate=certificate)
    assert (said.status, said.out) == (0, "systemctl was run\n" * 2)
    assert booth.systemctl_log().splitlines()[-2:] == [
        "--no-pager try-restart edge-lpr.target",
        "is-active edge-lpr.target",
    ]
    asked, ended = booth.record()[-2:]
    assert (asked["event"], asked["word"]) == ("asked", "restart")
    assert (asked["person"], asked["serial"], asked["address"]) == ("anna", 7, "127.0.0.1")
    assert (ended["event"], ended["asked"], ended["status"]) == ("ended", asked["number"], 0)
    assert verify_log(booth.folder / "audit") == (asked["number"] + 1, None)
    line = (booth.folder / "door.log").read_text().splitlines()
    assert any('"event":"technician_asked","person":"anna","serial":7' in each for each in line)


def test_exit_status_and_input_go_through_the_door(booth: LoginBooth, certificate: Path) -> None:
    said = booth.ssh("update", certificate=certificate, sent=b"x" * 300_000)
    assert (said.status, said.out) == (3, "300000 bytes came\n")
    assert booth.record()[-1]["status"] == 3


def test_certificate_for_this_booth_alone_is_good_too(booth: LoginBooth) -> None:
    said = booth.ssh("diagnose", certificate=booth.certify("ben", places=("north/booth-1",)))
    assert (said.status, said.out) == (0, "camera good\n")
    assert booth.record()[-2]["person"] == "ben"


@pytest.mark.parametrize(
    ("places", "valid_s", "is_other_ca"),
    [
        pytest.param(("south",), (-HOUR_S, HOUR_S), False, id="another site"),
        pytest.param(("north/booth-2",), (-HOUR_S, HOUR_S), False, id="another booth"),
        pytest.param(("north",), (-HOUR_S, -60), False, id="expired"),
        pytest.param(("north",), (60, HOUR_S), False, id="not yet valid"),
        pytest.param(("north",), (-HOUR_S, HOUR_S), True, id="another authority"),
    ],
)
def test_other_certificates_open_nothing(
    booth: LoginBooth, places: tuple[str, ...], valid_s: tuple[int, int], *, is_other_ca: bool
) -> None:
    ca = Ed25519PrivateKey.generate() if is_other_ca else None
    before, lines = booth.record(), len(booth.sshd_log())
    certificate = booth.certify("carl", places=places, valid_s=valid_s, ca=ca)
    said = booth.ssh("status", certificate=certificate)
    assert said.status == NO_LOGIN
    assert "Permission denied (publickey)" in said.err
    assert booth.record() == before
    # Who it was stands in sshd's own lines.
    assert re.search(r"Failed publickey .* ID carl \(serial 7\)", booth.sshd_log()[lines:])


@pytest.mark.parametrize(
    ("user", "options"),
    [
        pytest.param("root", (), id="root"),
        pytest.param("nobody", (), id="another user"),
        pytest.param(
            "technician",
            ("-o", "PreferredAuthentications=password,keyboard-interactive"),
            id="password",
        ),
    ],
)
def test_nobody_else_and_no_password_gets_in(
    booth: LoginBooth, certificate: Path, user: str, options: tuple[str, ...]
) -> None:
    said = booth.ssh("status", certificate=certificate, user=user, options=options)
    assert said.status == NO_LOGIN
    # Nothing else is offered.
    assert "Permission denied (publickey)" in said.err


def test_key_without_a_certificate_opens_nothing(booth: LoginBooth) -> None:
    # ssh would find a certificate beside the key by itself; there is none of that name.
    assert booth.ssh("status", certificate=None).status == NO_LOGIN


@pytest.mark.parametrize(
    "command",
    [
        "status; id",
        "$(id)",
        "status\nid",
        "status ",
        "technician --door",
        "/bin/sh -i",
        "restart edge-lpr-first-boot.service",
        "x" * 100_000,
    ],
    ids=lambda command: repr(command[:12]),
)
def test_nothing_but_a_word_is_done(booth: LoginBooth, certificate: Path, command: str) -> None:
    systemctl = booth.systemctl_log()
    said = booth.ssh(command, certificate=certificate)
    assert (said.status, said.out) == (REFUSED, "")
    assert "none of the words" in said.err
    assert "uid=" not in said.err
    asked, ended = booth.record()[-2:]
    assert (asked["word"], ended["status"]) == ("refused", REFUSED)
    assert asked["command"] == re.sub(r"[^ -~]", "?", command)[:120]
    assert booth.systemctl_log() == systemctl


def test_bundle_comes_by_standard_output_or_not_at_all(
    booth: LoginBooth, certificate: Path
) -> None:
    said = booth.ssh("export-bundle", certificate=certificate)
    # No process runs here that could sign.
    assert (said.status, said.out) == (1, "")
    assert "edge-lpr export-bundle: /etc/edge-lpr/booth.toml" in said.err


def test_there_is_no_terminal_and_no_shell(booth: LoginBooth, certificate: Path) -> None:
    forced = booth.ssh(certificate=certificate, options=("-tt",), sent=b"id\n")
    assert (forced.status, forced.out) == (NO_LOGIN, "")
    assert "PTY allocation request failed" in forced.err
    said = booth.ssh(certificate=certificate, sent=b"id\n")
    assert said.out.startswith("ssh technician@BOOTH WORD")
    assert "uid=" not in said.out + said.err


def test_shell_of_the_technician_gives_no_shell_even_without_sshds_settings(
    booth: LoginBooth,
) -> None:
    (entry,) = booth.inside("getent", "passwd", "technician").stdout.splitlines()
    shell = entry.rpartition(":")[2]
    for words in (("-c", "id"), ("-i",), ()):
        said = booth.inside("setpriv", "--reuid=technician", "--clear-groups", shell, *words)
        assert said.returncode == 1
        assert "uid=" not in said.stdout + said.stderr
        assert "does not say who logged in" in said.stderr


def test_no_files_are_fetched_or_put(booth: LoginBooth, certificate: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "passwd")
    source = "technician@127.0.0.1:/etc/passwd"
    by_sftp = booth.ssh(source, target, certificate=certificate, program="scp")
    assert by_sftp.status != 0
    assert "subsystem request failed" in by_sftp.err
    by_scp = booth.ssh(source, target, certificate=certificate, program="scp", options=("-O",))
    assert by_scp.status != 0
    assert booth.record()[-2]["command"].startswith("scp -f")
    assert not Path(target).exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(("-W", "127.0.0.1:22"), "administratively prohibited", id="-W"),
        pytest.param(
            ("-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:22"),
            "remote port forwarding failed",
            id="-R",
        ),
        pytest.param(
            ("-o", "ExitOnForwardFailure=yes", "-R", "/nowhere/there.sock:127.0.0.1:22"),
            "remote port forwarding failed",
            id="-R to a socket",
        ),
        pytest.param(("-w", "0:0"), "unnel", id="-w"),
    ],
)
def test_nothing_is_forwarded(
    booth: LoginBooth, certificate: Path, options: tuple[str, ...], sentence: str
) -> None:
    words = () if options[0] == "-W" else ("help",)
    said = booth.ssh(*words, certificate=certificate, options=options)
    assert sentence in said.err, said
    if "-w" not in options:
        assert said.status == NO_LOGIN


def test_local_forwarding_reaches_nobody(booth: LoginBooth, certificate: Path) -> None:
    # Two hops of one client: the inner one is what a forwarded port would carry.
    inner = f"ProxyCommand=ssh -F none -W %h:%p -i {booth.key} -o CertificateFile={certificate}"
    inner += f" -o BatchMode=yes -o StrictHostKeyChecking=no -p {booth.port} technician@127.0.0.1"
    said = booth.ssh("help", certificate=certificate, options=("-o", inner))
    assert said.status == NO_LOGIN
    assert "administratively prohibited" in said.err


def test_the_aim_page_is_the_one_address_that_a_connection_leads_to(
    booth: LoginBooth, certificate: Path
) -> None:
    to_page = ("-W", f"127.0.0.1:{PORT}")
    # Nobody listens there outside a session.
    said = booth.ssh(certificate=certificate, options=to_page)
    assert "Connection refused" in said.err
    with socket.create_server(("127.0.0.1", PORT)) as listening:
        threading.Thread(target=greet, args=(listening,)).start()
        assert booth.ssh(certificate=certificate, options=to_page).out == "the page"
    for place in (f"localhost:{PORT}", f"127.0.0.2:{PORT}", f"127.0.0.1:{PORT + 1}", "[::1]:22"):
        said = booth.ssh(certificate=certificate, options=("-W", place))
        assert "administratively prohibited" in said.err, place


def greet(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.sendall(b"the page")


def test_aim_lasts_as_long_as_the_call_and_is_in_the_record(
    booth: LoginBooth, certificate: Path
) -> None:
    before = len(booth.record())

    def events() -> list[str]:
        return [line["event"] for line in booth.record()[before:]]

    with subprocess.Popen(
        booth.ssh_command("aim", certificate=certificate), stdout=subprocess.PIPE, text=True
    ) as call:
        assert call.stdout is not None
        shown = [call.stdout.readline() for _ in range(2)]
        assert shown[0] == f"Page   http://127.0.0.1:{PORT}/\n"
        assert re.fullmatch(r"Code   [2-9A-Z]{4}-[2-9A-Z]{4}\n", shown[1])
        assert events() == ["asked", "aim_began"]
        wait_until(lambda: "start edge-lpr-aim.socket" in booth.systemctl_log())
        # A second session there is none.
        said = booth.ssh("aim", certificate=certificate)
        assert said.status == 1
        assert "another process listens there" in said.err
        call.terminate()
    wait_until(lambda: events()[-2:] == ["aim_ended", "ended"])
    assert events() == ["asked", "aim_began", "asked", "ended", "aim_ended", "ended"]
    assert booth.record()[-2]["reason"] == "left"
    assert shown[1].split()[1] not in json.dumps(booth.record())
    assert (
        booth.systemctl_log()
        .splitlines()[-1]
        .endswith("stop edge-lpr-aim.socket edge-lpr-aim.service")
    )


def test_environment_of_the_technician_does_not_come_along(
    booth: LoginBooth, certificate: Path
) -> None:
    variables = "SSH_ORIGINAL_COMMAND=restart LD_PRELOAD=/nowhere/x.so PYTHONPATH=/nowhere"
    said = booth.ssh(certificate=certificate, options=("-o", f"SetEnv={variables}"))
    assert said.status == 0
    assert booth.record()[-2]["word"] == "help"
    assert "ld.so" not in said.err


def test_what_cannot_be_recorded_is_not_done(booth: LoginBooth, certificate: Path) -> None:
    log = booth.folder / "audit" / "entries-000000000001"
    kept = log.rename(log.with_name("kept"))
    log.mkdir()
    systemctl = booth.systemctl_log()
    try:
        said = booth.ssh("restart", certificate=certificate)
    finally:
        log.rmdir()
        kept.rename(log)
    assert said.status == 1
    assert "nothing is done" in said.err
    assert booth.systemctl_log() == systemctl


def test_one_call_too_many_of_a_day_is_noted_once_and_not_done(booth: LoginBooth) -> None:
    busy = booth.certify("dora", serial=8)
    record = AuditLog(booth.folder / "audit", SystemClock())
    for _ in range(MAXIMUM_CALLS_A_DAY):
        record.append("asked", person="dora", serial=8)
    lines, systemctl = len(booth.record()), booth.systemctl_log()
    for _ in range(2):
        said = booth.ssh("restart", certificate=busy)
        assert (said.status, said.out) == (REFUSED, "")
        assert "which is all it may" in said.err
    assert booth.systemctl_log() == systemctl
    (noted,) = booth.record()[lines:]
    assert (noted["event"], noted["person"]) == (TOO_MANY, "dora")
    # Nobody else has to wait.
    assert booth.ssh("help", certificate=booth.certify("ben", serial=9)).status == 0


def test_even_who_breaks_out_of_the_command_gives_no_other_name(booth: LoginBooth) -> None:
    forged = booth.certify("mallory", ca=Ed25519PrivateKey.generate())
    systemctl = booth.systemctl_log()
    said = forced_command(booth, "technician", forged)
    assert said.returncode == REFUSED
    assert (booth.record()[-2]["person"], booth.record()[-2]["word"]) == ("unknown", "refused")
    assert booth.systemctl_log() == systemctl


@pytest.mark.parametrize("user", ["nobody", "root"])
def test_door_is_closed_to_other_users(booth: LoginBooth, certificate: Path, user: str) -> None:
    before = booth.record()
    assert forced_command(booth, user, certificate).returncode == 1
    assert booth.record() == before
    # The same is done for the one user.
    assert forced_command(booth, "technician", certificate).returncode == 0


def forced_command(
    booth: LoginBooth, user: str, certificate: Path
) -> subprocess.CompletedProcess[str]:
    """Run the forced command without sshd."""
    exposed = "/run/edge-lpr/exposed"
    booth.inside("tee", exposed, sent=f"publickey {certificate.read_text()}")
    group = "nogroup" if user == "nobody" else user
    return booth.inside(
        *("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "env"),
        *("SSH_ORIGINAL_COMMAND=restart", f"SSH_USER_AUTH={exposed}"),
        *("/opt/edge-lpr/bin/edge-lpr", "technician"),
    )


def test_sshd_itself_says_who_came(booth: LoginBooth, certificate: Path) -> None:
    booth.ssh("help", certificate=certificate)
    assert re.search(
        r"Accepted publickey for technician from 127\.0\.0\.1 port \d+ ssh2: ED25519-CERT "
        r"SHA256:\S+ ID anna \(serial 7\) CA ED25519",
        booth.sshd_log(),
    )


def test_a_login_that_asks_for_nothing_is_ended(booth: LoginBooth, certificate: Path) -> None:
    began = time.monotonic()
    said = booth.ssh(certificate=certificate, options=("-N",))
    assert said.status == NO_LOGIN
    # The shipped settings give it ten seconds.
    assert 1 < time.monotonic() - began < 10
    assert "terminating inactive connection" in booth.sshd_log()
