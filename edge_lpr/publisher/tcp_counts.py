"""What a connection costs besides its messages, by the kernel's own count of each socket.

For the booth's audit, which explains with it what leaves the publisher (``core/sent_account.py``).
"""

import contextlib
import socket
import ssl
import struct
from typing import Final

_INFO: Final = struct.Struct("=200x QQ")
"""``tcpi_bytes_sent`` and ``tcpi_bytes_retrans``.

Source:
    ``struct tcp_info`` in ``include/uapi/linux/tcp.h``, the same since Linux 4.19.
"""

_RECORD_BYTES: Final = 16_384
"""Most of a message that one TLS record takes (RFC 8446, section 5.1)."""


def tcp_counts(connection: socket.socket) -> tuple[int, int]:
    """Return how many bytes the kernel has sent over a connection, and how many of them again.

    Args:
        connection: Of TCP; zeros for one that is closed.
    """
    with contextlib.suppress(OSError):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
        if len(info) == _INFO.size:
            sent, resent = _INFO.unpack(info)
            return int(sent), int(resent)
    return 0, 0


class SentCounts:
    """Sums over all connections of a process."""

    def __init__(self) -> None:
        """Begin with zeros."""
        self.connections = 0
        """Connections that were begun."""
        self.greeting_bytes = 0
        """Bytes sent before the first MQTT packet."""
        self.records = 0
        """TLS records that carried MQTT packets."""
        self.is_ipv6 = False
        """Whether the newest connection is over IPv6."""
        self._resent_before = 0
        self._resent = 0

    @property
    def resent_bytes(self) -> int:
        """Bytes that TCP sent again, as far as ``look`` has seen."""
        return self._resent_before + self._resent

    def begin(self, connection: socket.socket) -> None:
        """Count a connection.

        Args:
            connection: Before anything is sent over it.
        """
        self.connections += 1
        self.is_ipv6 = connection.family is socket.AF_INET6
        self._resent_before, self._resent = self.resent_bytes, 0

    def note(self, connection: object, sent: int) -> None:
        """Count the records of a write.

        Args:
            connection: What was written to.
            sent: How many bytes of MQTT packets.
        """
        if isinstance(connection, ssl.SSLSocket):
            self.records += -(-sent // _RECORD_BYTES)

    def look(self, connection: object) -> None:
        """See how much the connection of now has sent again.

        Args:
            connection: A socket, or nothing.
        """
        if isinstance(connection, socket.socket):
            self._resent = max(self._resent, tcp_counts(connection)[1])
