"""The booth's firewall in a network namespace, with users and addresses of the test."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, Literal

import pytest

from tests.reliability.namespace import Namespace

CONFIGURATION: Final = Path(__file__).parents[2] / "firmware_config"

USERS: Final = {
    "edge-lpr-publisher": 61_001,
    "edge-lpr-vision": 61_002,
    "edge-lpr-update": 61_005,
    "systemd-timesync": 61_003,
    "systemd-network": 61_004,
}
"""Users that a booth has; here they need no more than a number."""

_CONNECT: Final = """
import os, socket, sys
user_id, kind, host, port = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
os.setuid(user_id)
with socket.socket(socket.AF_INET, getattr(socket, kind)) as end:
    end.settimeout(float(sys.argv[5]))
    try:
        end.connect((host, port))
        end.send(b"hello")
        answer = end.recv(16)
    except OSError:
        sys.exit(1)
sys.exit(0 if answer == b"hello" else 1)
"""

_UNANSWERED: Final = re.compile("@[A-Z_]+@")

PATIENCE_S: Final = 10.0
"""For what must arrive: many times what a loaded machine needs."""

IMPATIENCE_S: Final = 0.5
"""For what is dropped; that it was sent, and dropped, the counters say."""


def need_nft() -> str:
    """Return the program nft; skip or fail the test where it is missing."""
    program = shutil.which("nft", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        reason = "nft is missing; install it with: apt-get install nftables"
        if os.environ.get("EDGE_LPR_REQUIRE_NFT") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


class Firewall:
    """The shipped rules, loaded behind a cable."""

    def __init__(self, network: Namespace, folder: Path) -> None:
        """Remember where; nothing is loaded yet.

        Args:
            network: The booth is its far side.
            folder: For the rules as a booth would have them.
        """
        self._network = network
        self._nft = need_nft()
        self._added = folder / "nftables.d"
        self._rules_file = folder / "nftables.conf"

    def write(self, **answers: str) -> None:
        """Write the rules with an installer's answers.

        Args:
            answers: For each file below ``nftables.d`` (``booth``, ``camera``), what stands in it.
        """
        shutil.rmtree(self._added, ignore_errors=True)
        self._added.mkdir()
        rules = (CONFIGURATION / "nftables.conf").read_text()
        self._rules_file.write_text(_with_numbers(rules))
        for name, text in answers.items():
            (self._added / f"{name}.nft").write_text(_with_numbers(text))

    def load(self) -> None:
        """Load what was written with the commands of nftables.service, up to one that fails."""
        for line in (CONFIGURATION / "nftables.service.d/edge-lpr.conf").read_text().splitlines():
            key, _, command = line.partition("=")
            if key == "ExecStart" and command:
                own = command.replace("/etc/nftables.conf", str(self._rules_file))
                own = own.replace("/etc/nftables.d/", f"{self._added}/")
                self.nft(*shlex.split(own)[1:])

    def nft(self, *arguments: str) -> str:
        """Run nft on the booth and return what it prints."""
        command = [*self._network.command_prefix, self._nft, *arguments]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def packets(self, counter: str) -> int:
        """Return what a counter stands at."""
        listed = json.loads(self.nft("-j", "list", "counters", "table", "inet", "edge_lpr"))
        (packets,) = [
            int(item["counter"]["packets"])
            for item in listed["nftables"]
            if "counter" in item and item["counter"]["name"] == counter
        ]
        return packets

    def reaches(
        self,
        user_id: int,
        kind: Literal["SOCK_STREAM", "SOCK_DGRAM"],
        host: str,
        port: int,
        *,
        timeout_s: float = PATIENCE_S,
    ) -> bool:
        """Return whether a user of the booth gets an answer from there."""
        words = [str(user_id), kind, host, str(port), str(timeout_s)]
        command = [*self._network.command_prefix, sys.executable, "-c", _CONNECT, *words]
        return subprocess.run(command, check=False).returncode == 0


def template(name: str, **answers: str) -> str:
    """Return a file of ``nftables.d`` with these answers, without the lines that have none."""
    text = (CONFIGURATION / "nftables.d" / f"{name}.nft.in").read_text()
    for key, answer in answers.items():
        text = text.replace(f"@{key}@", answer)
    return "\n".join(line for line in text.splitlines() if not _UNANSWERED.search(line)) + "\n"


def _with_numbers(text: str) -> str:
    for name, number in USERS.items():
        text = text.replace(f'"{name}"', str(number))
    return text
