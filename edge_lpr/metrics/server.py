"""Gives the metrics' text to whoever asks at the booth's loopback, over HTTP.

It has no camera, no key, no network but the socket that it is handed, and one file to read. It asks
nobody, so what comes a thousand times a second gets the same text a thousand times.
"""

import re
import socket
import socketserver
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, cast

from edge_lpr.core.clock import Clock

PORT: Final = 8471

PATH: Final = "/metrics"

STALE_S: Final = 300
"""An older text is none: its writer stands, or is gone."""

MAXIMUM_BYTES: Final = 131_072

TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
"""What ``prometheus_client.generate_latest`` writes; this process needs nothing else of it."""

_HOST: Final = re.compile(r"(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?")
_PATIENCE_S: Final = 5.0
_MAXIMUM_CONNECTIONS: Final = 8


class MetricsServer(ThreadingHTTPServer):
    """One text for everybody on this machine."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, file: Path, clock: Clock) -> None:
        """Take over a socket that listens.

        Args:
            listening: TCP, on this machine alone; owned by this object from now on.
            file: The text, as the collector has written it.
            clock: Tells how old it is.
        """
        # Not TCPServer's: it makes a socket, which the unit may not.
        socketserver.BaseServer.__init__(self, listening.getsockname(), _Handler)
        self.socket = listening
        self._file = file
        self._clock = clock
        self._room = threading.BoundedSemaphore(_MAXIMUM_CONNECTIONS)

    def text(self) -> bytes | None:
        """Return the text of now; ``None`` where there is none, or an old one."""
        try:
            with self._file.open("rb") as file:
                text = file.read(MAXIMUM_BYTES)
            age_s = self._clock.unix_s() - self._file.stat().st_mtime
        except OSError:
            return None
        # A clock that was set makes it old, or of the future, until the next minute.
        return text if abs(age_s) < STALE_S else None

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (as inherited)
        """Serve a connection in a thread of its own, once there is room for one."""
        if not self._room.acquire(timeout=_PATIENCE_S):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection and make room for another one."""
        # Whoever sends a byte now and then is not waited for: it ends when its time is over.
        timer = threading.Timer(_PATIENCE_S, _hang_up, [request])
        timer.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: who goes away is no news."""


def _hang_up(connection: socket.socket) -> None:
    """End a connection that takes too long."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It has ended by itself.
        return


class _Handler(BaseHTTPRequestHandler):
    """One question."""

    server_version = "edge-lpr"
    sys_version = ""
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        """Give the text, and say no to everything else."""
        # A page of the internet whose name leads to 127.0.0.1 has another name.
        if not _HOST.fullmatch(self.headers.get("Host", "")):
            self._say(HTTPStatus.FORBIDDEN, b"")
        elif self.path != PATH:
            self._say(HTTPStatus.NOT_FOUND, b"There is /metrics here.\n")
        else:
            text = cast("MetricsServer", self.server).text()
            if text is None:
                why = b"No metrics: edge-lpr-metrics-collect.service has written none lately.\n"
                self._say(HTTPStatus.SERVICE_UNAVAILABLE, why)
            else:
                self._say(HTTPStatus.OK, text, TEXT_FORMAT)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as inherited)
        """Say nothing: a scrape a second would fill the journal."""

    def _say(self, status: HTTPStatus, content: bytes, kind: str = "text/plain") -> None:
        """Send an answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)
