"""Local sockets that keep message borders, and know which user is at the other end.

``SOCK_SEQPACKET`` is connection-oriented like a stream, so the death of a neighbour is seen at
once, and whole-message like a datagram, so there is no framing to get wrong. What the messages
say is left to ``reading_message.py`` and ``sighting_message.py``.
"""

import os
import pwd
import socket
import stat
import struct
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import HandoffError, NeighbourAwayError, SettingsError

SOCKET_MODE: Final = 0o660
"""Only our user and group may even connect; which user it is, is checked besides."""

CONNECT_TIMEOUT_S: Final = 2.0
"""A neighbour with a full backlog is busy; longer waiting is the back-off's job."""

SEND_TIMEOUT_S: Final = 5.0
"""Stop-and-wait leaves the socket's buffer empty, so a send that blocks means a stuck neighbour."""

_BACKLOG: Final = 1
"""One neighbour, and one more that restarts faster than we notice its death."""

_PEER_CREDENTIALS: Final = struct.Struct("iII")
"""``struct ucred``: process, user, group (unix(7), SO_PEERCRED)."""


class Connection:
    """One end of a connection to a neighbour."""

    def __init__(self, connected_socket: socket.socket) -> None:
        """Take over a connected socket.

        Args:
            connected_socket: ``AF_UNIX``, ``SOCK_SEQPACKET``; owned by this object from now on.
        """
        self._socket = connected_socket

    def receive_into(self, buffer: bytearray, *, timeout_s: float) -> int | None:
        """Wait for a message and write it to the caller's own memory.

        Meant for plate text, which must not be copied to places that nobody can wipe.

        Args:
            buffer: Takes the message; its length is the longest message allowed. What lies
                behind the message is left as it was.
            timeout_s: Longest wait in seconds, above 0.

        Returns:
            Length of the message in bytes, at least 1, or ``None`` if none came in time.

        Raises:
            NeighbourAwayError: The neighbour has closed the connection, or died.
            HandoffError: The message is longer than ``buffer``; the message is lost and the
                connection can still be used.
        """
        self._socket.settimeout(timeout_s)
        try:
            length, _, flags, _ = self._socket.recvmsg_into([buffer])
        except TimeoutError:
            return None
        except OSError as error:
            raise NeighbourAwayError(
                f"the connection broke while receiving ({error.strerror}); it is made again"
            ) from error
        if flags & socket.MSG_TRUNC:
            raise HandoffError(f"a message is longer than the {len(buffer)} bytes allowed")
        if length == 0:
            raise NeighbourAwayError("the neighbour closed the connection; it is made again")
        return length

    def receive(self, maximum_bytes: int, *, timeout_s: float) -> bytes | None:
        """Wait for a message.

        Args:
            maximum_bytes: Longest message allowed.
            timeout_s: Longest wait in seconds, above 0.

        Returns:
            The message, at least one byte, or ``None`` if none came in time.

        Raises:
            NeighbourAwayError: The neighbour has closed the connection, or died.
            HandoffError: The message is longer than allowed; the message is lost and the
                connection can still be used.
        """
        buffer = bytearray(maximum_bytes)
        length = self.receive_into(buffer, timeout_s=timeout_s)
        return None if length is None else bytes(memoryview(buffer)[:length])

    def send(self, message: bytes | bytearray) -> None:
        """Send one message whole.

        Args:
            message: At least one byte: an empty one would look like the end of the connection.

        Raises:
            NeighbourAwayError: The neighbour has gone, or takes nothing.
        """
        self._socket.settimeout(SEND_TIMEOUT_S)
        try:
            self._socket.send(message)
        except OSError as error:
            raise NeighbourAwayError(
                f"the neighbour takes no message ({error.strerror or error}); "
                "the connection is made again"
            ) from error

    def require_quiet(self) -> None:
        """Check that the neighbour is still there and has nothing to say; never waits.

        Raises:
            NeighbourAwayError: The neighbour has closed the connection, or died.
            HandoffError: A message that nobody asked for has come.
        """
        # A time limit would make Python wait for it first, in spite of MSG_DONTWAIT.
        self._socket.settimeout(0)
        try:
            peeked = self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError as error:
            raise NeighbourAwayError(
                f"the connection broke while idle ({error.strerror}); it is made again"
            ) from error
        if peeked:
            raise HandoffError("the neighbour sent a message that nobody asked for")
        raise NeighbourAwayError("the neighbour closed the connection; it is made again")

    def close(self) -> None:
        """Close this end; may be called twice."""
        self._socket.close()


