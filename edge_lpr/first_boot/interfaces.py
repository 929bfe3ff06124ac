"""Which addresses this machine has, without a program and without sending anything."""

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path
from typing import Final

_GET_ADDRESS: Final = 0x8915
"""SIOCGIFADDR of netdevice(7)."""

_NAME_BYTES: Final = 16
_REQUEST_BYTES: Final = 40
_ADDRESS_AT: Final = 20
"""In ``struct ifreq``: behind the name, a ``sockaddr_in`` with family and port first."""

_IPV6_FILE: Final = Path("/proc/net/if_inet6")
_LINKS: Final = Path("/sys/class/net")
_LOOPBACK: Final = "lo"
_GLOBAL_SCOPE: Final = "00"
_MOST: Final = 6
"""Addresses that a screen has room for."""


def addresses_of_this_machine() -> tuple[str, ...]:
    """Return the IP addresses that others could reach it by: IPv4 first, at most six."""
    ipv4 = [address for link in _links() if (address := _ipv4(link.name))]
    return tuple([*ipv4, *_ipv6()][:_MOST])


def has_link() -> bool:
    """Return whether any network interface has a carrier: a cable, a radio that is connected."""
    return any(_has_carrier(link) for link in _links())


def _links() -> list[Path]:
    """Return the interfaces that lead anywhere; by file, because a netlink socket is denied us."""
    links = sorted(_LINKS.iterdir()) if _LINKS.is_dir() else []
    return [link for link in links if link.name != _LOOPBACK]


def _has_carrier(link: Path) -> bool:
    """Return whether one interface is connected; one that is switched off does not say."""
    try:
        return (link / "carrier").read_text().strip() == "1"
    except OSError:
        return False


def _ipv4(name: str) -> str:
    """Return the IPv4 address of an interface, or nothing."""
    request = struct.pack(f"{_REQUEST_BYTES}s", name.encode()[: _NAME_BYTES - 1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
        try:
            answer = fcntl.ioctl(asking, _GET_ADDRESS, request)
        except OSError:
            return ""
    return socket.inet_ntoa(answer[_ADDRESS_AT : _ADDRESS_AT + 4])


def _ipv6() -> list[str]:
    """Return the IPv6 addresses that reach beyond the cable."""
    try:
        lines = _IPV6_FILE.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        octets, _, _, scope, _, name = line.split()
        if scope == _GLOBAL_SCOPE and name != _LOOPBACK:
            found.append(str(ipaddress.IPv6Address(bytes.fromhex(octets))))
    return found
