"""Where a process answers questions about itself, beside its work and inside its own sandbox.

systemd hands it a socket that already listens (``systemd/edge-lpr-*-diagnosis.socket``): only root
may connect, and the process itself could not have made it. Without systemd it makes one where
``diagnosis_socket`` says so. One asker is served at a time, for a moment; the work never waits.
"""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias

from edge_lpr.core.check_words import ProcessName
from edge_lpr.core.errors import EdgeLprError, HandoffError, NeighbourAwayError
from edge_lpr.core.log import Log
from edge_lpr.core.watchdog import HANG_LIMIT_S, Heart
from edge_lpr.handoff.diagnosis_message import (
    MAXIMUM_ANSWER_BYTES,
    QUESTION_BYTES,
    Answer,
    Question,
    pack_question,
    parse_answer,
    parse_question,
)
from edge_lpr.handoff.seqpacket import Connection, connect

DESCRIPTOR_NAME: Final = "diagnosis"
"""``FileDescriptorName=`` of the socket units."""

SOCKET_FOLDER: Final = Path("/run/edge-lpr/diagnosis")
"""Where the socket units listen: ``NAME.sock``, for root alone."""

ANSWER_TIMEOUT_S: Final = 20.0
"""Longest wait for an answer: a self-test on a slow board that is busy."""

_FIRST_DESCRIPTOR: Final = 3
"""sd_listen_fds(3)."""

_PATIENCE_S: Final = 2.0
"""So long may an asker take for his question, or to take the answer."""

_LONGEST_ANSWER_S: Final = 60.0
"""A thread that answers for longer hangs: a slow board takes seconds for its self-test."""

_LOOK_AROUND_S: Final = 0.5

_SPACING_S: Final = 0.1
"""Between two questions: whoever asks without a pause must not slow the work down."""

_MODE: Final = 0o600

Answerer: TypeAlias = Callable[[Question], bytes | None]
"""Returns the answer's bytes, or ``None`` where it does not answer that; for the desk's thread."""


def inherited_socket() -> socket.socket | None:
    """Return the listening socket that the service manager has handed to this process, if it has.

    Programs that this process starts do not get it, and a second call finds none.

    Source:
        sd_listen_fds(3).
    """
    own = os.environ.pop("LISTEN_PID", "") == str(os.getpid())
    number = os.environ.pop("LISTEN_FDS", "")
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    os.environ.pop("LISTEN_PIDFDID", None)
    if not own or not number.isdecimal():
        return None
    found = None
    for place, name in enumerate(names[: int(number)]):
        os.set_inheritable(_FIRST_DESCRIPTOR + place, False)  # noqa: FBT003 - the name says it
        if name == DESCRIPTOR_NAME and found is None:
            found = socket.socket(fileno=_FIRST_DESCRIPTOR + place)
    return found


def listening_socket(path: Path) -> socket.socket:
    """Listen at a path, for this process's own user; for demos and tests.

    Args:
        path: Replaced if it is there; its folder must exist.

    Raises:
        HandoffError: The folder does not let us.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    try:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        # Before listen(), so that nobody connects under the mode that the umask gave.
        path.chmod(_MODE)
        listening.listen(1)
    except OSError as error:
        listening.close()
        raise HandoffError(
            f"{path}: cannot listen there ({error.strerror or error}); "
            "diagnosis_socket must lie in a folder of this process's user"
        ) from error
    return listening


class DiagnosisDesk:
    """Answer one asker after the other, in a thread of its own."""

    def __init__(
        self, listening: socket.socket, answerer: Answerer, log: Log, heart: Heart | None = None
    ) -> None:
        """Take over a listening socket.

        Args:
            listening: ``SOCK_SEQPACKET``; closed by this object.
            answerer: Answers; called in the desk's thread.
            log: Hears of answers that could not be made.
            heart: Of the desk's thread. The service manager's socket takes questions whether
                anybody answers or not, so a thread that has died must end the process; ``None``
                to watch nothing.
        """
        self._listening = listening
        self._answerer = answerer
        self._log = log
        self._heart = heart
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="diagnosis", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more; may be called twice. The socket's file is its maker's."""
        self._stopped.set()
        self._thread.join(2 * _LOOK_AROUND_S)

    def _work(self) -> None:
        """Serve until closed."""
        with closing(self._listening):
            while not self._stopped.is_set():
                self._beat()
                try:
                    self._listening.settimeout(_LOOK_AROUND_S)
                    peer, _ = self._listening.accept()
                except TimeoutError:
                    continue
                except OSError as error:
                    # Not ours to mend; the work goes on without.
                    self._log.warning("diagnosis_ends", detail=error.strerror or "no socket")
                    break
                self._beat(next_within_s=_LONGEST_ANSWER_S)
                try:
                    with closing(Connection(peer)) as connection:
                        self._serve(connection)
                finally:
                    # What nobody foresaw ends this thread, and soon the process.
                    self._beat()
                self._stopped.wait(_SPACING_S)
            if self._heart is not None:
                self._heart.rest()

    def _beat(self, *, next_within_s: float = HANG_LIMIT_S) -> None:
        """Give a sign of life."""
        if self._heart is not None:
            self._heart.beat(next_within_s=next_within_s)

    def _serve(self, connection: Connection) -> None:
        """Answer one question; who says nothing, or nonsense, is hung up on."""
        try:
            untrusted_message = connection.receive(QUESTION_BYTES, timeout_s=_PATIENCE_S)
            if untrusted_message is not None:
                answer = self._answerer(parse_question(untrusted_message))
                if answer is not None:
                    connection.send(answer)
        except NeighbourAwayError:
            pass
        except EdgeLprError as error:
            self._log.failure(error)


def open_desk(
    path: Path | None, answerer: Answerer, log: Log, heart: Heart | None = None
) -> DiagnosisDesk | None:
    """Return the desk of this process, started, if it has a socket to answer at.

    Args:
        path: Where to listen if the service manager has handed nothing over; ``None`` for nowhere.
        answerer: Answers, in the desk's thread.
        log: Log of the process.
        heart: Of the desk's thread; ``None`` to watch nothing.

    Raises:
        HandoffError: It cannot listen at the path.
    """
    listening = inherited_socket()
    if listening is None and path is not None:
        listening = listening_socket(path)
    if listening is None:
        return None
    desk = DiagnosisDesk(listening, answerer, log, heart)
    desk.start()
    return desk


def ask(path: Path, process: ProcessName, question: Question) -> Answer:
    """Put a question to a process.

    Args:
        path: Where it listens.
        process: Which it is.
        question: What to ask.

    Returns:
        The answer, checked; the body of an aim frame is still to be.

    Raises:
        NeighbourAwayError: Nobody listens there, or hung up.
        HandoffError: It took too long, or the answer is not as it must be.
    """
    with closing(connect(path)) as connection:
        connection.send(pack_question(question))
        untrusted_message = connection.receive(MAXIMUM_ANSWER_BYTES, timeout_s=ANSWER_TIMEOUT_S)
    if untrusted_message is None:
        raise HandoffError(f"{path}: no answer within {ANSWER_TIMEOUT_S:.0f} s")
    return parse_answer(untrusted_message, process, question.kind)
