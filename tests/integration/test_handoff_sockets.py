"""Local sockets keep message borders, notice a dead neighbour, and know its user."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError, NeighbourAwayError, SettingsError
from edge_lpr.handoff import seqpacket
from edge_lpr.handoff.seqpacket import SOCKET_MODE, Connection, Listener, connect, user_id

KEY = "tokeniser.vision_user"
SOON_S = 0.02
DEADLINE_S = 10.0


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "readings.sock"


@pytest.fixture
def listener(socket_path: Path) -> Iterator[Listener]:
    with closing(Listener(socket_path, allowed_user_id=os.geteuid())) as open_listener:
        yield open_listener


@pytest.fixture
def ends(socket_path: Path, listener: Listener) -> Iterator[tuple[Connection, Connection]]:
    with closing(connect(socket_path)) as ours, closing(accepted(listener)) as theirs:
        yield ours, theirs


def accepted(listener: Listener) -> Connection:
    connection = listener.accept(timeout_s=DEADLINE_S)
    assert connection is not None
    return connection


def send_without_end(connection: Connection) -> None:
    for _ in range(100_000):
        connection.send(bytes(4096))


def test_message_arrives_whole_and_alone(ends: tuple[Connection, Connection]) -> None:
    ours, theirs = ends
    ours.send(b"first")
    ours.send(b"second")
    assert theirs.receive(10, timeout_s=DEADLINE_S) == b"first"
    assert theirs.receive(10, timeout_s=DEADLINE_S) == b"second"


def test_answer_travels_the_other_way(ends: tuple[Connection, Connection]) -> None:
    ours, theirs = ends
    theirs.send(b"A")
    assert ours.receive(1, timeout_s=DEADLINE_S) == b"A"


def test_message_is_written_to_the_memory_of_the_caller(
    ends: tuple[Connection, Connection],
) -> None:
    ours, theirs = ends
    buffer = bytearray(b"........")
    ours.send(bytearray(b"plate"))
    assert theirs.receive_into(buffer, timeout_s=DEADLINE_S) == 5
    assert buffer == b"plate..."


def test_nothing_in_time_is_not_an_error(ends: tuple[Connection, Connection]) -> None:
    assert ends[0].receive(1, timeout_s=SOON_S) is None


def test_message_longer_than_allowed_is_refused_and_the_next_one_taken(
    ends: tuple[Connection, Connection],
) -> None:
    ours, theirs = ends
    ours.send(b"seven..")
    ours.send(b"six...")
    with pytest.raises(HandoffError, match="longer than the 6 bytes"):
        theirs.receive(6, timeout_s=DEADLINE_S)
    assert theirs.receive(6, timeout_s=DEADLINE_S) == b"six..."


def test_closed_connection_is_told_from_silence(ends: tuple[Connection, Connection]) -> None:
    ours, theirs = ends
    ours.close()
    ours.close()
    with pytest.raises(NeighbourAwayError, match="closed"):
        theirs.receive(1, timeout_s=DEADLINE_S)


def test_neighbour_that_died_with_a_message_unread_is_away(
    ends: tuple[Connection, Connection],
) -> None:
    ours, theirs = ends
    theirs.send(b"unread")
    ours.close()
    with pytest.raises(NeighbourAwayError, match="broke while receiving"):
        theirs.receive(1, timeout_s=DEADLINE_S)


def test_sending_to_a_neighbour_that_has_gone_is_noticed(
    ends: tuple[Connection, Connection],
) -> None:
    ours, theirs = ends
    theirs.close()
    with pytest.raises(NeighbourAwayError, match="takes no message"):
        ours.send(b"reading")


def test_neighbour_that_takes_nothing_does_not_block_for_ever(
    ends: tuple[Connection, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seqpacket, "SEND_TIMEOUT_S", SOON_S)
    ours, _ = ends
    with pytest.raises(NeighbourAwayError, match="timed out"):
        send_without_end(ours)


def test_idle_connection_is_quiet(ends: tuple[Connection, Connection]) -> None:
    ends[0].require_quiet()


def test_idle_neighbour_that_went_away_is_noticed(ends: tuple[Connection, Connection]) -> None:
    ours, theirs = ends
    theirs.close()
    with pytest.raises(NeighbourAwayError, match="closed"):
        ours.require_quiet()


def test_idle_neighbour_that_died_with_a_message_unread_is_noticed(
    ends: tuple[Connection, Connection],
) -> None:
    ours, theirs = ends
    ours.send(b"unread")
    theirs.close()
    with pytest.raises(NeighbourAwayError, match="broke while idle"):
        ours.require_quiet()


def test_message_that_nobody_asked_for_is_a_fault(ends: tuple[Connection, Connection]) -> None:
    ours, theirs = ends
    theirs.send(b"A")
    with pytest.raises(HandoffError, match="nobody asked for"):
        ours.require_quiet()


def test_nobody_connects_in_time_is_not_an_error(listener: Listener) -> None:
    assert listener.accept(timeout_s=SOON_S) is None


def test_socket_file_admits_user_and_group_alone(socket_path: Path, listener: Listener) -> None:
    del listener
    assert stat.S_IMODE(socket_path.stat().st_mode) == SOCKET_MODE == 0o660


def test_closed_listener_leaves_no_file_behind(socket_path: Path) -> None:
    listener = Listener(socket_path, allowed_user_id=os.geteuid())
    listener.close()
    listener.close()
    assert not socket_path.exists()


def test_nobody_listens(socket_path: Path) -> None:
    with pytest.raises(NeighbourAwayError, match="nobody answers"):
        connect(socket_path)


def test_file_of_a_killed_process_is_replaced(socket_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as killed:
        killed.bind(str(socket_path))
    with (
        closing(Listener(socket_path, allowed_user_id=os.geteuid())) as listener,
        closing(connect(socket_path)),
        closing(accepted(listener)),
    ):
        assert socket_path.is_socket()


def test_second_listener_does_not_push_out_the_first(socket_path: Path, listener: Listener) -> None:
    with pytest.raises(HandoffError, match="another process listens"):
        Listener(socket_path, allowed_user_id=os.geteuid())
    with closing(accepted(listener)) as probe, pytest.raises(NeighbourAwayError):
        probe.receive(1, timeout_s=DEADLINE_S)
    with closing(connect(socket_path)), closing(accepted(listener)):
        assert socket_path.is_socket()


def test_file_that_is_no_socket_is_left_alone(socket_path: Path) -> None:
    socket_path.write_text("something of somebody else's")
    with pytest.raises(HandoffError, match="no socket"):
        Listener(socket_path, allowed_user_id=os.geteuid())
    assert socket_path.read_text() == "something of somebody else's"


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(HandoffError, match="folder must exist"):
        Listener(tmp_path / "missing" / "readings.sock", allowed_user_id=os.geteuid())


def test_path_that_is_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(HandoffError, match="too long"):
        Listener(tmp_path / ("x" * 120), allowed_user_id=os.geteuid())


def test_own_user_stands_for_an_unnamed_one() -> None:
    assert user_id(None, KEY) == os.geteuid()


def test_named_user_is_looked_up() -> None:
    assert user_id("root", KEY) == 0


def test_unknown_user_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=f"{KEY} is no-such-user, a user that does not"):
        user_id("no-such-user", KEY)
