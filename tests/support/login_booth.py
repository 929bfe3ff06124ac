"""A booth that technicians log in at: the shipped files, a real sshd, and the agency's key."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typing_extensions import Self

from edge_lpr.certificates.technician_certificate import (
    Technician,
    issue_technician_certificate,
    public_line,
    read_technician_key,
)
from edge_lpr.technician.login_files import login_files
from tests.support.broker import free_port
from tests.support.open_ssh import make_key, need_ssh, need_sshd

REPOSITORY: Final = Path(__file__).parents[2]
HOUR_S: Final = 3600
_NAMESPACE: Final = (
    *("/usr/bin/unshare", "--mount", "--propagation=private"),
    *("--pid", "--fork", "--kill-child"),
)
_DEADLINE_S: Final = 20.0
_MADE_BY_THE_SCRIPT: Final = ("/opt/edge-lpr", "/usr/lib/edge-lpr", "/var/lib/edge-lpr")


@dataclass
class Said:
    """How a call of ssh ended."""

    status: int
    out: str
    err: str


def need_login() -> None:
    """Skip or fail the test where nobody can be let in: without root, or without ssh."""
    need_ssh()
    need_sshd()
    if os.geteuid() != 0 or shutil.which("systemd-socket-activate") is None:
        reason = "a real sshd that lets another user in needs root and systemd-socket-activate"
        if os.environ.get("EDGE_LPR_REQUIRE_NETNS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


class LoginBooth:
    """Booth ``north/booth-1`` on a loopback port."""

    def __init__(self, folder: Path) -> None:
        """Think of keys; nothing is started yet.

        Args:
            folder: Empty, for everything.
        """
        self.folder = folder
        self.ca = Ed25519PrivateKey.generate()
        self.key = make_key(folder / "id_ed25519")
        self.port = free_port()
        self._made = [Path(path) for path in _MADE_BY_THE_SCRIPT if not Path(path).exists()]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        login = self.folder / "login"
        login.mkdir()
        ca_line = public_line(self.ca.public_key())
        for name, text in login_files(ca_line, "north", "booth-1").items():
            (login / name).write_text(text)
        script = REPOSITORY / "tests" / "support" / "login_booth.sh"
        words = [str(REPOSITORY), sys.executable, str(self.folder), str(self.port), need_sshd()]
        with (self.folder / "script.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*_NAMESPACE, str(script), *words], stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + _DEADLINE_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                said = (self.folder / "script.log").read_text()
                pytest.fail(f"no booth: {said} {self.sshd_log()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_reason: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        for path in self._made:
            with contextlib.suppress(OSError):
                path.rmdir()

    def certify(
        self,
        name: str = "anna",
        *,
        places: tuple[str, ...] = ("north",),
        valid_s: tuple[int, int] = (-HOUR_S, HOUR_S),
        ca: Ed25519PrivateKey | None = None,
        serial: int = 7,
    ) -> Path:
        """Certify the technician's key, from and until so many seconds from now."""
        now_s = int(time.time())  # noqa: TID251 (what sshd goes by)
        line = issue_technician_certificate(
            Technician(name, serial),
            read_technician_key(Path(f"{self.key}.pub").read_text()),
            places,
            (now_s + valid_s[0], now_s + valid_s[1]),
            ca or self.ca,
        )
        certificate = self.folder / f"{name}-cert.pub"
        certificate.write_text(f"{line}\n")
        return certificate

    def ssh(
        self,
        *words: str,
        certificate: Path | None,
        options: tuple[str, ...] = (),
        user: str = "technician",
        sent: bytes = b"",
        program: str = "ssh",
    ) -> Said:
        """Call ssh as a technician does."""
        finished = subprocess.run(
            self.ssh_command(
                *words, certificate=certificate, options=options, user=user, program=program
            ),
            input=sent,
            capture_output=True,
            check=False,
            timeout=60,
        )
        return Said(finished.returncode, finished.stdout.decode(), finished.stderr.decode())

    def ssh_command(
        self,
        *words: str,
        certificate: Path | None,
        options: tuple[str, ...] = (),
        user: str = "technician",
        program: str = "ssh",
    ) -> list[str]:
        """Return how a technician calls ssh."""
        common = ["-F", "none", "-i", str(self.key), "-o", "BatchMode=yes"]
        for option in (
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=INFO",
            *([f"CertificateFile={certificate}"] if certificate else []),
        ):
            common += ["-o", option]
        port = ["-p", str(self.port)] if program == "ssh" else ["-P", str(self.port)]
        target = [f"{user}@127.0.0.1", *words] if program == "ssh" else list(words)
        return [program, *common, *port, *options, *target]

    def inside(self, *command: str, sent: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on the booth, as somebody who has got further than he should."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        (child,) = children.read_text().split()
        return subprocess.run(
            ["/usr/bin/nsenter", f"--target={child}", "--mount", "--", *command],
            input=sent,
            capture_output=True,
            text=True,
            check=False,
        )

    def record(self) -> list[dict[str, Any]]:
        """Return the lines of the record."""
        file = self.folder / "audit" / "entries-000000000001"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def sshd_log(self) -> str:
        """Return what sshd itself has said so far."""
        file = self.folder / "sshd.log"
        return file.read_text() if file.exists() else ""

    def systemctl_log(self) -> str:
        """Return what systemctl was called with."""
        file = self.folder / "systemctl.log"
        return file.read_text() if file.exists() else ""

    def _listens(self) -> bool:
        with socket.socket() as end:
            return end.connect_ex(("127.0.0.1", self.port)) == 0
