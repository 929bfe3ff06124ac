"""The aim page over real HTTP and a real keeper's socket: who gets what, and who nothing."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.aim.keeper_link import KeeperLink, packed, parsed
from edge_lpr.aim.page_files import PAGE_FILES
from edge_lpr.aim.page_server import PageServer
from edge_lpr.aim.session import listening, run_session
from edge_lpr.core.errors import HandoffError, NeighbourAwayError
from tests.support.aim_bench import Bench
from tests.support.waiting import wait_until


class ThreadPage:
    """The page in a thread of the test."""

    def __init__(self, keeper_socket: Path) -> None:
        self.keeper_socket = keeper_socket
        self.server: PageServer | None = None

    def start(self) -> None:
        link: list[KeeperLink] = []
        # The keeper accepts only once this has returned.
        link.append(KeeperLink(self.keeper_socket))
        self.server = PageServer(socket.create_server(("127.0.0.1", 0)), link[0])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()


class Session:
    """A session, and a browser's requests to it."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench()
        self.page = ThreadPage(folder / "keeper.sock")
        self.left = threading.Event()
        self.reasons: list[str] = []
        self._listener = listening(self.page.keeper_socket, None)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        wait_until(lambda: self.page.server is not None)
        assert self.page.server is not None
        self.port = self.page.server.socket.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.cookie = ""

    def _run(self) -> None:
        with closing(self._listener):
            reason = run_session(self.bench.keeper, self.page, self._listener, self.left.is_set)
        self.reasons.append(reason)

    def end(self) -> None:
        self.left.set()
        self._thread.join()

    def request(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask as the page does; headers replace its own, empty ones are left out."""
        usual = {
            "Host": self.host,
            "Content-Type": "application/json",
            "Origin": f"http://{self.host}",
            "Cookie": self.cookie,
        }
        told = usual | {name.replace("_", "-"): value for name, value in headers.items()}
        octets = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as link:
            link.putrequest(method, path, skip_host=True)
            for name, value in {"Content-Length": str(len(octets)), **told}.items():
                if value:
                    link.putheader(name, value)
            link.endheaders(octets)
            answer = link.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def enter(self) -> None:
        status, headers, _ = self.request("POST", "/api/enter", {"code": self.bench.keeper.code})
        assert status == 200
        assert headers["Set-Cookie"].endswith("; Path=/api; HttpOnly; SameSite=Strict")
        self.cookie = headers["Set-Cookie"].partition(";")[0]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path)
    yield session
    session.end()


def test_every_file_of_the_page_is_there_and_may_load_nothing_from_elsewhere(
    session: Session,
) -> None:
    for path, (content, kind) in PAGE_FILES.items():
        status, headers, body = session.request("GET", path)
        assert (status, headers["Content-Type"], body) == (200, kind, content)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
    text = b"".join(content for content, _ in PAGE_FILES.values()).decode()
    # Only the name of SVG itself, which nobody fetches, begins so.
    assert text.replace("http://www.w3.org/2000/svg", "").count("http") == 0


def test_every_text_of_the_page_stands_in_the_one_file() -> None:
    texts = json.loads(PAGE_FILES["/texts.en.json"][0])
    assert all(isinstance(text, str) and text for text in texts.values())
    html = PAGE_FILES["/"][0].decode()
    named = {part.partition('"')[0] for part in html.split('data-text="')[1:]}
    assert named
    assert named <= texts.keys()


def test_only_who_gave_the_code_is_answered(session: Session) -> None:
    for path in ("/api/frame", "/api/lanes", "/api/sketch"):
        assert session.request("GET", path)[0] == 401
    assert session.request("PUT", "/api/lanes", {"lanes": []})[0] == 401
    assert session.request("POST", "/api/enter", {"code": "2222-2222"})[2] == (
        b'{"entry": "wrong", "tries_left": 4}'
    )
    session.enter()
    status, _, body = session.request("GET", "/api/frame")
    assert (status, json.loads(body)["vision"]) == (200, "answers")
    for cookie in (
        "",
        "edge_lpr_aim=",
        "edge_lpr_aim=x",
        "other=1",
        "\x7f=;;",
        session.cookie[:-1],
    ):
        assert session.request("GET", "/api/frame", Cookie=cookie)[0] == 401, cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "127.0.0.1.attacker.example:8470"},
        {"Host": ""},
        {"Origin": "http://attacker.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_other_pages_and_other_names_change_nothing(
    session: Session, headers: dict[str, str]
) -> None:
    session.enter()
    drawn = {"lanes": [{"number": 2}]}
    assert session.request("PUT", "/api/lanes", drawn, **headers)[0] == 403
    assert session.bench.booth.saved == []
    assert session.request("PUT", "/api/lanes", drawn)[0] == 200
    assert len(session.bench.booth.saved) == 1


@pytest.mark.parametrize("path", ["/../keeper.py", "//etc/passwd", "/aim.html", "/api", "/?x"])
def test_nothing_that_is_asked_for_becomes_a_path(session: Session, path: str) -> None:
    session.enter()
    assert session.request("GET", path)[0] == 404


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "TRACE", "HEAD"])
def test_other_methods_there_are_none(session: Session, method: str) -> None:
    assert session.request(method, "/")[0] == 501


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"no json", {}),
        (b"[]", {}),
        (b"[" * 10_000, {}),
        (b"{}", {"Content_Length": "99999999"}),
        (b"{}", {"Content_Length": "-1"}),
        (b"{}", {"Content_Length": "two"}),
        (b"0\r\n\r\n", {"Transfer_Encoding": "chunked"}),
    ],
    ids=["no JSON", "a list", "deep", "too long", "negative", "no number", "chunked"],
)
def test_bodies_that_are_none_are_refused(
    session: Session, body: bytes, headers: dict[str, str]
) -> None:
    assert session.request("POST", "/api/enter", body, **headers)[0] == 400


def test_session_ends_from_the_page_and_then_nobody_is_served(session: Session) -> None:
    session.enter()
    assert session.request("POST", "/api/end")[0] == 200
    wait_until(lambda: bool(session.reasons))
    assert session.reasons == ["asked_for"]
    with pytest.raises(ConnectionRefusedError):
        session.request("GET", "/")


def test_page_without_a_keeper_says_that_it_is_over_and_serves_no_more(tmp_path: Path) -> None:
    with closing(listening(tmp_path / "keeper.sock", None)) as listener:
        page = ThreadPage(tmp_path / "keeper.sock")
        page.start()
        connection = listener.accept(timeout_s=20)
        assert connection is not None
        connection.close()
    assert page.server is not None
    port = page.server.socket.getsockname()[1]
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as link:
        headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"}
        link.request("POST", "/api/enter", b'{"code": "x"}', headers)
        assert link.getresponse().status == 410
    page.server.server_close()


def test_page_that_asks_for_what_there_is_not_is_hung_up_on(session: Session) -> None:
    assert session.page.server is not None
    with pytest.raises(NeighbourAwayError):
        session.page.server.keeper.ask("pictures")
    # The next page process may come: the session goes on.
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as other:
        other.connect(str(session.page.keeper_socket))
        other.send(packed({"ask": "enter", "code": session.bench.keeper.code}))
        assert parsed(other.recv(1000))["entry"] == "welcome"


@pytest.mark.parametrize("message", [b"", b"{", b"[1]", b"[" * 5000, b"\xff"])
def test_messages_that_are_none_are_refused(message: bytes) -> None:
    with pytest.raises(HandoffError):
        parsed(message)


def test_message_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(HandoffError, match="too long"):
        packed({"ask": "save", "lanes": "x" * 40_000})


def test_keepers_folder_is_for_the_pages_user(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    keeper_socket = tmp_path / "aim" / "keeper.sock"
    with closing(listening(keeper_socket, "daemon")):
        assert keeper_socket.parent.stat().st_mode & 0o7777 == 0o750
        assert keeper_socket.stat().st_gid == keeper_socket.parent.stat().st_gid != 0
        assert keeper_socket.stat().st_mode & 0o777 == 0o660
    with pytest.raises(HandoffError, match="sysusers"):
        listening(keeper_socket, "nobody-of-this-name")
    keeper_socket.parent.rmdir()
    keeper_socket.parent.write_text("in the way")
    with pytest.raises(HandoffError, match="for root"):
        listening(keeper_socket, "daemon")


def test_page_process_without_a_session_says_so() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "edge_lpr.aim", "--page", "1", "--keeper", "/nowhere/keeper.sock"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert "edge-lpr aim: " in finished.stderr
