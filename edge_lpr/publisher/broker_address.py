"""Where the broker is, and that without TLS it is on this machine."""

import socket
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.loopback import is_loopback

MOST_ADDRESSES: Final = 3
"""A name's further addresses are left alone: each that does not answer costs seconds."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker and where it is."""

    host: str
    """Name from the settings: for the log, and what its certificate must be for."""
    addresses: tuple[str, ...]
    """Numeric addresses to try in this order. Without TLS they were found once, to be on this
    machine, and the name is not looked up again: what was checked is what is connected to."""
    port: int
    """TCP port, there."""
    beyond: tuple[str, int] | None = None
    """Host and port of the broker, where the addresses are those of a proxy that is asked for it;
    ``None`` where they are the broker's own."""


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
        addresses = addresses_of(host, port)
    except OSError as error:
        raise SettingsError(
            f"publisher.broker_host = {host!r} has no address; without TLS it must be a name or "
            "address of this machine, such as 127.0.0.1"
        ) from error
    for address in addresses:
        if not is_loopback(address):
            raise SettingsError(
                f"publisher.broker_host = {host!r} is not this machine ({address}); without TLS "
                "only a broker at a loopback address such as 127.0.0.1 is allowed: set "
                "publisher.tls_ca_file, tls_certificate_file and tls_key_file"
            )
    return BrokerAddress(host, addresses, port)


def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """Return the numeric addresses of a name, in the order in which they should be tried.

    Args:
        host: Name or numeric address.
        port: TCP port.

    Returns:
        Each address once, at least one.

    Raises:
        OSError: It has none, or nobody could be asked; this can take half a minute.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        # A name with an empty or overlong part cannot even be asked for.
        raise OSError("impossible name") from error
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
