"""Runs one session from its code to its end: listens for the page, answers it, watches the time."""

import contextlib
import os
import pwd
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from edge_lpr.aim.keeper import Keeper
from edge_lpr.aim.keeper_link import MAXIMUM_MESSAGE_BYTES, packed, parsed
from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.seqpacket import Connection, Listener

PAGE_USER: Final = "edge-lpr-aim"
"""Whose the page's process is, on a booth."""

KEEPER_SOCKET: Final = Path("/run/edge-lpr-aim/keeper.sock")
"""Where the keeper listens for it."""

_LOOK_AROUND_S: Final = 0.5
_FOLDER_MODE: Final = 0o750


class Page(Protocol):
    """The page's process."""

    def start(self) -> None:
        """Let somebody come."""
        ...

    def stop(self) -> None:
        """Let nobody come any more."""
        ...


def run_session(
    keeper: Keeper, page: Page, listener: Listener, asked_to_stop: Callable[[], bool]
) -> str:
    """Serve the page until the session is over.

    Args:
        keeper: Of this session.
        page: Started here, and stopped.
        listener: Where the page asks.
        asked_to_stop: Tells whether whoever began the session has gone.

    Returns:
        Why it is over: a word.

    Raises:
        InstallationError: The page does not start or stop.
    """

    def reason() -> str | None:
        return "left" if asked_to_stop() else keeper.reason_to_end()

    page.start()
    try:
        while (why := reason()) is None:
            # Whoever is not the page's user was hung up on.
            with contextlib.suppress(HandoffError):
                connection = listener.accept(timeout_s=_LOOK_AROUND_S)
                if connection is not None:
                    with contextlib.closing(connection):
                        _serve(keeper, connection, reason)
        # The last answer still has to reach the browser.
        time.sleep(_LOOK_AROUND_S)
    finally:
        page.stop()
    return why


def _serve(keeper: Keeper, connection: Connection, reason: Callable[[], str | None]) -> None:
    """Answer one page process until it goes, misbehaves, or the session is over."""
    while reason() is None:
        untrusted_message = connection.receive(MAXIMUM_MESSAGE_BYTES, timeout_s=_LOOK_AROUND_S)
        if untrusted_message is not None:
            connection.send(packed(keeper.answer(parsed(untrusted_message))))


def listening(socket_path: Path, page_user: str | None) -> Listener:
    """Listen for the page, in a folder that its user may enter.

    Args:
        socket_path: Where.
        page_user: Whose the page is; ``None`` for this process's own user.

    Raises:
        HandoffError: Somebody else listens there: a session is open already; or there is no user.
    """
    if page_user is None:
        return Listener(socket_path, allowed_user_id=os.geteuid(), key="session.py")
    try:
        entry = pwd.getpwnam(page_user)
    except KeyError as error:
        raise HandoffError(f"there is no user {page_user}; see systemd-sysusers") from error
    try:
        socket_path.parent.mkdir(exist_ok=True)
        os.chown(socket_path.parent, 0, entry.pw_gid)
        socket_path.parent.chmod(_FOLDER_MODE)
        listener = Listener(socket_path, allowed_user_id=entry.pw_uid, key="session.py")
        os.chown(socket_path, 0, entry.pw_gid)
    except OSError as error:
        raise HandoffError(
            f"{socket_path}: cannot be made ({error.strerror}); edge-lpr aim is for root"
        ) from error
    return listener


def gone_watcher(descriptor: int, stopped: Callable[[], bool]) -> Callable[[], bool]:
    """Return what tells whether nobody reads any more what this process says.

    Args:
        descriptor: Standard output: of sshd, whose end closes with the technician's connection.
        stopped: Tells whether a signal has come.
    """
    poll = select.poll()
    # Hang-ups and errors are told unasked.
    poll.register(descriptor, 0)
    return lambda: stopped() or bool(poll.poll(0))


@contextlib.contextmanager
def closing_listener(listener: Listener) -> Iterator[Listener]:
    """Close a listener at the end, and remove its file."""
    try:
        yield listener
    finally:
        listener.close()
