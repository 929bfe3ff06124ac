"""The booth's firewall in a real kernel: what is listed passes, the rest is dropped and counted."""

import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from edge_lpr.technician.login_files import firewall_lines
from tests.reliability.namespace import Namespace
from tests.support.firewall import (
    CONFIGURATION,
    IMPATIENCE_S,
    PATIENCE_S,
    USERS,
    Firewall,
    need_nft,
    template,
)
from tests.support.networks import need_network

PUBLISHER = USERS["edge-lpr-publisher"]
VISION = USERS["edge-lpr-vision"]
TIMESYNC = USERS["systemd-timesync"]
ROOT = 0

LEAST_HOPS = {socket.AF_INET: (socket.IPPROTO_IP, 21), socket.AF_INET6: (socket.IPPROTO_IPV6, 73)}
"""IP_MINTTL, IPV6_MINHOPCOUNT: packets with fewer hops left are not taken (linux/in.h, in6.h)."""

BEHIND_IT = [
    "edge-lpr-enrol-renew.service.d/firewall.conf",
    "edge-lpr-first-boot.service",
    "edge-lpr-publisher.service.d/firewall.conf",
    "edge-lpr-sshd.service",
    "edge-lpr-update.service",
    "edge-lpr-vision.service.d/rtsp.conf.in",
]
"""What has a network, as a booth's image starts it."""


