"""A TPM 2.0 in software (swtpm), that can be switched off and on, and measured into.

Without it a test is skipped, but fails where ``EDGE_LPR_REQUIRE_TPM=1`` says that it must be
there.
"""

import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

_LIBRARIES = ("libtss2-tcti-swtpm.so.0", "libtss2-esys.so.0", "libtss2-mu.so.0", "libtss2-rc.so.0")
_HOST = "127.0.0.1"

_PCR_EXTEND = 0x0000_0182
_SHA256 = 0x000B
_PASSWORD_SESSION = 0x4000_0009
_SHUTDOWN = 0x0000_0145
_WITH_SESSIONS = 0x8002
_WITHOUT_SESSIONS = 0x8001
_HEADER_BYTES = 10


class SoftwareTpm:
    """One TPM that is switched on; its state stays in its folder."""

    def __init__(self, port: int) -> None:
        self._port = port

    @property
    def device(self) -> str:
        """What ``systemd-creds --tpm2-device`` calls it."""
        return f"swtpm:host={_HOST},port={self._port}"

    def measure(self, register: int, digest: bytes) -> None:
        """Extend a register, as firmware does with what it is about to start.

        Source:
            TPM 2.0 Library, part 3, TPM2_PCR_Extend, with the empty password.
        """
        session = _u32(_PASSWORD_SESSION) + b"\x00\x00" + b"\x00" + b"\x00\x00"
        body = _u32(register) + _u32(len(session)) + session
        body += _u32(1) + _SHA256.to_bytes(2, "big") + digest
        command = _WITH_SESSIONS.to_bytes(2, "big") + _u32(_HEADER_BYTES + len(body))
        command += _u32(_PCR_EXTEND) + body
        self._send(command)

    def shut_down(self) -> None:
        """Say that the power will go, as an operating system does.

        A TPM that loses its power without it counts that as an attempt to guess, and after a few
        such losses (3 here, 32 on most boards) it opens nothing for a while.
        """
        command = _WITHOUT_SESSIONS.to_bytes(2, "big") + _u32(_HEADER_BYTES + 2)
        self._send(command + _u32(_SHUTDOWN) + bytes(2))

    def exchange(self, command: bytes) -> bytes:
        """Send a command, and return the answer."""
        with socket.create_connection((_HOST, self._port), timeout=10) as connection:
            connection.sendall(command)
            return connection.recv(4096)

    def _send(self, command: bytes) -> None:
        answer = self.exchange(command)
        assert answer[6:10] == bytes(4), answer.hex()


@contextmanager
def software_tpm(folder: Path, *, is_told: bool = True) -> Iterator[SoftwareTpm]:
    """Switch a TPM on, with registers that nothing was measured into yet.

    Args:
        folder: Where its secrets lie: another folder is another TPM.
        is_told: Whether it is told before the power goes; a power cut does not.
    """
    _require()
    folder.mkdir(exist_ok=True)
    port = _free_pair_of_ports()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}"]
    command += ["--server", f"type=tcp,port={port},bindaddr={_HOST}"]
    command += ["--ctrl", f"type=tcp,port={port + 1},bindaddr={_HOST}"]
    command += ["--flags", "not-need-init,startup-clear"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, (folder / "log").read_text()
        tpm = SoftwareTpm(port)
        yield tpm
        if is_told:
            tpm.shut_down()
    finally:
        process.kill()
        process.wait()


def _require() -> None:
    """Skip or fail where something is missing."""
    missing = [name for name in ("swtpm", "systemd-creds") if shutil.which(name) is None]
    missing += [name for name in _LIBRARIES if not _is_installed(name)]
    if not missing:
        return
    message = f"{', '.join(missing)} missing; scripts/test says what to install"
    if os.environ.get("EDGE_LPR_REQUIRE_TPM") == "1":
        pytest.fail(message)
    pytest.skip(message)


def _is_installed(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _free_pair_of_ports() -> int:
    """Return a port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind((_HOST, 0))
            port = int(first.getsockname()[1])
            try:
                second.bind((_HOST, port + 1))
            except (OSError, OverflowError):
                continue
            return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_HOST, port)) == 0


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "big")
