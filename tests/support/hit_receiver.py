"""A server for hits: what ``edge-lpr ingest --webhook`` posts to."""

import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from edge_lpr.store.webhook import SIGNATURE_HEADER

SECRET = b"0123456789abcdef"
"""What hits are signed with."""


class Receiver(BaseHTTPRequestHandler):
    """Refuses the first hit and takes the others."""

    taken: list[bytes]
    refused: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = "sha256=" + hmac.new(SECRET, body, "sha256").hexdigest()
        is_signed = self.headers[SIGNATURE_HEADER] == signature
        is_taken = is_signed and bool(self.refused)
        (self.taken if is_taken else self.refused).append(body)
        self.send_response(204 if is_taken else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def receiver() -> Iterator[tuple[int, type[Receiver]]]:
    """Give the port of a server for hits, and what it has received."""
    kind = type("FreshReceiver", (Receiver,), {"taken": [], "refused": []})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, kind
        finally:
            server.shutdown()
            thread.join()