class _TcpEcho(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(self.request.recv(16))


class _UdpEcho(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        content, end = self.request
        end.sendto(content, self.client_address)


@contextmanager
def echo(address: str, port: int, kind: type[socketserver.TCPServer]) -> Iterator[int]:
    handler = _UdpEcho if issubclass(kind, socketserver.UDPServer) else _TcpEcho
    with kind((address, port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def network() -> Iterator[Namespace]:
    need_network()
    need_nft()
    with Namespace() as made:
        yield made


@pytest.fixture
def firewall(network: Namespace, tmp_path: Path) -> Firewall:
    return Firewall(network, tmp_path)


@pytest.mark.parametrize("unit", BEHIND_IT)
def test_what_has_a_network_starts_behind_the_firewall_or_not_at_all(unit: str) -> None:
    words: dict[str, list[str]] = {"Requires": [], "After": []}
    for line in (CONFIGURATION.parent / "systemd" / unit).read_text().splitlines():
        key, _, value = line.partition("=")
        words.get(key, []).extend(value.split())
    assert "nftables.service" in words["Requires"]
    assert "nftables.service" in words["After"]


def test_nft_understands_the_rules_and_every_answer(firewall: Firewall) -> None:
    booth = template(
        "booth",
        BROKER_ADDRESS="192.0.2.7",
        BROKER_PORT="8883",
        ENROLMENT_ADDRESS="192.0.2.8",
        ENROLMENT_PORT="8443",
        TIME_ADDRESS="192.0.2.9",
        NAME_SERVER_ADDRESS="192.0.2.10",
        TECHNICIANS_NETWORK="192.0.2.128/25",
        TECHNICIANS_LINK="fe80::/10",
    )
    assert booth.count("add element") == 6
    camera = template("camera", CAMERA_ADDRESS="198.51.100.2", CAMERA_PORT="554")
    firewall.write(booth=booth, camera=camera)
    firewall.load()


def test_an_image_that_nobody_has_set_up_reaches_nobody(
    firewall: Firewall, network: Namespace
) -> None:
    firewall.write()
    with echo(network.address, 0, socketserver.TCPServer) as port:
        # The cable carries: what follows is the firewall's doing.
        assert firewall.reaches(ROOT, "SOCK_STREAM", network.address, port)
        firewall.load()
        for user_id in (ROOT, PUBLISHER, VISION):
            before = firewall.packets("dropped_output")
            assert not firewall.reaches(
                user_id, "SOCK_STREAM", network.address, port, timeout_s=IMPATIENCE_S
            )
            assert firewall.packets("dropped_output") > before


def test_each_user_reaches_its_own_service_and_nothing_else(
    firewall: Firewall, network: Namespace
) -> None:
    with ExitStack() as stack:
        ports = [
            stack.enter_context(echo(network.address, 0, socketserver.TCPServer)) for _ in range(4)
        ]
        broker, enrolment, camera, other = ports
        stack.enter_context(echo(network.address, 123, socketserver.UDPServer))
        firewall.write(
            booth=template(
                "booth",
                BROKER_ADDRESS=network.address,
                BROKER_PORT=str(broker),
                ENROLMENT_ADDRESS=network.address,
                ENROLMENT_PORT=str(enrolment),
                TIME_ADDRESS=network.address,
            ),
            camera=template("camera", CAMERA_ADDRESS=network.address, CAMERA_PORT=str(camera)),
        )
        firewall.load()
        allowed = {(PUBLISHER, broker), (ROOT, enrolment), (VISION, camera)}
        for user_id in (ROOT, PUBLISHER, VISION, TIMESYNC):
            for port in (broker, enrolment, camera, other):
                may = (user_id, port) in allowed
                before = firewall.packets("dropped_output")
                reached = firewall.reaches(
                    user_id,
                    "SOCK_STREAM",
                    network.address,
                    port,
                    **({} if may else {"timeout_s": IMPATIENCE_S}),
                )
                assert reached == may, (user_id, port)
                assert may or firewall.packets("dropped_output") > before
        assert firewall.reaches(TIMESYNC, "SOCK_DGRAM", network.address, 123)
        assert not firewall.reaches(
            PUBLISHER, "SOCK_DGRAM", network.address, 123, timeout_s=IMPATIENCE_S
        )
        for counter in ("to_broker", "to_enrolment", "to_camera", "to_time"):
            assert firewall.packets(counter) >= 1, counter


def test_nobody_gets_in_but_technicians_to_ssh(firewall: Firewall, network: Namespace) -> None:
    def knocks() -> bool:
        """Return whether the booth answers, be it that nobody listens there."""
        with socket.socket() as end:
            end.settimeout(IMPATIENCE_S)
            try:
                end.connect((network.far_address, 22))
            except ConnectionRefusedError:
                return True
            except TimeoutError:
                return False
        return True

    assert knocks()
    firewall.write()
    firewall.load()
    assert not knocks()
    assert firewall.packets("dropped_input") >= 1
    firewall.write(booth=template("booth", TECHNICIANS_NETWORK=f"{network.address}/32"))
    firewall.load()
    firewall.nft("add", "rule", "inet", "edge_lpr", "output", "accept")
    knocks()
    assert firewall.packets("from_technicians") == 1
    assert firewall.packets("dropped_input") == 0
    # What a booth renders opens the same way, for its own networks and for the link.
    firewall.write(booth=firewall_lines("ssh-ed25519 AAAA", ["10.0.0.0/8"]))
    firewall.load()
    knocks()
    assert firewall.packets("from_technicians") == 1
    assert "fe80::/10" in firewall.nft("list", "set", "inet", "edge_lpr", "technicians6")


@pytest.mark.parametrize("family", LEAST_HOPS)
def test_booth_with_an_address_of_dhcp_answers_on_its_cable_and_not_beyond_a_router(
    family: socket.AddressFamily, firewall: Firewall, network: Namespace
) -> None:
    address = network.far_address if family == socket.AF_INET else network.speak_ipv6()
    firewall.write(booth=firewall_lines("ssh-ed25519 AAAA"))
    firewall.load()
    listening = (
        "import socket, time\n"
        "s = socket.create_server(('', 22), family=socket.AF_INET6, dualstack_ipv6=True)\n"
        "print(flush=True)\n"
    )
    command = [*network.command_prefix, sys.executable, "-c", f"{listening}time.sleep(600)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as sshd:
        assert sshd.stdout is not None
        sshd.stdout.readline()
        try:
            socket.create_connection((address, 22), PATIENCE_S).close()
            assert firewall.packets("from_technicians") == 1
            # Whatever has passed a router would have lost one hop: nothing is left to lose.
            with socket.socket(family) as end:
                end.setsockopt(*LEAST_HOPS[family], 2)
                end.settimeout(IMPATIENCE_S)
                with pytest.raises(TimeoutError):
                    end.connect((address, 22))
            assert firewall.packets("from_technicians") >= 2
        finally:
            sshd.kill()


def test_technicians_come_by_the_cable_alone(firewall: Firewall, network: Namespace) -> None:
    firewall.write(booth=firewall_lines("ssh-ed25519 AAAA", ["10.0.0.0/8"]))
    firewall.load()
    network.rename_cable("wlan0")
    with socket.socket() as end:
        end.settimeout(IMPATIENCE_S)
        with pytest.raises(TimeoutError):
            end.connect((network.far_address, 22))
    assert firewall.packets("from_technicians") == 0
    assert firewall.packets("dropped_input") >= 1


def test_a_fault_in_the_answers_leaves_the_rules_that_open_nothing(
    firewall: Firewall, network: Namespace
) -> None:
    with echo(network.address, 0, socketserver.TCPServer) as port:
        broker = template("booth", BROKER_ADDRESS=network.address, BROKER_PORT=str(port))
        firewall.write(booth=broker, camera="add element inet edge_lpr clock { fe80::1%eth0 }\n")
        with pytest.raises(AssertionError, match="syntax error"):
            firewall.load()
        for user_id in (ROOT, PUBLISHER):
            assert not firewall.reaches(
                user_id, "SOCK_STREAM", network.address, port, timeout_s=IMPATIENCE_S
            )
        assert firewall.packets("dropped_output") >= 2
        # Mended, it opens; and it is shut again when the next answers are wrong.
        firewall.write(booth=broker)
        firewall.load()
        assert firewall.reaches(PUBLISHER, "SOCK_STREAM", network.address, port)
        firewall.write(booth="include\n")
        with pytest.raises(AssertionError, match="syntax error"):
            firewall.load()
        assert not firewall.reaches(
            PUBLISHER, "SOCK_STREAM", network.address, port, timeout_s=IMPATIENCE_S
        )
