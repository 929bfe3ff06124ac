"""Where a server's broker is, read from a URL."""

import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.loopback import is_loopback

_TLS: Final = "mqtts"
_PLAIN: Final = "mqtt"
_PORTS: Final = {_TLS: 8883, _PLAIN: 1883}


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """A broker's address."""

    host: str
    """Name or numeric address; with TLS, what its certificate must be for."""
    port: int
    """TCP port."""
    is_tls: bool
    """Whether to speak TLS; without, the host is this machine."""


def parse_broker_url(text: str) -> BrokerUrl:
    """Read a broker's URL.

    Args:
        text: ``mqtts://HOST[:PORT]``, or ``mqtt://HOST[:PORT]`` for a broker on this machine.

    Returns:
        The address; without TLS a numeric one, so that what was checked is what is connected to.

    Raises:
        SettingsError: It is none, or it asks for a connection without TLS to another machine.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError(_advice(text)) from error
    is_bare = (parts.path, parts.query, parts.fragment, parts.username) in (
        ("", "", "", None),
        ("/", "", "", None),
    )
    if parts.scheme not in _PORTS or not host or not is_bare:
        raise SettingsError(_advice(text))
    is_tls = parts.scheme == _TLS
    address = host if is_tls else _loopback_address(host)
    return BrokerUrl(address, port or _PORTS[parts.scheme], is_tls)


def _loopback_address(host: str) -> str:
    """Return the numeric address of a name of this machine."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"the broker's name {host!r} has no address; correct the URL"
        ) from error
    addresses = [str(answer[4][0]) for answer in found]
    if not all(is_loopback(each) for each in addresses):
        raise SettingsError(
            f"mqtt:// is not encrypted and {host!r} is another machine; use mqtts:// with ca_file, "
            "certificate_file and key_file"
        )
    return addresses[0]


def _advice(text: str) -> str:
    """Say what a URL must look like, without repeating what may be a password."""
    scheme = text.partition(":")[0]
    shown = f"{scheme}:…" if scheme.isalnum() else "this"
    return (
        f"{shown} is no broker's URL; it must be mqtts://HOST or mqtts://HOST:PORT, without user, "
        "password or path (mqtt:// only for a broker on this machine)"
    )
