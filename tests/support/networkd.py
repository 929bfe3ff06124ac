"""The real systemd-networkd in a network of its own: what it says to files, and makes of them."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.disks import without_disks
from tests.support.networks import need_network

_SCRIPT: Final = """
set -e
mount -t sysfs -o ro sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/network
cp "$1"/* /run/systemd/network/
ip link add eth0 type veth peer name far
ip link add eth1 type veth peer name far1
ip link set far up
ip link set far1 up
SYSTEMD_LOG_LEVEL=info SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd >&2 &
daemon=$!
for turn in $(seq 100); do
    sleep 0.1
    [ -z "$2" ] || ! ip address show eth0 | grep -q "$2" || break
    [ -n "$2" ] || [ "$turn" -lt 10 ] || break
done
ip address; ip route
kill $daemon
"""


def need_networkd() -> str:
    """Return unshare(1); skip or fail the test where nobody can run systemd-networkd."""
    need_network()
    program = shutil.which("unshare")
    if program is None or not Path("/lib/systemd/systemd-networkd").exists():
        without_disks("systemd-networkd or unshare is missing")
    return program


def networkd(folder: Path, awaited: str = "") -> tuple[str, str]:
    """Run it behind two cables, ``eth0`` and ``eth1``.

    Args:
        folder: Its files.
        awaited: What ``ip address show eth0`` shall say before it is stopped; empty for a second.

    Returns:
        Addresses and routes, and what it said.
    """
    finished = subprocess.run(
        [need_networkd(), "--net", "--mount", "sh", "-c", _SCRIPT, "sh", str(folder), awaited],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout, finished.stderr


def complaints(said: str) -> list[str]:
    """Return what it did not understand in the files."""
    return [
        line for line in said.splitlines() if "/run/systemd/network/" in line and "ignor" in line
    ]
