"""What comes through the door that is no request, and commands that do not end by themselves."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.technician.asking import ask, request_of
from edge_lpr.technician.door import TIMED_OUT, Request, receive, require_technician, run
from edge_lpr.technician.words import HELP, WORDS, help_text, word_of
from tests.support.waiting import wait_until

WHOLE = {"command": "status", "address": "192.0.2.9", "certificate": "ssh-ed25519-cert AAAA"}


@contextmanager
def both_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def send(end: socket.socket, message: bytes, streams: int) -> None:
    with ExitStack() as stack:
        files = [stack.enter_context(Path(os.devnull).open("rb")) for _ in range(streams)]
        socket.send_fds(end, [message], [file.fileno() for file in files])


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_whole_request_is_taken_with_its_streams() -> None:
    with both_ends() as (ours, theirs):
        send(theirs, json.dumps(WHOLE).encode(), 3)
        request = receive(ours)
    assert (request.untrusted_command, request.untrusted_address) == ("status", "192.0.2.9")
    for stream in request.streams:
        os.close(stream)


@pytest.mark.parametrize(
    ("message", "streams"),
    [
        pytest.param(json.dumps(WHOLE).encode(), 0, id="no streams"),
        pytest.param(json.dumps(WHOLE).encode(), 2, id="two streams"),
        pytest.param(json.dumps(WHOLE).encode(), 5, id="five streams"),
        pytest.param(json.dumps(WHOLE | {"more": 1}).encode(), 3, id="another member"),
        pytest.param(json.dumps({"command": "status"}).encode(), 3, id="members missing"),
        pytest.param(json.dumps(WHOLE | {"command": "x" * 9000}).encode(), 3, id="too long"),
        pytest.param(b"[" * 5000, 3, id="brackets"),
        pytest.param(b"\xff", 3, id="garbage"),
        pytest.param(b"7", 3, id="a number"),
    ],
)
def test_anything_else_is_no_request_and_leaves_nothing_open(message: bytes, streams: int) -> None:
    with both_ends() as (ours, theirs):
        before = open_descriptors()
        send(theirs, message, streams)
        with pytest.raises(HandoffError, match="is no request"):
            receive(ours)
        assert open_descriptors() == before


def test_peer_that_hangs_up_is_no_request() -> None:
    with both_ends() as (ours, theirs):
        theirs.close()
        with pytest.raises(HandoffError):
            receive(ours)


def test_door_is_for_the_user_of_the_forced_command() -> None:
    with both_ends() as (ours, _), pytest.raises(HandoffError, match="technician"):
        require_technician(ours)


@contextmanager
def request_with_streams() -> Iterator[tuple[Request, int]]:
    """Give a request, and where what is said to the technician can be read."""
    reading, writing = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    with closing(os.fdopen(reading, "rb")):
        yield Request("", "", "", (nothing, writing, writing)), reading
        os.close(writing)
        os.close(nothing)


def test_command_that_takes_too_long_is_ended_with_its_children() -> None:
    with request_with_streams() as (request, reading):
        command = ("/bin/sh", "-c", "sleep 60 & echo $!; wait")
        assert run(command, request, takes_input=False, limit_s=1) == TIMED_OUT
        child, sentence = os.read(reading, 4096).decode().split("\n", 1)
    assert "took longer" in sentence
    wait_until(lambda: not runs(child))


def runs(process: str) -> bool:
    """Return whether a process is there, and not only still in the list."""
    stat = Path(f"/proc/{process}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_command_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    with request_with_streams() as (request, reading):
        assert run(("/usr/bin/env",), request, takes_input=False, limit_s=10) == 0
        assert os.read(reading, 4096).decode().split() == [
            "PATH=/usr/sbin:/usr/bin",
            "LANG=C.UTF-8",
        ]


def test_signal_that_ends_a_command_is_said_as_a_shell_says_it() -> None:
    with request_with_streams() as (request, _):
        command = ("/bin/sh", "-c", "kill -TERM $$")
        assert run(command, request, takes_input=False, limit_s=10) == 128 + 15


def test_forced_command_says_when_it_cannot_ask(tmp_path: Path) -> None:
    with pytest.raises(HandoffError, match="does not say who"):
        request_of({"SSH_ORIGINAL_COMMAND": "status"})
    exposed = tmp_path / "exposed"
    exposed.write_text("publickey ssh-ed25519-cert-v01@openssh.com AAAA\n")
    request = request_of({"SSH_USER_AUTH": str(exposed), "SSH_CONNECTION": "192.0.2.9 1 2 22"})
    assert json.loads(request) == {
        "command": "",
        "address": "192.0.2.9",
        "certificate": "ssh-ed25519-cert-v01@openssh.com AAAA",
    }
    with pytest.raises(HandoffError, match=r"technician\.socket"):
        ask(request, tmp_path / "no.sock")


def test_words_are_whole_and_their_programs_have_whole_paths() -> None:
    assert [word.name for word in WORDS] == [
        *(
            "status",
            "diagnose",
            "diagnose --card",
            "restart",
            "update",
            "aim",
            "export-bundle",
            "export-audit",
            "metrics",
        ),
        "help",
    ]
    assert all(command[0].startswith("/") for word in WORDS for command in word.commands)
    assert [word.name for word in WORDS if word.takes_input] == ["update"]
    for word in WORDS:
        assert word_of(word.name) is word
        assert word_of(f"{word.name} ") is None
        assert word.name in help_text()
    assert word_of("") is HELP
    # A terminal at a booth has 80 columns.
    assert max(map(len, help_text().splitlines())) <= 80
