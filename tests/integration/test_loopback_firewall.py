"""Aim page and metrics are for whoever is at the booth, not for who speaks to the network."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge_lpr.aim.__main__ import PORT as AIM_PORT
from edge_lpr.metrics.server import PORT as METRICS_PORT
from tests.reliability.namespace import Namespace
from tests.support.firewall import IMPATIENCE_S, USERS, Firewall, need_nft
from tests.support.networks import need_network

ROOT = 0
AGENT = 61_099
"""Somebody of the agency's own, whom the rules do not know."""

ECHO = """
import socket
import sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
    print("listens", flush=True)
    while True:
        end, _ = listening.accept()
        with end:
            end.sendall(end.recv(5))
"""


@pytest.mark.parametrize("port", [AIM_PORT, METRICS_PORT])
def test_who_speaks_to_the_network_does_not_reach_a_port_of_the_booths_own(
    port: int, tmp_path: Path
) -> None:
    need_network()
    need_nft()
    with Namespace() as network:
        firewall = Firewall(network, tmp_path)
        firewall.write()
        firewall.load()
        command = [*network.command_prefix, sys.executable, "-c", ECHO, str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listening:
            assert listening.stdout is not None
            assert listening.stdout.readline() == "listens\n"
            try:
                for user in (ROOT, AGENT):
                    assert firewall.reaches(user, "SOCK_STREAM", "127.0.0.1", port)
                for name in ("edge-lpr-publisher", "edge-lpr-update"):
                    before = firewall.packets("dropped_output")
                    assert not firewall.reaches(
                        USERS[name], "SOCK_STREAM", "127.0.0.1", port, timeout_s=IMPATIENCE_S
                    )
                    assert firewall.packets("dropped_output") > before
            finally:
                listening.terminate()
