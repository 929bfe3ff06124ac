"""Where the broker is, and that it is on this machine: this version speaks MQTT without TLS."""

import ipaddress
import socket
from dataclasses import dataclass

from edge_lpr.core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker that was found to be on this machine."""

    host: str
    """Name from the settings, for the log."""
    addresses: tuple[str, ...]
    """Numeric loopback addresses to try in this order. The name is not looked up again: what was
    checked is what is connected to."""
    port: int
    """TCP port."""


def find_broker(host: str, port: int) -> BrokerAddress:
    """Look the broker's name up and refuse it unless every address is a loopback address.

    Args:
        host: Name or numeric address from the settings.
        port: TCP port.

    Returns:
        The numeric addresses.

    Raises:
        SettingsError: The name has no address, or one that is not on this machine.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        # UnicodeError: a name with an empty or overlong part cannot even be asked for.
        raise SettingsError(
            f"publisher.broker_host = {host!r} has no address; it must be a name or address of "
            "this machine, such as 127.0.0.1"
        ) from error
    addresses = tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
    for address in addresses:
        if not _is_loopback(address):
            raise SettingsError(
                f"publisher.broker_host = {host!r} is not this machine ({address}); without TLS "
                "only a broker at a loopback address such as 127.0.0.1 is allowed"
            )
    return BrokerAddress(host, addresses, port)


def _is_loopback(address: str) -> bool:
    """Return whether packets to an address stay on this machine."""
    parsed = ipaddress.ip_address(address)
    # Python before 3.13 calls ::ffff:127.0.0.1 no loopback, although the kernel treats it as one.
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback
