"""The helper outside: listens wherever a picture might be sent to, and keeps what comes.

No booth has one. It is there so that an attempt that gets through is seen to arrive.
"""

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

from tests.escape.attempt import SINK, SINK_PORT, SUITE_FOLDER, pictures_in

_MOST_BYTES = 65_536


class Helper:
    """Takes whatever comes, on sockets of every kind."""

    def __init__(self) -> None:
        """Listen everywhere, on threads that end with the process."""
        self._heard: list[bytes] = []
        self.readings_socket = SUITE_FOLDER / "readings.sock"
        stream, message = socket.SOCK_STREAM, socket.SOCK_SEQPACKET
        for address, kind in (
            (f"\0{SINK}", stream),
            (f"\0{SINK}-files", stream),
            (str(SUITE_FOLDER / "sink.sock"), stream),
            (str(self.readings_socket), message),
        ):
            self._listen(socket.socket(socket.AF_UNIX, kind), address)
            if not address.startswith("\0"):
                Path(address).chmod(0o666)
        self._listen(socket.socket(socket.AF_INET, stream), ("0.0.0.0", SINK_PORT))  # noqa: S104 - that is what it is for
        with suppress(OSError):
            self._listen(socket.socket(socket.AF_INET6, stream), ("::1", SINK_PORT))
        for port in (SINK_PORT, 53):
            listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with suppress(OSError):
                listener.bind(("127.0.0.1", port))
                self._start(self._take_all, listener)
        sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self._start(self._take_all, sniffer)

    def arrived(self) -> set[str]:
        """Return the attempts whose pictures have come, and forget them."""
        heard, self._heard = self._heard, []
        return set().union(*map(pictures_in, heard)) if heard else set()

    def _start(self, work: object, *arguments: object) -> None:
        """Start a thread."""
        assert callable(work)
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _listen(self, listener: socket.socket, address: str | tuple[str, int]) -> None:
        """Listen at an address, replacing the file of an earlier helper."""
        if isinstance(address, str) and not address.startswith("\0"):
            Path(address).unlink(missing_ok=True)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(16)
        self._start(self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        """Serve whoever connects."""
        while True:
            client, _ = listener.accept()
            self._start(self._take_all, client)

    def _take_all(self, client: socket.socket) -> None:
        """Keep messages, and what is in files that come with them; call every reading good."""
        while True:
            try:
                data, files, _, _ = socket.recv_fds(client, _MOST_BYTES, 16)
                for descriptor in files:
                    with suppress(OSError):
                        os.lseek(descriptor, 0, os.SEEK_SET)
                    os.set_blocking(descriptor, False)
                    with suppress(BlockingIOError):
                        data += os.read(descriptor, _MOST_BYTES)
                    os.close(descriptor)
                if not data:
                    return
                self._heard.append(data)
                if client.type == socket.SOCK_SEQPACKET:
                    client.send(b"A")
            except OSError:  # noqa: PERF203 - a client that has gone
                return
