"""Serves the aim page to one browser, over HTTP on a socket that somebody else has bound.

It is reached through the technician's own SSH connection, so HTTP it is. What keeps others out:
the name by which it is called must be this machine's (a page of the internet whose name leads to
127.0.0.1 has another), what changes anything must come from the page itself, and whoever asks must
have given the code. It has no file but the page's, and decides nothing: the keeper does.
"""

import hmac
import json
import re
import secrets
import socket
import socketserver
import threading
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast

from edge_lpr.aim.keeper_link import KeeperLink, Message
from edge_lpr.aim.page_files import PAGE_FILES
from edge_lpr.core.errors import HandoffError, NeighbourAwayError

_HOST: Final = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?")
_COOKIE: Final = "edge_lpr_aim"
_COOKIE_BYTES: Final = 32
_MAXIMUM_BODY_BYTES: Final = 16_384
_PATIENCE_S: Final = 10.0
_MAXIMUM_CONNECTIONS: Final = 8
"""A browser opens six; who holds more open waits."""

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_QUESTIONS: Final = {
    ("GET", "/api/frame"): "frame",
    ("GET", "/api/lanes"): "lanes",
    ("GET", "/api/sketch"): "sketch",
    ("PUT", "/api/lanes"): "save",
    ("POST", "/api/end"): "end",
}


class PageServer(ThreadingHTTPServer):
    """The page, for as long as there is a keeper."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, keeper: KeeperLink) -> None:
        """Take over a socket that listens.

        Args:
            listening: TCP, on this machine alone; owned by this object from now on.
            keeper: Answers what the page asks.
        """
        # Not TCPServer's: it makes a socket, which the page's unit may not.
        socketserver.BaseServer.__init__(self, listening.getsockname(), _Handler)
        self.socket = listening
        self.keeper = keeper
        self.cookie: str | None = None
        """Who is in; ``None`` before the code was given."""
        self._room = threading.BoundedSemaphore(_MAXIMUM_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (as inherited)
        """Serve a connection in a thread of its own, once there is room for one."""
        if not self._room.acquire(timeout=_PATIENCE_S):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection and make room for another one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def server_close(self) -> None:
        """Close the socket, and let the keeper go."""
        super().server_close()
        self.keeper.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: a browser that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"
    server_version = "edge-lpr"
    sys_version = ""
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        """Give a file of the page, or an answer."""
        self._serve()

    def do_POST(self) -> None:
        """Take a code, or the wish to end."""
        self._serve()

    def do_PUT(self) -> None:
        """Take lanes."""
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as inherited)
        """Say nothing: a code may be in what was asked for."""

    def _serve(self) -> None:
        """Refuse, give a file, or ask the keeper."""
        body = self._body()
        if body is None:
            self._refuse(HTTPStatus.BAD_REQUEST)
        elif not self._is_from_the_page():
            self._refuse(HTTPStatus.FORBIDDEN)
        elif self.command == "GET" and self.path in PAGE_FILES:
            content, kind = PAGE_FILES[self.path]
            self._send(HTTPStatus.OK, content, kind)
        elif (self.command, self.path) == ("POST", "/api/enter"):
            self._ask("enter", {"code": body.get("code")})
        elif (self.command, self.path) not in _QUESTIONS:
            self._refuse(HTTPStatus.NOT_FOUND)
        elif not self._has_cookie():
            self._refuse(HTTPStatus.UNAUTHORIZED)
        else:
            self._ask(_QUESTIONS[self.command, self.path], {"lanes": body.get("lanes")})

    def _body(self) -> Message | None:
        """Return the JSON object that came, an empty one where none did, or ``None``."""
        length = self.headers.get("Content-Length", "0")
        is_bounded = length.isascii() and length.isdigit() and int(length) <= _MAXIMUM_BODY_BYTES
        if not is_bounded or self.headers.get("Transfer-Encoding") is not None:
            return None
        try:
            members = json.loads(self.rfile.read(int(length)) or b"{}")
        except (ValueError, RecursionError):
            return None
        return members if isinstance(members, dict) else None

    def _is_from_the_page(self) -> bool:
        """Tell whether this machine was called by its own name, and by the page if it matters."""
        host = self.headers.get("Host", "")
        if not _HOST.fullmatch(host):
            return False
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return False
        if self.command == "GET":
            return True
        is_json = self.headers.get("Content-Type") == "application/json"
        return is_json and self.headers.get("Origin") == f"http://{host}"

    def _has_cookie(self) -> bool:
        """Tell whether this is the browser that gave the code."""
        expected = self._page.cookie
        try:
            given = SimpleCookie(self.headers.get("Cookie", "")).get(_COOKIE)
        except CookieError:
            return False
        if expected is None or given is None:
            return False
        return hmac.compare_digest(given.value.encode(), expected.encode())

    def _ask(self, question: str, details: Message) -> None:
        """Ask the keeper, and give its answer; without a keeper the session is over."""
        try:
            answer = self._page.keeper.ask(question, **details)
        except NeighbourAwayError:
            self._refuse(HTTPStatus.GONE)
            # Without a keeper there is nothing to serve. This thread itself would be waited for.
            threading.Thread(target=self._page.shutdown, daemon=True).start()
            return
        except HandoffError:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        cookie = None
        if answer.get("entry") == "welcome":
            cookie = self._page.cookie = secrets.token_urlsafe(_COOKIE_BYTES)
        self._send(HTTPStatus.OK, json.dumps(answer).encode("ascii"), "application/json", cookie)

    def _refuse(self, status: HTTPStatus) -> None:
        """Say no, and hang up: what is left of the request is not read."""
        self.close_connection = True
        self._send(status, b"", "text/plain")

    def _send(
        self, status: HTTPStatus, content: bytes, kind: str, cookie: str | None = None
    ) -> None:
        """Send an answer with what a browser must know of it."""
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if cookie is not None:
            self.send_header(
                "Set-Cookie", f"{_COOKIE}={cookie}; Path=/api; HttpOnly; SameSite=Strict"
            )
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    @property
    def _page(self) -> PageServer:
        """The server, by what it really is."""
        return cast("PageServer", self.server)
