"""A process answers at a real socket: its own, or one that a service manager has handed to it."""

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError, NeighbourAwayError
from edge_lpr.core.log import Log
from edge_lpr.core.watchdog import HANG_LIMIT_S, Heart
from edge_lpr.handoff.diagnosis_desk import (
    DiagnosisDesk,
    ask,
    inherited_socket,
    listening_socket,
    open_desk,
)
from edge_lpr.handoff.diagnosis_message import (
    AIM,
    CHECKS,
    Question,
    bounded_check,
    pack_body,
    pack_checks,
)
from edge_lpr.handoff.seqpacket import connect
from tests.support.clock import SetClock
from tests.support.waiting import wait_until

DARK = bounded_check("camera_dark", "bad", black_frames=4)


def answer(question: Question) -> bytes | None:
    if question.kind == CHECKS:
        return pack_checks("vision", [DARK])
    return pack_body("vision", AIM, question.parameters)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vision.sock"


@pytest.fixture
def desk(path: Path) -> Iterator[DiagnosisDesk]:
    desk = open_desk(path, answer, Log("vision"))
    assert desk is not None
    yield desk
    desk.close()


@pytest.mark.usefixtures("desk")
def test_one_asker_after_the_other_is_answered(path: Path) -> None:
    assert ask(path, "vision", Question(CHECKS)).checks == (DARK,)
    question = Question(AIM, bytes(range(56)))
    assert ask(path, "vision", question).body == bytes(range(56))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("desk")
def test_asker_who_comes_late_is_answered(path: Path) -> None:
    time.sleep(1.0)  # Longer than the desk waits before it looks whether it is closed.
    assert ask(path, "vision", Question(CHECKS)).checks == (DARK,)


@pytest.mark.usefixtures("desk")
def test_asker_who_says_nothing_or_nonsense_is_hung_up_on(path: Path) -> None:
    with closing(connect(path)) as silent, pytest.raises(NeighbourAwayError):
        silent.receive(10, timeout_s=10)
    with closing(connect(path)) as confused:
        confused.send(bytes(64))
        with pytest.raises(NeighbourAwayError):
            confused.receive(10, timeout_s=10)
    assert ask(path, "vision", Question(CHECKS)).checks == (DARK,)


@pytest.mark.usefixtures("desk")
def test_asker_who_goes_without_a_word_disturbs_nobody(path: Path) -> None:
    connect(path).close()
    assert ask(path, "vision", Question(CHECKS)).checks == (DARK,)


def test_kind_that_nobody_answers_is_hung_up_on(path: Path) -> None:
    desk = DiagnosisDesk(listening_socket(path), lambda _: None, Log("vision"))
    desk.start()
    try:
        with pytest.raises(NeighbourAwayError):
            ask(path, "vision", Question(AIM))
    finally:
        desk.close()
        desk.close()
    with pytest.raises(NeighbourAwayError, match="nobody answers"):
        ask(path, "vision", Question(CHECKS))


def test_answer_that_cannot_be_made_is_in_the_log_and_the_next_one_comes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failures = iter([True, False])

    def at_first_fails(question: Question) -> bytes | None:
        if next(failures):
            raise HandoffError("a number is out of range")
        return answer(question)

    desk = open_desk(path, at_first_fails, Log("vision"))
    assert desk is not None
    try:
        with pytest.raises(NeighbourAwayError):
            ask(path, "vision", Question(CHECKS))
        assert ask(path, "vision", Question(CHECKS)).checks == (DARK,)
    finally:
        desk.close()
    del capsys


def test_answer_that_does_not_come_is_not_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.handoff.diagnosis_desk.ANSWER_TIMEOUT_S", 0.2)
    leave = threading.Event()

    def slow(_: Question) -> bytes | None:
        leave.wait(10)
        return None

    desk = open_desk(path, slow, Log("vision"))
    assert desk is not None
    try:
        with pytest.raises(HandoffError, match="no answer within"):
            ask(path, "vision", Question(CHECKS))
    finally:
        leave.set()
        desk.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_that_ends_by_what_nobody_foresaw_is_missed_by_the_watchdog(path: Path) -> None:
    """The service manager's socket would take questions that nobody answers, for good."""
    clock = SetClock()
    heart = Heart("diagnosis", clock)

    def surprises(_: Question) -> bytes | None:
        raise KeyError("a number that is not there")

    desk = open_desk(path, surprises, Log("vision"), heart)
    assert desk is not None
    wait_until(lambda: heart._beat_ns is not None)
    with pytest.raises(NeighbourAwayError):
        ask(path, "vision", Question(CHECKS))
    wait_until(lambda: not desk._thread.is_alive())
    assert not heart.is_hanging()
    clock.advance_s(HANG_LIMIT_S + 1)
    assert heart.is_hanging()


def test_desk_that_is_closed_is_not_missed(path: Path) -> None:
    clock = SetClock()
    heart = Heart("diagnosis", clock)
    desk = open_desk(path, answer, Log("vision"), heart)
    assert desk is not None
    ask(path, "vision", Question(CHECKS))
    desk.close()
    clock.advance_s(3600)
    assert not heart.is_hanging()


def test_nobody_is_answered_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTEN_PID", raising=False)
    assert open_desk(None, answer, Log("vision")) is None


def test_folder_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HandoffError, match="diagnosis_socket must lie"):
        listening_socket(tmp_path / "nowhere" / "vision.sock")


def test_desk_whose_socket_breaks_ends_and_says_so(path: Path) -> None:
    listening = listening_socket(path)
    desk = DiagnosisDesk(listening, answer, Log("vision"))
    listening.close()
    desk.start()
    wait_until(lambda: not desk._thread.is_alive())


@pytest.mark.parametrize(
    "words",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"LISTEN_PID": "1", "LISTEN_FDS": "1"}, id="another process's"),
        pytest.param({"LISTEN_FDS": "one"}, id="no number"),
    ],
)
def test_what_is_not_handed_to_this_process_is_not_taken(
    words: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.delenv("LISTEN_FDS", raising=False)
    for name, word in words.items():
        monkeypatch.setenv(name, word)
    assert inherited_socket() is None
    assert "LISTEN_PID" not in os.environ


PROGRAM = """
import os, subprocess, sys
os.environ["LISTEN_PID"] = str(os.getpid())
from edge_lpr.handoff.diagnosis_desk import inherited_socket
found = inherited_socket()
print(os.path.basename(found.getsockname()), inherited_socket(), os.get_inheritable(found.fileno()))
"""


def test_socket_of_the_service_manager_is_found_by_its_name_and_stays_in_the_process(
    path: Path,
) -> None:
    """As systemd hands it over: descriptors from 3 on, and their names in the environment."""
    with closing(listening_socket(path)) as listening:

        def hand_over() -> None:
            os.dup2(listening.fileno(), 4)
            os.dup2(0, 3)
            os.set_inheritable(3, True)  # noqa: FBT003 - the name says it

        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=dict(os.environ) | {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "stored:diagnosis"},
            pass_fds=[3, 4],
            preexec_fn=hand_over,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == ["vision.sock", "None", "False"]
