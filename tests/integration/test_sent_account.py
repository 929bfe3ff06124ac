"""The publisher's account: numbers alone, whole, and by the kernel's count."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from threading import Thread

import pytest

from edge_lpr.core.complaints import Complaints
from edge_lpr.core.log import Log
from edge_lpr.core.sent_account import SentAccount, read_account, write_account
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.publisher.account_keeper import AccountKeeper
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.tcp_counts import SentCounts, tcp_counts
from tests.support.clock import SetClock
from tests.support.signer import BOOTH

ACCOUNT = SentAccount(1, 2, 3, 4, 5, 6, 1)


def test_account_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_account(tmp_path / "sent", ACCOUNT)
    assert read_account(tmp_path / "sent") == ACCOUNT
    assert [path.name for path in tmp_path.iterdir()] == ["sent"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"1 2 3 4 5 6\n", id="one less"),
        pytest.param(b"1 2 3 4 5 6 7 8\n", id="one more"),
        pytest.param(b"1 2 3 4 5 6 -1\n", id="negative"),
        pytest.param(b"1 2 3 4 5 6 AB123CD\n", id="a plate"),
        pytest.param(b"1 2 3 4 5 6 7\n" + b" " * 300, id="long"),
        pytest.param(b"\xff" * 20, id="garbage"),
    ],
)
def test_anything_else_is_no_account(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sent").write_bytes(content)
    assert read_account(tmp_path / "sent") is None


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path, _other: os.mkfifo(path), id="a pipe that nobody writes to"),
        pytest.param(lambda path, other: path.symlink_to(other), id="a link to an account"),
        pytest.param(lambda path, _other: path.mkdir(), id="a folder"),
    ],
)
def test_publisher_cannot_make_the_audit_wait_or_read_elsewhere(
    tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    write_account(tmp_path / "other", ACCOUNT)
    make(tmp_path / "sent", tmp_path / "other")
    read: list[SentAccount | None] = []
    # A daemon, so that a reader who waits for ever fails the test and does not hold it up.
    reader = Thread(target=lambda: read.append(read_account(tmp_path / "sent")), daemon=True)
    reader.start()
    reader.join(10)
    assert read == [None]


def test_missing_account_is_none(tmp_path: Path) -> None:
    assert read_account(tmp_path / "sent") is None


@pytest.fixture
def both_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        with ours, theirs:
            yield ours, theirs


def test_kernel_counts_what_was_sent(both_ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = both_ends
    assert tcp_counts(ours) == (0, 0)
    ours.sendall(bytes(1234))
    assert len(theirs.recv(1234, socket.MSG_WAITALL)) == 1234
    assert tcp_counts(ours) == (1234, 0)
    ours.close()
    assert tcp_counts(ours) == (0, 0)


def test_counts_of_a_connection_are_kept_when_the_next_begins(
    both_ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = SentCounts()
    ours, _ = both_ends
    resent = [100]
    monkeypatch.setattr(
        "edge_lpr.publisher.tcp_counts.tcp_counts", lambda _connection: (0, resent[0])
    )
    counts.begin(ours)
    counts.look(ours)
    resent[0] = 0  # closed meanwhile
    counts.look(ours)
    counts.look(None)
    counts.begin(ours)
    resent[0] = 7
    counts.look(ours)
    assert (counts.connections, counts.resent_bytes, counts.is_ipv6) == (2, 107, False)


def test_account_is_written_when_it_has_changed(tmp_path: Path) -> None:
    clock = SetClock()
    with closing(WakeUp()) as wake_up:
        client = MqttClient(BOOTH, "5", wake_up, clock)
        path = tmp_path / "run" / "sent"
        keeper = AccountKeeper(path, client, clock, Complaints(Log("test"), clock))
        # Nobody made the folder; the publisher goes on.
        keeper.keep()
        assert not path.exists()
        path.parent.mkdir()
        keeper.keep()
        assert not path.exists()
        clock.advance_s(1)
        keeper.keep()
        assert read_account(path) == SentAccount(*[0] * len(astuple(ACCOUNT)))
        path.unlink()
        clock.advance_s(1)
        keeper.keep()
        assert not path.exists()
