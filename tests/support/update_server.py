"""A web server with HTTPS and one folder, with or without ranges, that can break off."""

import hashlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import SystemClock
from edge_lpr.update.source import UpdateSource


class UpdateWebServer(http.server.ThreadingHTTPServer):
    """Serves ``files`` and remembers what was asked."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        """Listen; certificates go to ``folder``.

        Args:
            folder: For the authority's certificate, ``ca.crt``, and the server's own.
        """
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.has_ranges = True
        self.has_tags = True
        self.break_off_after: int | None = None
        now_s = SystemClock().unix_s()
        authority = CertificateAuthority.generate("agency", now_s, 2)
        validity = Validity.days_from(now_s, 1)
        authority.certify_broker(["127.0.0.1"], validity).write(folder, "server")
        self.ca_file = folder / "ca.crt"
        self.ca_file.write_bytes(authority.certificate_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def source(self) -> UpdateSource:
        """Where a booth fetches from it."""
        return UpdateSource("127.0.0.1", self.server_address[1], "/booths", None)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: UpdateWebServer

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        tag = f'"{hashlib.sha256(content).hexdigest()}"' if self.server.has_tags else ""
        is_same = self.headers.get("If-Range", tag) == tag
        first = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
        first *= self.server.has_ranges and is_same
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(content) - first))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(content[first:][: self.server.break_off_after])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def update_server(folder: Path) -> Iterator[UpdateWebServer]:
    """Run a server."""
    with UpdateWebServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
