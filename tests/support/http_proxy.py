"""An HTTP proxy that joins connections, and remembers whom it was asked for."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator


class TunnelProxy:
    """One proxy on a loopback port."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        """Listen.

        Args:
            answer: What is said to every question; joined is only with status 200.
        """
        self.asked: list[str] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._is_open = True
        self._threads: list[threading.Thread] = []

    def serve(self) -> None:
        """Take connections until closed."""
        while self._is_open:
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._join, args=(client,))
                thread.start()
                self._threads.append(thread)

    def close(self) -> None:
        """Stop, and wait for what is joined to end."""
        self._is_open = False
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _join(self, client: socket.socket) -> None:
        with client:
            question = b""
            while not question.endswith(b"\r\n\r\n"):
                octets = client.recv(1)
                if not octets:
                    return
                question += octets
            place = question.split(b" ")[1].decode()
            self.asked.append(place)
            client.sendall(self._answer)
            if b" 200 " not in self._answer:
                return
            # Whatever name it is: everything in a test is here.
            far = socket.create_connection(("127.0.0.1", int(place.rpartition(":")[2])))
            # Either end may hang up with something on its way.
            with far, contextlib.suppress(ConnectionError):
                self._carry(client, far)

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        while self._is_open:
            readable, _, _ = select.select([one, other], [], [], 0.1)
            for end in readable:
                octets = end.recv(65_536)
                if not octets:
                    return
                (other if end is one else one).sendall(octets)


@contextlib.contextmanager
def running_proxy(answer: bytes | None = None) -> Iterator[TunnelProxy]:
    """Run a proxy."""
    proxy = TunnelProxy() if answer is None else TunnelProxy(answer)
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
