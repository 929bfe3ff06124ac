"""A connection through an HTTP proxy: what it is asked, and how far its answer is believed.

The proxy joins two connections and sees addresses and amounts. Who is at the other end, TLS says.
"""

import errno
import re
import socket
import time
from typing import Final
from urllib.parse import urlsplit

MAXIMUM_ANSWER_BYTES: Final = 4096
"""Longest answer of a proxy; ordinary ones have a hundred."""

_ADDRESS: Final = re.compile(r"http://(?:[0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")
_MAXIMUM_PORT: Final = 65_535
_JOINED: Final = range(200, 300)


def proxy_place(address: str) -> tuple[str, int]:
    """Return whom a proxy's address names.

    Args:
        address: ``http://HOST:PORT``, without a login.

    Returns:
        Name or numeric address, and TCP port.

    Raises:
        ValueError: It is another kind of address; the message says what is wanted.
    """
    sentence = "must be like http://192.0.2.3:3128, without a login"
    if not _ADDRESS.fullmatch(address):
        raise ValueError(sentence)
    host, port = urlsplit(address).hostname, int(address.rpartition(":")[2])
    if host is None or not 1 <= port <= _MAXIMUM_PORT:
        raise ValueError(sentence)
    return host, port


def ask_for_tunnel(connection: socket.socket, host: str, port: int, timeout_s: float) -> None:
    """Have a proxy join a connection to a host (RFC 9110, 9.3.6).

    Args:
        connection: To the proxy; not a byte is read beyond its answer.
        host: Name, which the proxy looks up, or numeric address.
        port: TCP port.
        timeout_s: For the whole of it. The connection keeps a time-out of what is left.

    Raises:
        TimeoutError: The proxy does not answer in time.
        OSError: It refuses, answers no HTTP, or hangs up; ``strerror`` says which.
    """
    give_up_s = time.monotonic() + timeout_s
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    connection.settimeout(timeout_s)
    connection.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode("ascii"))
    untrusted_answer = bytearray()
    while not untrusted_answer.endswith(b"\r\n\r\n"):
        left_s = give_up_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        # One by one: what follows the empty line is the other end's already.
        octet = connection.recv(1)
        if not octet or len(untrusted_answer) >= MAXIMUM_ANSWER_BYTES:
            raise ConnectionResetError(errno.ECONNRESET, "the proxy gives no answer of HTTP")
        untrusted_answer += octet
    status = _STATUS.match(untrusted_answer)
    if status is None:
        raise ConnectionResetError(errno.ECONNRESET, "the proxy gives no answer of HTTP")
    if int(status[1]) not in _JOINED:
        raise ConnectionRefusedError(
            errno.ECONNREFUSED, f"the proxy refuses, with status {status[1].decode()}"
        )
    connection.settimeout(max(0.001, give_up_s - time.monotonic()))
