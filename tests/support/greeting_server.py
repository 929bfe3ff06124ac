"""Something that greets TLS clients as a test says, and has no more to say: no real broker would.

The thread ends with the context; what clients do to it is nobody's failure.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_lpr.certificates.certificate_authority import CertifiedKey


def server_context(
    folder: Path, own: CertifiedKey, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> ssl.SSLContext:
    """Return a server's context that asks for no client certificate.

    Args:
        folder: Existing folder for the server's files.
        own: The server's key and certificate.
        newest: Newest version that it speaks.
    """
    own.write(folder, "greeting-server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(folder / "greeting-server.crt", folder / "greeting-server.key")
    return context


def hang_up(connection: socket.socket) -> None:
    """Close a connection without a word."""
    connection.close()


def keep_silent(connection: socket.socket) -> None:
    """Say nothing, ever: the connection stays open as long as the server."""
    del connection


def speak_http(connection: socket.socket) -> None:
    """Answer as a web server would at its plain port."""
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class GreetingServer:
    """Listens on a loopback port."""

    def __init__(
        self,
        greet: ssl.SSLContext | Callable[[socket.socket], None],
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        """Prepare.

        Args:
            greet: TLS context to greet each client with, or what to do with its connection.
            address: Where to listen; port 0 for any that is free.
        """
        self._greet = greet
        self._listener = socket.create_server(address)
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self.port = int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Begin to greet."""
        self._thread.start()

    def close(self) -> None:
        """Greet nobody any more, and hang up on everybody."""
        # Wakes the thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with contextlib.suppress(OSError):
                    self._connections.append(self._greeted(connection))

    def _greeted(self, connection: socket.socket) -> socket.socket:
        """Greet one client and return what to close in the end."""
        if isinstance(self._greet, ssl.SSLContext):
            return self._greet.wrap_socket(connection, server_side=True)
        self._greet(connection)
        return connection


@contextmanager
def greeting_server(
    greet: ssl.SSLContext | Callable[[socket.socket], None],
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[GreetingServer]:
    """Give a server that greets, and close it whatever happens.

    Args:
        greet: As for ``GreetingServer``.
        address: Likewise.
    """
    server = GreetingServer(greet, address)
    server.start()
    try:
        yield server
    finally:
        server.close()
