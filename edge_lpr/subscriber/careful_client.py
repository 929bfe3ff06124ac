"""The MQTT library's client, with our TLS and a limit to what a broker may make it gather.

Works on the library's inside, so every habit that is relied on has a test.
"""

import socket
import ssl
from typing import Final

from paho.mqtt.client import Client

MAXIMUM_PACKET_BYTES: Final = 8192
"""Longest packet that a broker may send us: a birth of 4096 bytes, its topic and properties."""

_GREETING_TIMEOUT_S: Final = 10.0


class CarefulClient(Client):
    """Takes no packet that is longer than we allow, and remembers why TLS broke.

    In version 5 the broker is told of the longest packet, but need not keep to it; 3.1.1 has no
    word for it. The library itself would gather 256 MB.
    """

    is_flooded = False
    """Whether the broker began a packet that is too long."""

    tls_error: ssl.SSLError | None = None
    """Why TLS broke: in TLS 1.3 a server refuses a client's certificate after the greeting."""

    _context: ssl.SSLContext | None = None

    def secure(self, context: ssl.SSLContext | None) -> None:
        """Speak TLS in the connections to come, or not.

        Args:
            context: Identity and trust; ``None`` for none. The library's own word for it can be
                said only once, and certificates are renewed.
        """
        self._context = context

    def _create_socket(self) -> socket.socket:
        """Connect, and greet if TLS is to be spoken."""
        self.is_flooded, self.tls_error = False, None
        plain: socket.socket = self._create_socket_connection()
        if self._context is None:
            return plain
        plain.settimeout(_GREETING_TIMEOUT_S)
        # Closes the connection if the greeting fails.
        return self._context.wrap_socket(plain, server_hostname=self._host)

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read, at most what is missing of one packet; that is how the library asks."""
        if bufsize > MAXIMUM_PACKET_BYTES:
            self.is_flooded = True
            raise ConnectionError
        try:
            return super()._sock_recv(bufsize)
        except ssl.SSLError as error:
            # The library takes it for any broken connection.
            self.tls_error = error
            raise