class Listener:
    """The receiving process's side: a socket file that one neighbour at a time connects to."""

    def __init__(
        self, socket_path: Path, *, allowed_user_id: int, key: str = "the settings file"
    ) -> None:
        """Listen at a path, replacing the file that a killed process left there.

        Args:
            socket_path: Where to listen; its folder must exist.
            allowed_user_id: The only user whose processes are accepted.
            key: What says so, for the message: ``publisher.tokeniser_user``.

        Raises:
            HandoffError: Somebody else listens there, a file that is no socket is in the way,
                or the folder does not let us.
        """
        self._path = socket_path
        self._allowed_user_id = allowed_user_id
        self._key = key
        self._socket = _new_socket()
        try:
            _remove_stale_socket(socket_path)
            self._socket.bind(str(socket_path))
            # Before listen(), so that nobody connects under the mode that the umask gave.
            socket_path.chmod(SOCKET_MODE)
            self._socket.listen(_BACKLOG)
        except OSError as error:
            self._socket.close()
            raise HandoffError(
                f"{socket_path}: cannot listen there ({error.strerror or error}); "
                "the folder must exist and belong to this process's user"
            ) from error
        except HandoffError:
            self._socket.close()
            raise

    def accept(self, *, timeout_s: float) -> Connection | None:
        """Wait for the neighbour.

        Args:
            timeout_s: Longest wait in seconds, above 0.

        Returns:
            A connection to a process of the allowed user, or ``None`` if none came in time.

        Raises:
            HandoffError: A process of another user connected; it has been hung up on.
        """
        self._socket.settimeout(timeout_s)
        try:
            peer_socket, _ = self._socket.accept()
        except TimeoutError:
            return None
        credentials = peer_socket.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size
        )
        _, peer_user_id, _ = _PEER_CREDENTIALS.unpack(credentials)
        if peer_user_id != self._allowed_user_id:
            peer_socket.close()
            raise HandoffError(
                f"{self._path}: a process of user {peer_user_id} was refused; "
                f"{self._key} allows only user {self._allowed_user_id}"
            )
        return Connection(peer_socket)

    def close(self) -> None:
        """Stop listening and remove the socket file; may be called twice."""
        self._socket.close()
        self._path.unlink(missing_ok=True)


def connect(socket_path: Path) -> Connection:
    """Connect to the neighbour that listens at a path.

    Args:
        socket_path: Where the neighbour listens.

    Returns:
        The connection. The neighbour may still hang up, if it does not want our user.

    Raises:
        NeighbourAwayError: Nobody listens there, or has no time for us.
    """
    client_socket = _new_socket()
    client_socket.settimeout(CONNECT_TIMEOUT_S)
    try:
        client_socket.connect(str(socket_path))
    except OSError as error:
        client_socket.close()
        raise NeighbourAwayError(
            f"{socket_path}: nobody answers ({error.strerror or error}); "
            "the neighbouring process must run"
        ) from error
    return Connection(client_socket)


def user_id(user_name: str | None, key: str) -> int:
    """Return the number of a user that the settings name.

    Args:
        user_name: Login name; ``None`` stands for the user of this process.
        key: The setting, for the message: ``publisher.tokeniser_user``.

    Returns:
        Numeric user id.

    Raises:
        SettingsError: There is no such user.
    """
    if user_name is None:
        return os.geteuid()
    try:
        return pwd.getpwnam(user_name).pw_uid
    except KeyError as error:
        raise SettingsError(
            f"{key} is {user_name}, a user that does not exist; create it or correct the settings"
        ) from error


def _new_socket() -> socket.socket:
    """Return a socket of the one kind used here."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)


def _remove_stale_socket(socket_path: Path) -> None:
    """Remove a socket file that nobody listens at."""
    try:
        mode = socket_path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise HandoffError(f"{socket_path}: is in the way and no socket; remove it")
    with _new_socket() as probe:
        probe.settimeout(CONNECT_TIMEOUT_S)
        try:
            probe.connect(str(socket_path))
        except ConnectionRefusedError:
            socket_path.unlink()
            return
    raise HandoffError(f"{socket_path}: another process listens there; stop it first")
