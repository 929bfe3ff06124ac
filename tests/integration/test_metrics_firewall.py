"""The metrics are for an agent on the booth, not for the processes that speak to the network."""

import subprocess
import sys
from pathlib import Path

from edge_lpr.metrics.server import PORT
from tests.reliability.namespace import Namespace
from tests.support.firewall import IMPATIENCE_S, USERS, Firewall, need_nft
from tests.support.networks import need_network

ROOT = 0
AGENT = 61_099
"""Somebody of the agency's own, whom the rules do not know."""

ECHO = f"""
import socket
with socket.create_server(("127.0.0.1", {PORT})) as listening:
    print("listens", flush=True)
    while True:
        end, _ = listening.accept()
        with end:
            end.sendall(end.recv(5))
"""


def test_who_speaks_to_the_network_does_not_reach_the_metrics(tmp_path: Path) -> None:
    need_network()
    need_nft()
    with Namespace() as network:
        firewall = Firewall(network, tmp_path)
        firewall.write()
        firewall.load()
        command = [*network.command_prefix, sys.executable, "-c", ECHO]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listening:
            assert listening.stdout is not None
            assert listening.stdout.readline() == "listens\n"
            try:
                for user in (ROOT, AGENT):
                    assert firewall.reaches(user, "SOCK_STREAM", "127.0.0.1", PORT)
                for name in ("edge-lpr-publisher", "edge-lpr-update"):
                    before = firewall.packets("dropped_output")
                    assert not firewall.reaches(
                        USERS[name], "SOCK_STREAM", "127.0.0.1", PORT, timeout_s=IMPATIENCE_S
                    )
                    assert firewall.packets("dropped_output") > before
            finally:
                listening.terminate()
