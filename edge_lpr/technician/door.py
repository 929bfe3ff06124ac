"""The narrow door: as root, does the one word that a technician asks for, and records it before.

systemd starts it for each request, with the connection as descriptor 3. What the other side sends
is believed of nobody but sshd's own process, and of that only after a check:

1. The peer is the user ``technician``.
2. One message, bounded, with three descriptors: the streams that sshd has for that login.
3. The certificate is one of the agency's for this booth, so names cannot be made up.
4. The command is one of the words, byte for byte.
5. The record is on the disk, and it is not one call too many for this certificate today.
6. The word's own commands run, with a fixed environment, for a bounded time.
7. What became of it is recorded, and the exit status goes back.
"""

import contextlib
import json
import os
import pwd
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.audit.log import AuditLog
from edge_lpr.certificates.technician_certificate import (
    LOGIN_USER,
    Technician,
    read_technician_certificate,
)
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuditError, HandoffError, InputRefusedError
from edge_lpr.core.log import Log
from edge_lpr.technician.login_files import CA_FILE_NAME, PRINCIPALS_FILE_NAME
from edge_lpr.technician.words import Word, help_text, word_of

REFUSED: Final = 2
"""Exit status for what is no word, or none of this version, or too many of a day."""

NOT_RECORDED: Final = 1
"""Exit status where the record cannot be written, so that nothing was done."""

TIMED_OUT: Final = 124
"""Exit status of what took too long, as of timeout(1)."""

MAXIMUM_CALLS_A_DAY: Final = 100
"""Of one certificate, UTC. It is good for 72 hours at most, on four days, and what it can have
written then is less than what the record keeps behind each line: nobody pushes his deeds out."""

_MAXIMUM_REQUEST_BYTES: Final = 8192
_MAXIMUM_FILE_BYTES: Final = 4096
_PATIENCE_S: Final = 10.0
_STREAMS: Final = 3
_CREDENTIALS: Final = struct.Struct("3i")
_ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Request:
    """What came through the door. All of it is the other side's word until it is checked."""

    untrusted_command: str
    """What was typed."""
    untrusted_address: str
    """Whence, as sshd says."""
    untrusted_certificate: str
    """What sshd let in."""
    streams: tuple[int, int, int]
    """Standard input, output and error; ours to close."""


class Door:
    """Serves one request."""

    def __init__(self, login_folder: Path, record: AuditLog, clock: Clock, log: Log) -> None:
        """Prepare; nothing is read yet.

        Args:
            login_folder: What ``login_files`` has rendered.
            record: The audit log.
            clock: Tells how sure the time is.
            log: Of this process.
        """
        self._login_folder = login_folder
        self._record = record
        self._clock = clock
        self._log = log

    def serve(self, connection: socket.socket) -> None:
        """Do what the message on a connection asks for, and answer with an exit status.

        Args:
            connection: Sequenced packets; stays open.

        Raises:
            HandoffError: The peer is not sshd's, or what it sends is no request.
        """
        require_technician(connection)  # 1
        request = receive(connection)  # 2
        try:
            status = self._answer(request)
        finally:
            for stream in request.streams:
                os.close(stream)
        # Nobody may be there any more; what was done is in the record.
        with contextlib.suppress(OSError):
            connection.send(str(status).encode("ascii"))

    def _answer(self, request: Request) -> int:
        """Judge, record, run, record; return the exit status."""
        technician = self._technician(request)  # 3
        word = word_of(request.untrusted_command)  # 4
        name = "refused" if word is None or technician is None else word.name
        who: dict[str, str | int] = {
            "person": technician.name if technician else "unknown",
            "serial": technician.serial if technician else 0,
            "address": request.untrusted_address,
            "word": name,
        }
        if name == "refused":
            # What somebody tries is worth knowing; the record takes no control characters.
            who["command"] = request.untrusted_command
        try:
            line = self._record.append_at_most(
                MAXIMUM_CALLS_A_DAY, "serial", "asked", **who, clock=self._clock.quality().value
            )  # 5
        except AuditError as error:
            self._log.failure(error)
            _say(request, f"this booth cannot record what is done, so nothing is done: {error}")
            return NOT_RECORDED
        if line is None:
            _say(
                request,
                f"this certificate has asked {MAXIMUM_CALLS_A_DAY} times today, which is all it "
                "may; go on after 00:00 UTC, or with another one from the key custodian",
            )
            return REFUSED
        began_ns = time.monotonic_ns()
        status = self._do(request, technician, word)  # 6
        duration_ms = (time.monotonic_ns() - began_ns) // 1_000_000
        self._note_end(line.number, status, duration_ms)  # 7
        who.pop("command", None)
        self._log.info("technician_asked", **who, seq=line.number, duration_ms=duration_ms)
        return status

    def _technician(self, request: Request) -> Technician | None:
        """Return who asks, or ``None`` if the certificate is none for this booth."""
        try:
            ca = _read(self._login_folder / CA_FILE_NAME).strip()
            principals = frozenset(_read(self._login_folder / PRINCIPALS_FILE_NAME).split())
            return read_technician_certificate(request.untrusted_certificate, ca, principals)
        except (InputRefusedError, HandoffError) as error:
            self._log.failure(error)
            return None

    def _do(self, request: Request, technician: Technician | None, word: Word | None) -> int:
        """Run a word's commands; return the exit status."""
        if technician is None:
            _say(request, "this certificate is none for this booth")
            return REFUSED
        if word is None:
            _say(request, f"that is none of the words a technician has\n\n{help_text()}")
            return REFUSED
        if word.name == "help":
            _say(request, help_text(), stream=1)
            return 0
        if not word.commands:
            _say(request, f"{word.name}: this version of edge-lpr does not have it yet")
            return REFUSED
        ends_ns = time.monotonic_ns() + word.limit_s * 1_000_000_000
        first_failure = 0
        for command in word.commands:
            left_s = (ends_ns - time.monotonic_ns()) / 1e9
            status = run(command, request, takes_input=word.takes_input, limit_s=left_s)
            first_failure = first_failure or status
        return first_failure

    def _note_end(self, number: int, status: int, duration_ms: int) -> None:
        """Record what became of a command; that it was asked for is on the disk already."""
        try:
            self._record.append("ended", asked=number, status=status, duration_ms=duration_ms)
        except AuditError as error:
            self._log.failure(error)


def require_technician(connection: socket.socket) -> None:
    """Refuse a peer that is another user than the one sshd lets people in as.

    Raises:
        HandoffError: It is another one.
    """
    octets = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user_id, _ = _CREDENTIALS.unpack(octets)
    try:
        expected = pwd.getpwnam(LOGIN_USER).pw_uid
    except KeyError as error:
        raise HandoffError(f"there is no user {LOGIN_USER}; see systemd-sysusers") from error
    if user_id != expected:
        raise HandoffError(f"user {user_id} is at the door, and it is for {LOGIN_USER} alone")


def receive(connection: socket.socket) -> Request:
    """Take a request and the streams that come with it.

    Raises:
        HandoffError: It is none; what came with it is closed.
    """
    connection.settimeout(_PATIENCE_S)
    try:
        untrusted, descriptors, flags, _ = socket.recv_fds(
            connection, _MAXIMUM_REQUEST_BYTES, _STREAMS
        )
    except OSError as error:
        raise HandoffError("no request came through the door") from error
    finally:
        connection.settimeout(None)
    is_whole = len(descriptors) == _STREAMS and not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
    texts = _texts(untrusted) if is_whole else None
    if texts is None:
        for descriptor in descriptors:
            os.close(descriptor)
        raise HandoffError("what came through the door is no request")
    first, second, third = descriptors
    return Request(*texts, streams=(first, second, third))


def _texts(untrusted_message: bytes) -> tuple[str, str, str] | None:
    """Return command, address and certificate, or ``None`` if this is no request."""
    try:
        members = json.loads(untrusted_message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict) or members.keys() != {"command", "address", "certificate"}:
        return None
    command, address, certificate = (
        str(members[name]) for name in ("command", "address", "certificate")
    )
    return command, address, certificate


def run(command: Sequence[str], request: Request, *, takes_input: bool, limit_s: float) -> int:
    """Run a command on the technician's streams, and end it when its time is over.

    Args:
        command: Absolute path and fixed words.
        request: Whose streams it gets.
        takes_input: Whether it gets the standard input too.
        limit_s: How long it may take.

    Returns:
        Its exit status; for one that a signal ended, 128 and the signal's number.
    """
    child = subprocess.Popen(  # noqa: S603 (a word's own command, from words.py)
        command,
        stdin=request.streams[0] if takes_input else subprocess.DEVNULL,
        stdout=request.streams[1],
        stderr=request.streams[2],
        env=dict(_ENVIRONMENT),
        cwd="/",
        start_new_session=True,
    )
    try:
        status = child.wait(max(limit_s, 0))
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        _say(request, f"took longer than it may, and was ended: {command[0]}")
        return TIMED_OUT
    return status if status >= 0 else 128 - status


def _say(request: Request, text: str, stream: int = 2) -> None:
    """Tell the technician something, if somebody is still there."""
    with contextlib.suppress(OSError):
        os.write(request.streams[stream], f"{text.rstrip()}\n".encode())


def _read(path: Path) -> str:
    """Return a file that ``edge-lpr configure`` has written."""
    try:
        with path.open(encoding="ascii") as file:
            return file.read(_MAXIMUM_FILE_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise HandoffError(f"{path}: cannot be read; see edge-lpr-configure.service") from error
