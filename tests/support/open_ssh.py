"""OpenSSH's own programs, as technicians have them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def need_ssh() -> None:
    """Skip or fail the test where OpenSSH's client is missing."""
    _need("ssh-keygen", "openssh-client")


def need_sshd() -> str:
    """Return the server; skip or fail the test where it is missing."""
    return _need("sshd", "openssh-server")


def keygen(*words: str) -> str:
    """Run ssh-keygen, and return what it prints."""
    command = [_need("ssh-keygen", "openssh-client"), *words]
    finished = subprocess.run(
        command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return finished.stdout


def make_key(path: Path, kind: str = "ed25519") -> Path:
    """Make a key pair, the private half at the path, without a passphrase."""
    keygen("-q", "-t", kind, "-N", "", "-C", "somebody@laptop", "-f", str(path))
    return path


def _need(name: str, package: str) -> str:
    program = shutil.which(name, path=_SEARCH_PATH)
    if program is None:
        reason = f"{name} is missing; install it with: apt-get install {package}"
        if os.environ.get("EDGE_LPR_REQUIRE_SSH") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return program
