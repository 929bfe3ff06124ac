"""The kinds of answers that an installer writes as text, each checked and in one spelling."""

import ipaddress
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

MAXIMUM_PORT: Final = 65_535

_LABEL: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?")
"""One part of a name (RFC 1123, 2.1)."""

_MAXIMUM_NAME: Final = 253
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")

_ZONE: Final = "%"
"""Ends an IPv6 address and begins the name of a port (RFC 4007). Python takes anything for that
name, line breaks too, and firewall and network know no such address."""

_SHORTEST_PREFIX: Final = {4: 8, 6: 16}
"""By version. A shorter one is mistyped, and would let technicians in from everywhere."""


def is_address(text: str) -> bool:
    """Return whether a host is given in numbers.

    Args:
        text: An address or a name.
    """
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return _ZONE not in text


def _address(text: str) -> str:
    """Accept a numeric address."""
    if not is_address(text):
        raise ValueError("must be a numeric address, such as 192.0.2.1, without %")
    return str(ipaddress.ip_address(text))


def _host(text: str) -> str:
    """Accept a numeric address or a name."""
    if is_address(text):
        return _address(text)
    labels = text.split(".")
    is_name = len(text) <= _MAXIMUM_NAME and all(map(_LABEL.fullmatch, labels))
    # Four numbers with a fault are a mistyped address and no name.
    if not is_name or labels[-1].isdigit():
        raise ValueError("must be a numeric address or a name, such as 192.0.2.1 or time.example")
    return text.lower()


def _interface(text: str) -> str:
    """Accept an address of this booth's own with the length of its network's prefix."""
    try:
        found = ipaddress.ip_interface(text)
    except ValueError:
        found = None
    is_whole = "/" in text and _ZONE not in text
    network = found.network if found is not None and is_whole else None
    if found is None or network is None or network.num_addresses == 1:
        raise ValueError("must be an address with its network, such as 192.0.2.10/24")
    shortest = _SHORTEST_PREFIX[found.version]
    if network.prefixlen < shortest:
        raise ValueError(f"must have a network of its own, /{shortest} or longer")
    is_end = found.ip in (network.network_address, network.broadcast_address)
    if found.version == 4 and network.num_addresses > 2 and is_end:  # noqa: PLR2004 - RFC 3021
        raise ValueError("must be one booth's address, and is the network's own or its broadcast's")
    return str(found)


def _update_url(text: str) -> str:
    """Accept an HTTPS address without a login."""
    sentence = "must be like https://updates.example/booths, without a login"
    parts = _split(text, sentence)
    if parts[0] != "https" or "@" in text:
        raise ValueError(sentence)
    return text


def _proxy(text: str) -> str:
    """Accept the address of an HTTP proxy."""
    sentence = "must be like http://192.0.2.3:3128, without a login"
    scheme, host, port, rest = _split(text, sentence)
    if scheme != "http" or port is None or rest not in ("", "/"):
        raise ValueError(sentence)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _split(text: str, sentence: str) -> tuple[str, str, int | None, str]:
    """Return scheme, host, port and what follows of an address, or refuse it with the sentence."""
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _host(parts.hostname or "")
    except ValueError:
        raise ValueError(sentence) from None
    if not _PRINTABLE.fullmatch(text) or "@" in parts.netloc or port == 0:
        raise ValueError(sentence)
    return parts.scheme, host, port, text.partition(parts.netloc)[2]


def split_host_and_port(url: str, default_port: int) -> tuple[str, int]:
    """Return whom a checked address names.

    Args:
        url: Such as ``http://192.0.2.3:3128``.
        default_port: Where it names none.

    Returns:
        Name or numeric address, and port.
    """
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or default_port


Address = Annotated[str, Field(max_length=45), AfterValidator(_address)]
"""Numeric, IPv4 or IPv6."""

Host = Annotated[str, Field(max_length=253), AfterValidator(_host)]
"""Numeric address, or name."""

InterfaceAddress = Annotated[str, Field(max_length=49), AfterValidator(_interface)]
"""Numeric, with the length of the network's prefix."""

UpdateUrl = Annotated[str, Field(max_length=512), AfterValidator(_update_url)]
"""HTTPS address."""

ProxyUrl = Annotated[str, Field(max_length=300), AfterValidator(_proxy)]
"""``http://HOST:PORT``."""
